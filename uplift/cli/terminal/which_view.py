"""Which way something that runs for long is shown: as JSON lines, on a line that changes, or in plain lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.text import Text

from uplift.cli.terminal.plain_console import plain_console

_View = TypeVar("_View")


class Updates(Protocol):
    """Takes the line that changes."""

    def __call__(self, status: Text) -> None:
        """Show it in place of the one before."""


@contextmanager
def which_view(
    json_lines: _View, live: Callable[[Console, Updates], _View], plain_lines: Callable[[Console], _View], *, as_json: bool
) -> Iterator[_View]:
    """The view for one block: `live` on a terminal, `plain_lines` in a pipe, both on standard error."""
    console = plain_console(stderr=True)
    if as_json:
        yield json_lines
    elif console.is_terminal:
        with console.status("") as shown:
            yield live(console, shown.update)
    else:
        yield plain_lines(console)
