"""Progress on standard error: a bar with rate, share and time left on a terminal; piped, a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

_SECONDS_BETWEEN_LINES = 5.0

Advance = Callable[[int, int], None]
"""Takes how many are done and how many there are."""


class _Rate(ProgressColumn):
    """Items a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def say(line: str) -> None:
    """One line on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(line)


@contextmanager
def progress(name: str, unit: str = "keys") -> Iterator[Advance]:
    """Show one counted phase; gives the function that takes how far it is."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} " + unit),
            TaskProgressColumn(), _Rate(), TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=console, transient=True) as bars:
            task = bars.add_task(name, total=None)
            yield lambda done, total: bars.update(task, completed=done, total=max(total, done))
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
