"""Whole key names go to one file only its owner can read, and nowhere else: they hold session tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from uplift.report.whole_file import whole_file


@contextmanager
def names_file(path: Path | None) -> Iterator[Callable[[bytes], None]]:
    """Gives a function that writes a name as a line, bytes that are no text escaped; without a path it does nothing.

    Raises what whole_file raises.
    """
    if path is None:
        yield lambda _key: None
        return
    with whole_file(path, "--names", private=True) as file:

        def write(key: bytes) -> None:
            file.write(key.decode("latin-1").encode("unicode_escape").decode("ascii") + "\n")

        yield write
