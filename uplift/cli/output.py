"""How commands print: text for people, one JSON document for machines."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def print_json(document: object) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def print_lines(lines: list[str]) -> None:
    """Write plain lines to standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
