"""The console everything for people goes through: it prints what it is given. Names out of a Redis are no markup, and no emoji."""

from __future__ import annotations

from rich.console import Console


def plain_console(*, stderr: bool = False) -> Console:
    """On standard output, or on standard error."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)
