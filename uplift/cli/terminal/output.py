"""How commands print: text for people, one JSON document for machines."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def print_json(document: object) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def print_lines(lines: list[str]) -> None:
    """Write plain lines to standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_table(table: Table) -> None:
    """A table on standard output; where no width is known, as in a pipe, lines may be longer than 80."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table)
