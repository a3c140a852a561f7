"""A table without lines, as every command prints them."""

from __future__ import annotations

from rich.table import Table


def plain_table(first: str, *others: str) -> Table:
    """Headed columns: the first left, the others right."""
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
