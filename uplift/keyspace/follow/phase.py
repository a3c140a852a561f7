"""In which phase a follow is, in one word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a run does now. DEGRADED: it cannot do its work, and says why; ENDED: it does nothing any more."""

    SUBSCRIBING = "subscribing"
    COPYING = "copying"
    APPLYING = "applying"
    PASSING = "passing"
    IN_SYNC = "in sync"
    PAUSED = "paused"
    STANDING_BY = "standing by"
    HANDING_OVER = "handing over"
    DEGRADED = "degraded"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Work:
    """What an engine that was started and has copied does. `problem`: why it has done nothing for a while; `is_behind`: keys have waited
    for long.
    """

    stands_by: bool
    is_handing_over: bool
    is_paused: bool
    problem: str | None
    is_in_sync: bool
    is_behind: bool


def phase_of(work: Work) -> Phase:
    """The phase of a run that follows, the one that a person must know first."""
    if work.problem is not None:
        return Phase.DEGRADED
    if work.stands_by:
        return Phase.STANDING_BY
    if work.is_handing_over:
        return Phase.HANDING_OVER
    if work.is_paused:
        return Phase.PAUSED
    if work.is_in_sync:
        return Phase.IN_SYNC
    return Phase.APPLYING if work.is_behind else Phase.PASSING
