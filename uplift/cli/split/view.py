"""Shows an engine while it runs: a line that changes on a terminal, plain lines in a pipe, JSON lines for machines."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console
from rich.text import Text

from uplift.cli.terminal.output import print_lines
from uplift.cli.terminal.split_text import engine_line, event_line
from uplift.cli.terminal.which_view import Updates, which_view
from uplift.split.run.split_events import SplitEvent
from uplift.split.run.told_of_engine import EngineTold
from uplift.split.status.split_status import status_as_json

_SECONDS_BETWEEN_LINES = 10.0


class SplitView(Protocol):
    """Takes what happens, and about once a second how it stands."""

    def event(self, event: SplitEvent) -> None:
        """Something happened."""

    def status(self, told: EngineTold) -> None:
        """How it stands now."""


def shown_split(*, as_json: bool) -> AbstractContextManager[SplitView]:
    """The view for one block."""
    return which_view(_JsonLines(), _Live, _PlainLines, as_json=as_json)


class _JsonLines:
    def event(self, event: SplitEvent) -> None:
        print_lines([json.dumps(event.document())])

    def status(self, told: EngineTold) -> None:
        if told.status is not None:
            print_lines([status_as_json(told.status)])


class _Live:
    def __init__(self, console: Console, update: Updates) -> None:
        self._console, self._update = console, update

    def event(self, event: SplitEvent) -> None:
        self._console.print(event_line(event), soft_wrap=True)

    def status(self, told: EngineTold) -> None:
        self._update(Text(engine_line(told)))


class _PlainLines:
    def __init__(self, console: Console) -> None:
        self._console, self._last = console, time.monotonic()

    def event(self, event: SplitEvent) -> None:
        self._console.print(event_line(event), soft_wrap=True)

    def status(self, told: EngineTold) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            self._console.print(engine_line(told), soft_wrap=True)
