"""What a gate does next, from what was seen on both sides. Nothing is read or written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from uplift.sidekiq.gate.record import Phase
from uplift.sidekiq.gate.times import (
    MARKED_AT_MOST_AHEAD,
    POSTPONED_BY,
    READY_AHEAD,
    RENEWED_WITHIN,
    SETTLED_AFTER,
    WRITTEN_AHEAD,
    next_instant,
)


class Act(Enum):
    """One bounded piece of work."""

    WAIT = "wait"
    SWITCH_TAKING_OFF = "switch the taking side off"
    SWITCH_TAKING_ON = "switch the taking side as the giving one is"
    SWITCH_GIVING_OFF = "switch the giving side off"
    WRITE_MARKS = "write marks"
    REMOVE_MARKS = "remove marks"
    EXTEND_MARKS = "extend the giving side's marks"
    RESTORE_GIVING = "give the giving side back what was there before"
    RESTORE_TAKING = "give the taking side back what was there before"
    ENTER = "enter a phase"
    TURN_ROUND = "exchange the sides"
    END = "end"


@dataclass(frozen=True, slots=True)
class GateState:
    """`now` and `instant` in seconds since 1970. All numbers of switches and marks are those that are not yet as this phase wants them.

    `giving_lives`: whether a scheduler of the giving side lives, or was seen a moment ago. `no_taking_scheduler` says why none lives on the
    taking side, None where one does. Processes are counted, with or without a scheduler. `is_held`: the taking side is silenced, no more.
    `giving_is_empty`: no process has had a heartbeat on the giving side for a few seconds.
    """

    phase: Phase
    now: float
    instant: int
    giving_lives: bool = True
    giving_processes: int = 1
    no_taking_scheduler: str | None = None
    taking_processes: int = 1
    is_other_way_wanted: bool = False
    is_abandon_wanted: bool = False
    is_held: bool = False
    taking_switched_on: int = 0
    taking_unequal: int = 0
    giving_switched_on: int = 0
    giving_changed: int = 0
    taking_changed: int = 0
    marks_to_write: int = 0
    marks_to_remove: int = 0
    giving_marked_until: int = 0
    giving_is_empty: bool = False
    settled_after: int = SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class GateDecision:
    """`phase` and `instant` are what the record says from now on, where they change. `is_postponed`: the instant is later than was said."""

    act: Act
    reason: str
    phase: Phase | None = None
    instant: int | None = None
    is_postponed: bool = False


def decide(state: GateState) -> GateDecision:
    """The next piece of work."""
    return _BY_PHASE[state.phase](state)


def _enter(phase: Phase, reason: str, instant: int | None = None, *, is_postponed: bool = False) -> GateDecision:
    return GateDecision(Act.ENTER, reason, phase, instant, is_postponed)


def _wait(reason: str) -> GateDecision:
    return GateDecision(Act.WAIT, reason)


def _is_ended(state: GateState) -> bool:
    return state.is_abandon_wanted or state.is_other_way_wanted


def _holding(state: GateState) -> GateDecision:
    if _is_ended(state):
        return _enter(Phase.ABANDONING, "the side that fires goes on firing")
    if state.taking_switched_on:
        return GateDecision(Act.SWITCH_TAKING_OFF, "the side that is to fire later is off until then")
    if state.is_held:
        return _wait("held until go")
    lack = state.no_taking_scheduler
    ahead = state.instant - state.now
    if not state.giving_lives:
        if lack is None:
            return _enter(Phase.ARMING, "no scheduler fires any more on the side that fired: it turns now", int(state.now) + 1)
        return _wait(f"nobody fires cron: on the side that fired no scheduler lives, and on the other one: {lack}")
    if ahead < WRITTEN_AHEAD:
        why = lack or f"less than {WRITTEN_AHEAD} s were left"
        return _enter(Phase.HOLDING, why, next_instant(state.now + POSTPONED_BY), is_postponed=True)
    if ahead > MARKED_AT_MOST_AHEAD:
        return _wait("the instant is far away" if lack is None else lack)
    if lack is not None:
        return _wait(lack)
    return _enter(Phase.ARMING, "a scheduler lives on the side that is to fire")


def _arming(state: GateState) -> GateDecision:
    if _is_ended(state):
        return _enter(Phase.ABANDONING, "the side that fires goes on firing")
    if state.giving_lives:
        if state.no_taking_scheduler is not None:
            return _postponed(state, state.no_taking_scheduler)
        if state.instant - state.now < READY_AHEAD:
            return _postponed(state, f"not ready {READY_AHEAD} s before")
    if state.marks_to_remove:
        return GateDecision(Act.REMOVE_MARKS, "marks of an earlier turn would silence the side that is to fire")
    if state.marks_to_write:
        return GateDecision(Act.WRITE_MARKS, "each side is marked where it is not to fire")
    if state.taking_unequal:
        return GateDecision(Act.SWITCH_TAKING_ON, "from here on the marks alone decide")
    return _enter(Phase.ARMED, "both sides are on, and marked")


def _postponed(state: GateState, reason: str) -> GateDecision:
    return _enter(Phase.POSTPONING, reason, next_instant(state.now + POSTPONED_BY), is_postponed=True)


def _armed(state: GateState) -> GateDecision:
    ahead = state.instant - state.now
    if ahead > 0 and _is_ended(state):
        return _enter(Phase.ABANDONING, "the side that fires goes on firing")
    if ahead >= READY_AHEAD:
        if state.giving_lives and state.no_taking_scheduler is not None:
            return _postponed(state, state.no_taking_scheduler)
        if not state.giving_lives and state.no_taking_scheduler is None:
            return _enter(Phase.ARMING, "no scheduler fires any more on the side that fired: it turns now", int(state.now) + 1)
    if state.marks_to_write:
        return GateDecision(Act.WRITE_MARKS, "marks are missing: a server forgot them, or a job is new")
    if ahead > 0 and state.taking_unequal:
        return GateDecision(Act.SWITCH_TAKING_ON, "somebody changed a switch")
    if ahead > -state.settled_after:
        if state.no_taking_scheduler is not None:
            return _wait(f"the side that fires from the instant on fires nothing: {state.no_taking_scheduler}")
        return _wait("it turns by itself" if ahead > 0 else f"it has turned; after {state.settled_after} s nobody fires late any more")
    return _enter(Phase.CLOSING, "everything before the instant was fired")


def _postponing(state: GateState) -> GateDecision:
    if state.taking_switched_on:
        return GateDecision(Act.SWITCH_TAKING_OFF, "the instant is later now")
    if state.marks_to_remove:
        return GateDecision(Act.REMOVE_MARKS, "the side that fires goes on until the later instant")
    return _enter(Phase.HOLDING, "the side that fires goes on until the later instant")


def _closing(state: GateState) -> GateDecision:
    if state.giving_switched_on:
        return GateDecision(Act.SWITCH_GIVING_OFF, "it lasts longer than marks")
    if state.marks_to_remove:
        return GateDecision(Act.REMOVE_MARKS, "what was before the instant is over")
    return _enter(Phase.TURNED, "the side that fired is off")


def _turned(state: GateState) -> GateDecision:
    if state.is_other_way_wanted:
        return _round(state)
    if not state.giving_processes or (state.is_abandon_wanted and state.giving_is_empty):
        return _enter(Phase.RETURNING, "no process lives any more on the side that fired")
    if state.giving_switched_on:
        return GateDecision(Act.SWITCH_GIVING_OFF, "somebody switched it on, or a job is new")
    if state.giving_marked_until - state.now < RENEWED_WITHIN:
        return GateDecision(Act.EXTEND_MARKS, "processes of the side that fired still live")
    if state.marks_to_write:
        return GateDecision(Act.WRITE_MARKS, "processes of the side that fired still live")
    why = f"{state.giving_processes} processes of the side that fired still live: it stays off until they are gone"
    return _wait(why if state.no_taking_scheduler is None else f"the side that fires now fires nothing: {state.no_taking_scheduler}")


def _round(state: GateState) -> GateDecision:
    return GateDecision(Act.TURN_ROUND, "it turns back", Phase.HOLDING, next_instant(state.now + 2 * WRITTEN_AHEAD))


def _returning(state: GateState) -> GateDecision:
    if state.marks_to_remove:
        return GateDecision(Act.REMOVE_MARKS, "no process is there that they would hold back")
    if state.giving_changed:
        return GateDecision(Act.RESTORE_GIVING, "no process is there that they would hold back")
    return _enter(Phase.DONE, "the old side has what was there before")


def _abandoning(state: GateState) -> GateDecision:
    if state.giving_lives and state.taking_processes and state.taking_switched_on:
        return GateDecision(Act.SWITCH_TAKING_OFF, "while both sides live, one of them fires")
    if state.marks_to_remove:
        return GateDecision(Act.REMOVE_MARKS, "the side that fires goes on firing")
    if state.giving_lives and state.taking_processes:
        processes = f"{state.taking_processes} processes of the other side live"
        return _wait(f"{processes}: its cron stays off until they are gone, or each instance would be fired twice")
    if state.taking_changed:
        return GateDecision(Act.RESTORE_TAKING, "it gets back what was there before")
    return _enter(Phase.ABANDONED, "each side has what was there before")


def _done(state: GateState) -> GateDecision:
    if state.is_other_way_wanted:
        return _round(state)
    return GateDecision(Act.END, "the side that fires has its cron, the other one what was there before")


def _abandoned(state: GateState) -> GateDecision:
    if _is_ended(state):
        return GateDecision(Act.END, "the gate was abandoned; each side has what was there before")
    return _enter(Phase.HOLDING, "the gate begins anew", next_instant(max(state.instant, state.now + WRITTEN_AHEAD)))


_BY_PHASE: dict[Phase, Callable[[GateState], GateDecision]] = {
    Phase.HOLDING: _holding,
    Phase.ARMING: _arming,
    Phase.ARMED: _armed,
    Phase.POSTPONING: _postponing,
    Phase.CLOSING: _closing,
    Phase.TURNED: _turned,
    Phase.RETURNING: _returning,
    Phase.ABANDONING: _abandoning,
    Phase.DONE: _done,
    Phase.ABANDONED: _abandoned,
}
