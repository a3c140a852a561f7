"""How commands print: text for people, one JSON document for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from uplift.cli.terminal.plain_console import plain_console
from uplift.errors import NotWritten

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

AsJsonLines = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, one document a line, whenever there is news.")]


def print_json(document: object) -> None:
    """Write one JSON document to standard output. Raises NotWritten."""
    with _to_standard_output():
        sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
        sys.stdout.flush()


def print_lines(lines: list[str]) -> None:
    """Write plain lines to standard output. Raises NotWritten."""
    with _to_standard_output():
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()


def print_table(table: Table) -> None:
    """A table on standard output; where no width is known, as in a pipe, lines may be longer than 80. Raises NotWritten."""
    console = plain_console()
    if not console.is_terminal:
        console.width = 160
    with _to_standard_output():
        console.print(table)


@contextmanager
def _to_standard_output() -> Iterator[None]:
    """A full disk is one line; a reader that has seen enough (`| head -1`) ends the command as it ends every other."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise NotWritten(f"standard output: {problem.strerror}: the result was not written") from None
