"""Which seconds are to be marked on which side in a phase, and which are not. A mark silences its instance on the side it is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from uplift.sidekiq.gate.record import NO_SECONDS, GateRecord, Phase, Window
from uplift.sidekiq.gate.times import SETTLED_AFTER

_LOOKED_BACK = 60
"""Marks that are missing farther in the past are not written any more: nobody fires so late."""


@dataclass(frozen=True, slots=True)
class WantedMarks:
    """`needed` are windows in which each second is to be marked, `unwanted` those in which none is to be; by side."""

    taking_needed: Window = NO_SECONDS
    giving_needed: Window = NO_SECONDS
    taking_unwanted: Window = NO_SECONDS
    giving_unwanted: Window = NO_SECONDS


def wanted_marks(record: GateRecord, now: float) -> WantedMarks:
    """Of a phase at a moment in seconds since 1970."""
    instant, second = record.instant, int(now)
    before = Window(max(record.needed_from, second - SETTLED_AFTER), instant)
    after = Window(max(instant, second - _LOOKED_BACK), record.giving_marks.end)
    match record.phase:
        case Phase.ARMING:
            # Of those that are past some may be instances it fired itself.
            stale = Window(max(instant, second + 1), record.taking_marks.end)
            return WantedMarks(taking_needed=before, giving_needed=after, taking_unwanted=stale)
        case Phase.ARMED:
            return WantedMarks(taking_needed=before, giving_needed=after)
        case Phase.CLOSING:
            return WantedMarks(giving_needed=after, taking_unwanted=Window(record.taking_marks.first, instant))
        case Phase.TURNED:
            return WantedMarks(giving_needed=after)
        case Phase.RETURNING | Phase.POSTPONING:
            return WantedMarks(giving_unwanted=record.giving_marks)
        case Phase.ABANDONING:
            return WantedMarks(giving_unwanted=record.giving_marks, taking_unwanted=record.taking_marks)
        case Phase.HOLDING | Phase.DONE | Phase.ABANDONED:
            return WantedMarks()
        case _:
            assert_never(record.phase)
