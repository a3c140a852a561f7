"""One line that changes while something runs; where nobody watches, a line when its first words change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.text import Text

from uplift.cli.terminal.plain_console import plain_console


@contextmanager
def live_line() -> Iterator[Callable[[str], None]]:
    """Gives a function that takes the line; it goes to standard error."""
    console = plain_console(stderr=True)
    if console.is_terminal:
        with console.status("") as shown:
            yield lambda line: shown.update(Text(line))
        return
    shown_words: set[str] = set()

    def show(line: str) -> None:
        words = line.split(",")[0]
        if words not in shown_words:
            shown_words.add(words)
            console.print(line, soft_wrap=True)

    yield show
