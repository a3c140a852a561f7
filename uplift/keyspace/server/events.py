"""What a run tells while it works: one stream of typed events, which a command shows as it likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A line for a person; `is_warning` where something may go wrong."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is, in keys. A phase that begins has a name that was not told right before."""

    phase: str
    done: int
    total: int


Event = Note | Progress
Listener = Callable[[Event], None]
"""Takes what happens, as it happens. May raise: that ends the run as Ctrl-C does."""


def warn(listen: Listener, warnings: tuple[str, ...]) -> None:
    """Tell warnings."""
    for text in warnings:
        listen(Note(text, is_warning=True))
