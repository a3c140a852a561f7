"""What a run tells while it works: one line each, with a kind for machines."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum


class EventKind(StrEnum):
    """What happened. NOTE and WARNING are for a person; all others say that the run changed its state."""

    NOTE = "note"
    WARNING = "warning"
    PHASE = "phase"
    COPIED = "copied"
    GAP = "gap"
    IN_SYNC = "in sync"
    NOT_IN_SYNC = "not in sync"
    TWO_WAY = "two-way"
    FOREIGN_WRITER = "foreign writer"
    NAMED = "named"
    TOOK_OVER = "took over"
    FENCED = "fenced"
    ASKED = "asked"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class RunEvent:
    """`at`: seconds since 1970."""

    kind: EventKind
    text: str
    at: float = field(default_factory=time.time)


class EventLog:
    """Events until they are taken, in their order."""

    def __init__(self) -> None:
        self._events: list[RunEvent] = []

    def tell(self, kind: EventKind, text: str) -> None:
        """Something happened."""
        self._events.append(RunEvent(kind, text))

    def take(self) -> tuple[RunEvent, ...]:
        """Everything since the last time."""
        events, self._events = tuple(self._events), []
        return events
