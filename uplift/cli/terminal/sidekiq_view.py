"""Shows sides that are watched: tables that change on a terminal, a line every few seconds in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group

from uplift.cli.terminal.output import print_lines
from uplift.cli.terminal.plain_console import plain_console
from uplift.cli.terminal.sidekiq_text import queues_table, sets_table, sides_table, watched_line
from uplift.sidekiq.status.watched_side import Watched

_SECONDS_BETWEEN_LINES = 10.0
Show = Callable[[list[Watched]], None]


@contextmanager
def shown_sides() -> Iterator[Show]:
    """The view for one block; both go to standard output, as they are what was asked for."""
    console = plain_console()
    if not console.is_terminal:
        yield _Lines().show
        return
    # What redraws takes longer to import than a piped command has to do.
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=False) as live:
        yield lambda watched: live.update(_tables(watched), refresh=True)


def _tables(watched: list[Watched]) -> Group:
    sides = [one.status for one in watched]
    return Group(sides_table(sides), "", queues_table(sides, [one.rates for one in watched]), "", sets_table(sides))


class _Lines:
    def __init__(self) -> None:
        self._last: float | None = None

    def show(self, watched: list[Watched]) -> None:
        now = time.monotonic()
        if self._last is None or now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            print_lines([watched_line(watched)])
