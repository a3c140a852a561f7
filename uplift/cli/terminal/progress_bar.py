"""Progress on standard error: a bar on a terminal (terminal_bar.py); piped, a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from uplift.cli.terminal.plain_console import plain_console

_SECONDS_BETWEEN_LINES = 5.0

Advance = Callable[[int, int], None]
"""Takes how many are done and how many there are."""


def say(line: str) -> None:
    """One line on standard error."""
    plain_console(stderr=True).print(line, soft_wrap=True)


@contextmanager
def progress(name: str, unit: str = "keys") -> Iterator[Advance]:
    """Show one counted phase; gives the function that takes how far it is."""
    console = plain_console(stderr=True)
    if console.is_terminal:
        # rich's bars take longer to import than many a piped command has to do.
        from uplift.cli.terminal.terminal_bar import bar

        with bar(console, name, unit) as advance:
            yield advance
        return
    yield _Lines(name, unit)


class _Lines:
    """The same for a pipe or a log."""

    def __init__(self, name: str, unit: str) -> None:
        self._name, self._unit = name, unit
        self._began = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        rate = done / (now - self._began)
        left = f", {max(0, total - done) / rate:,.0f} s left" if rate else ""
        share = f" ({100 * done / total:.0f} %)" if total else ""
        say(f"{self._name}: {done:,} of {total:,} {self._unit}{share}, {rate:,.0f}/s{left}")
