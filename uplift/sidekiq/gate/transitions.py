"""What a gate's record says once a decision was taken: which windows hold marks of the gate from then on."""

from __future__ import annotations

from dataclasses import replace

from uplift.sidekiq.gate.decision import GateDecision
from uplift.sidekiq.gate.record import NO_SECONDS, GateRecord, Phase, Window
from uplift.sidekiq.gate.times import MARKED_AFTER, MARKED_BEFORE, WRITTEN_AHEAD, next_instant


def entered(record: GateRecord, decision: GateDecision, now: float) -> GateRecord:
    """The record of the phase that is entered. Windows are written down before any mark in them is."""
    phase = decision.phase or record.phase
    instant = record.instant if decision.instant is None else decision.instant
    new = replace(record, phase=phase, instant=instant, stepped=int(now))
    if phase is Phase.ARMING:
        needed_from = int(now) - MARKED_BEFORE
        return replace(
            new,
            needed_from=needed_from,
            taking_marks=_hull(record.taking_marks, Window(needed_from, instant)),
            giving_marks=_hull(record.giving_marks, Window(instant, instant + MARKED_AFTER)),
        )
    if record.phase is Phase.ARMING and phase is Phase.ARMED:
        return replace(new, taking_marks=Window(record.taking_marks.first, instant))
    if record.phase is Phase.CLOSING and phase is Phase.TURNED:
        return replace(new, taking_marks=NO_SECONDS)
    if phase in {Phase.DONE, Phase.ABANDONED}:
        return replace(new, giving_marks=NO_SECONDS, taking_marks=NO_SECONDS)
    if record.phase is Phase.POSTPONING and phase is Phase.HOLDING:
        return replace(new, giving_marks=NO_SECONDS)
    return new


def extended(record: GateRecord, now: float) -> GateRecord:
    """The giving side is to be marked for longer."""
    return replace(record, stepped=int(now), giving_marks=Window(record.giving_marks.first, int(now) + MARKED_AFTER))


def turned_round(record: GateRecord, decision: GateDecision) -> GateRecord:
    """The sides exchange their parts, and with them the marks they hold."""
    return replace(
        record,
        phase=decision.phase or record.phase,
        instant=decision.instant or record.instant,
        direction=record.direction.other,
        giving_lived=None,
        giving_marks=record.taking_marks,
        taking_marks=record.giving_marks,
    )


def held_as_wanted(record: GateRecord, now: float, *, is_held: bool, not_before: float) -> GateRecord:
    """Held until somebody says go, or held no longer: then the first instant that marks can be written for, whatever the old one was."""
    if record.phase is not Phase.HOLDING or record.is_held == is_held:
        return record
    if is_held:
        return replace(record, is_held=True)
    return replace(record, is_held=False, instant=next_instant(max(not_before, now + WRITTEN_AHEAD)))


def _hull(one: Window, other: Window) -> Window:
    if one.is_empty:
        return other
    return Window(min(one.first, other.first), max(one.end, other.end))
