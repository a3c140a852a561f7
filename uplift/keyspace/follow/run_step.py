"""What a step of a run comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.run_events import RunEvent


class Outcome(Enum):
    """How a run ended by itself."""

    STOPPED = "stopped"
    HANDED_OVER = "handed over"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class RunStep:
    """What one step came to. `outcome`: the run is over; `is_in_sync` as in Watch."""

    events: tuple[RunEvent, ...]
    phase: Phase
    is_in_sync: bool
    outcome: Outcome | None
