"""What a person sees while the rehearsal runs: phases with their time, bars with rate and time left; plain lines when piped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """One finished phase; `began_at` in seconds since 1970."""

    name: str
    seconds: float
    began_at: float = 0.0


class _Rate(ProgressColumn):
    """Items a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def _console() -> Console:
    """Standard error; where no width is known, as in a pipe, lines may be longer than 80."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        console.width = 120
    return console


@dataclass
class ProgressDisplay:
    """Prints on stderr, so that --json alone is on stdout."""

    console: Console = field(default_factory=_console)
    phases: list[PhaseTime] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A phase without a count: its time runs on a terminal and is printed at the end."""
        with self._timed(name):
            if not self.console.is_terminal:
                yield
                return
            with self._bars(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as bars:
                bars.add_task(name, total=None)
                yield

    @contextmanager
    def counted(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """A phase with a count: gives a function that takes how many are done and how many there are."""
        with self._timed(name):
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), _Rate(), TimeRemainingColumn())
            with self._bars(*columns) as bars:
                task = bars.add_task(name, total=None)
                yield lambda done, total: bars.update(task, completed=done, total=total)

    @contextmanager
    def live(self, name: str) -> Iterator[Callable[[str], None]]:
        """A phase with a changing line: gives a function that takes the line. Piped, a line is printed when it changes."""
        with self._timed(name):
            if self.console.is_terminal:
                with self._bars(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as bars:
                    task = bars.add_task(name, total=None)
                    yield lambda line: bars.update(task, description=f"{name}: {line}")
                return
            yield _Changes(self.console)

    def say(self, line: str) -> None:
        """One line."""
        self.console.print(line, soft_wrap=True)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began, began_at = time.monotonic(), time.time()
        yield
        seconds = time.monotonic() - began
        self.phases.append(PhaseTime(name, round(seconds, 2), began_at))
        self.say(f"  {name:<42} {seconds:6.1f} s")

    def _bars(self, *columns: ProgressColumn) -> Progress:
        return Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)


class _Changes:
    """Prints the first part of a line the first time it comes: enough for a log, where states that alternate would fill pages."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[str] = set()

    def __call__(self, line: str) -> None:
        word = line.split(",")[0]
        if word not in self._told:
            self._told.add(word)
            self._console.print(f"    {word}", soft_wrap=True)
