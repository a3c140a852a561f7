"""One line that changes while something runs; where nobody watches, a line when its first words change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def live_line() -> Iterator[Callable[[str], None]]:
    """Gives a function that takes the line; it goes to standard error."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with console.status("") as shown:
            yield shown.update
        return
    shown_words: set[str] = set()

    def show(line: str) -> None:
        words = line.split(",")[0]
        if words not in shown_words:
            shown_words.add(words)
            console.print(line, soft_wrap=True)

    yield show
