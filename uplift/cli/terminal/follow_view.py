"""Shows a follow while it runs: a line that changes on a terminal, plain lines in a pipe, JSON lines for machines."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console
from rich.text import Text

from uplift.cli.terminal.follow_text import status_line
from uplift.cli.terminal.output import print_lines
from uplift.cli.terminal.which_view import Updates, which_view
from uplift.keyspace.follow.run_events import EventKind, RunEvent
from uplift.keyspace.follow.status import Status, status_as_json

EVENT_SCHEMA = "uplift.follow.event/1"
_SECONDS_BETWEEN_LINES = 10.0


class FollowView(Protocol):
    """Takes what happens, and about once a second how it stands."""

    def event(self, event: RunEvent) -> None:
        """Something happened."""

    def status(self, status: Status) -> None:
        """How it stands now."""


def shown_follow(*, as_json: bool) -> AbstractContextManager[FollowView]:
    """The view for one block."""
    return which_view(_JsonLines(), _Live, _PlainLines, as_json=as_json)


def event_line(event: RunEvent) -> str:
    """One line for a person."""
    match event.kind:
        case EventKind.NOTE | EventKind.COPIED:
            return event.text
        case _:
            return f"{event.kind.value}: {event.text}"


class _JsonLines:
    def event(self, event: RunEvent) -> None:
        print_lines([json.dumps({"schema": EVENT_SCHEMA, "event": event.kind.value, "text": event.text, "at": event.at})])

    def status(self, status: Status) -> None:
        print_lines([status_as_json(status)])


class _Live:
    def __init__(self, console: Console, update: Updates) -> None:
        self._console, self._update = console, update

    def event(self, event: RunEvent) -> None:
        self._console.print(event_line(event), soft_wrap=True)

    def status(self, status: Status) -> None:
        self._update(Text(status_line(status)))


class _PlainLines:
    def __init__(self, console: Console) -> None:
        self._console, self._last = console, time.monotonic()

    def event(self, event: RunEvent) -> None:
        self._console.print(event_line(event), soft_wrap=True)

    def status(self, status: Status) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            self._console.print(status_line(status), soft_wrap=True)
