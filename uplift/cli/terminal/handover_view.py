"""Shows a handover while it runs: a line that changes on a terminal, plain lines in a pipe, JSON lines for machines."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console
from rich.text import Text

from uplift.cli.handover.status import HandoverPhase, HandoverStatus, status_as_json
from uplift.cli.terminal.gate_text import notice_lines, step_document, step_lines
from uplift.cli.terminal.handover_text import status_line
from uplift.cli.terminal.output import print_lines
from uplift.cli.terminal.which_view import Updates, which_view
from uplift.sidekiq.gate.gate import GateStep

_SECONDS_BETWEEN_LINES = 10.0


class HandoverView(Protocol):
    """Takes about once a second how it stands."""

    def status(self, status: HandoverStatus) -> None:
        """How it stands now."""

    def cron(self, step: GateStep, has_notices: bool) -> None:
        """The gate went on, with or without something new to be done by hand."""


def shown_handover(*, as_json: bool) -> AbstractContextManager[HandoverView]:
    """The view for one block."""
    return which_view(_JsonLines(), _Live, _PlainLines, as_json=as_json)


def _cron_lines(step: GateStep, has_notices: bool) -> list[str]:
    return [f"cron: {line}" for line in [*step_lines(step), *(notice_lines(step) if has_notices else [])]]


class _JsonLines:
    def status(self, status: HandoverStatus) -> None:
        print_lines([status_as_json(status)])

    def cron(self, step: GateStep, has_notices: bool) -> None:
        print_lines([step_document(step, time.time())])


class _Live:
    def __init__(self, console: Console, update: Updates) -> None:
        self._console, self._update = console, update

    def cron(self, step: GateStep, has_notices: bool) -> None:
        for line in _cron_lines(step, has_notices):
            self._console.print(line, soft_wrap=True)

    def status(self, status: HandoverStatus) -> None:
        self._update(Text(status_line(status)))


class _PlainLines:
    """A line when the phase changes, and one every ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console, self._last = console, 0.0
        self._phase: HandoverPhase | None = None

    def cron(self, step: GateStep, has_notices: bool) -> None:
        for line in _cron_lines(step, has_notices):
            self._console.print(line, soft_wrap=True)

    def status(self, status: HandoverStatus) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_LINES or status.phase is not self._phase:
            self._last, self._phase = now, status.phase
            self._console.print(status_line(status), soft_wrap=True)
