"""What becomes of one key: a pure decision from what both sides hold and what is known of each. It writes one side only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

from uplift.keyspace.follow.evidence import Evidence, Span
from uplift.keyspace.follow.key_state import FOREVER, Side, State, is_over, same_life

_CHANGED_SOMEHOW = frozenset({Evidence.GAP, Evidence.GAP_UNKNOWN, Evidence.SILENT})
_SURELY_APART = 2
"""Rounds. Round n+2 is sent when every marker of n+1 came back: what lies before n+1 on one side is before what follows n+2 on another."""


class Outcome(Enum):
    """KEEP: both are equal, and that is the new base. LEAVE: they differ and stay so. Else that side's state goes to the other one."""

    KEEP = "keep"
    LEAVE = "leave"
    SOURCE = "source"
    TARGET = "target"


class Reason(StrEnum):
    """Why; what conflicts and named keys are counted by."""

    EQUAL = "both sides are equal"
    HOLDER_JUDGES = "it is about to expire where it still is"
    ONE_WAY = "the source is right while the follow goes one way"
    RESET = "the other side failed over or was flushed"
    RESET_BOTH = "both sides failed over or were flushed: the authority's"
    EVICTED = "evicted on one side, kept on the other"
    ONLY_CHANGE = "changed on one side"
    STILL_THERE = "expired on one side, there on the other"
    NO_PAST = "they differ and what they were is not known: the authority's"
    LATER_WRITE = "written on both sides: the later one"
    NET_CHANGE = "written on both sides, on one of them to what it was: the other one"
    WRITE_OVER_LIFE = "written on one side, its life changed on the other: the value, with the later life"
    LIFE_OVER_ECHO = "written to what it was, its life changed on the other side: the life"
    WRITE_BEFORE_GAP = "written on one side before the gap in which the other one changed: the change in the gap"
    WRITE_AFTER_GAP = "written on one side after the gap in which the other one changed: the write"
    WRITE_IN_GAP = "written on one side within the gap in which the other one changed: the authority's"
    WRITE_OVER_SILENT = "written on one side, changed without an event on the other: the write"
    LONGER_LIFE = "its life changed on both sides: the longer one"
    LIVES_AND_VALUES = "its life changed on both sides, with different values: the authority's"
    VALUE_OVER_LIFE = "changed on one side, its life changed on the other: the value"
    CHANGED_BOTH = "changed on both sides without an order: the authority's"


class Candidate(NamedTuple):
    """One side of a key when it is read: the state that both may come to, and what it is judged by.

    `round` is that of the last marker before its latest touch, `arrived` a number that orders touches by when this program saw them.
    `is_unanswered`: the state was written to the other side, and nobody knows whether it arrived. `is_remembered`: the state is one this
    side held in the last seconds.
    """

    state: State | None
    evidence: Evidence
    clock: int
    round: int = 0
    arrived: int = 0
    gap: Span | None = None
    is_base: bool = False
    is_unanswered: bool = False
    is_remembered: bool = False
    is_failover: bool = False


class Decision(NamedTuple):
    """`life`: written in place of the winner's own, where not None; then that life goes back to the winner in the next round."""

    outcome: Outcome
    reason: Reason
    is_conflict: bool = False
    is_named: bool = False
    life: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """`authority` decides where nothing else can. One way, the source is always right."""

    two_way: bool
    authority: Side


def decide(source: Candidate, target: Candidate, *, same_value: bool, policy: Policy) -> Decision:
    """The decision for one key. `same_value`: both are there and hold the same value, whatever their tokens."""
    if _are_equal(source, target, same_value=same_value):
        return Decision(Outcome.KEEP, Reason.EQUAL)
    if _holder_judges(source, target) or _holder_judges(target, source):
        return Decision(Outcome.LEAVE, Reason.HOLDER_JUDGES)
    if not policy.two_way:
        return _one_way(source)
    sides = (source, target)
    for side in Side:
        found = _by_pair(sides[side], sides[side.other], side, same_value=same_value, authority=policy.authority)
        if found is not None:
            return found
    return _named(policy.authority, Reason.NO_PAST)


def _are_equal(source: Candidate, target: Candidate, *, same_value: bool) -> bool:
    if source.state is None or target.state is None:
        return source.state is target.state
    return same_value and same_life(source.state.life, target.state.life)


def _holder_judges(absent: Candidate, holder: Candidate) -> bool:
    """Whether the key is gone on one side because its life is over there, and the other's clock is to say so too."""
    return (
        absent.state is None
        and holder.state is not None
        and is_over(holder.state.life, absent.clock)
        and absent.evidence not in {Evidence.WRITTEN, Evidence.RESET}
        and holder.evidence is not Evidence.WRITTEN
    )


def _one_way(source: Candidate) -> Decision:
    if source.evidence is Evidence.EVICTED:
        return Decision(Outcome.LEAVE, Reason.EVICTED)
    return Decision(Outcome.SOURCE, Reason.ONE_WAY)


def _by_pair(one: Candidate, other: Candidate, side: Side, *, same_value: bool, authority: Side) -> Decision | None:
    """The decision by the rows of the table that begin with `one`'s evidence; None where another row decides."""
    match one.evidence:
        case Evidence.RESET:
            return _reset(one, other, side, authority)
        case Evidence.EVICTED if other.evidence is not Evidence.RESET:
            if other.evidence in {Evidence.NONE, Evidence.EXPIRED, Evidence.EVICTED}:
                return Decision(Outcome.LEAVE, Reason.EVICTED)
            return _wins(side.other, Reason.ONLY_CHANGE)
        case Evidence.NONE | Evidence.EXPIRED:
            return _beside_untouched(one, other, side)
        case Evidence.WRITTEN:
            return _written(one, other, side, authority)
        case Evidence.LIFE:
            return _life(one, other, side, same_value=same_value, authority=authority)
        case Evidence.GAP | Evidence.GAP_UNKNOWN | Evidence.SILENT if other.evidence in _CHANGED_SOMEHOW:
            return _named(authority, Reason.CHANGED_BOTH)
        case _:
            return None


def _reset(one: Candidate, other: Candidate, side: Side, authority: Side) -> Decision:
    if other.evidence is Evidence.RESET:
        return _named(authority, Reason.RESET_BOTH)
    return _wins(side.other, Reason.RESET)._replace(is_named=one.is_failover and not one.is_remembered)


def _beside_untouched(one: Candidate, other: Candidate, side: Side) -> Decision | None:
    """`one` is untouched or expired."""
    if other.evidence in {Evidence.RESET, Evidence.EVICTED}:
        return None
    if other.evidence not in {Evidence.NONE, Evidence.EXPIRED}:
        return _wins(side.other, Reason.ONLY_CHANGE)
    if one.evidence is other.evidence is Evidence.NONE:
        return None
    return _wins(side if one.evidence is Evidence.NONE else side.other, Reason.STILL_THERE)


def _written(one: Candidate, other: Candidate, side: Side, authority: Side) -> Decision | None:
    match other.evidence:
        case Evidence.WRITTEN:
            return _both_written(one, other, side)
        case Evidence.LIFE:
            return _written_and_life(one, other, side)
        case Evidence.GAP:
            return _written_and_gap(one, other, side, authority)
        case Evidence.GAP_UNKNOWN | Evidence.SILENT:
            return _wins(side, Reason.WRITE_OVER_SILENT)._replace(is_named=True)
        case _:
            return None


def _both_written(one: Candidate, other: Candidate, side: Side) -> Decision:
    if abs(one.round - other.round) >= _SURELY_APART:
        return _conflict(side if one.round > other.round else side.other, Reason.LATER_WRITE)
    if one.is_base != other.is_base:
        return _conflict(side.other if one.is_base else side, Reason.NET_CHANGE)
    later = (one.round, one.arrived, side) > (other.round, other.arrived, side.other)
    return _conflict(side if later else side.other, Reason.LATER_WRITE)


def _written_and_life(written: Candidate, life: Candidate, side: Side) -> Decision:
    if written.is_base and abs(written.round - life.round) < _SURELY_APART:
        return _conflict(side.other, Reason.LIFE_OVER_ECHO)
    decision = _conflict(side, Reason.WRITE_OVER_LIFE)
    if written.state is None or life.state is None:
        return decision
    own, changed = written.state.life, life.state.life
    is_later = life.round > written.round
    is_longer = life.round == written.round and own != FOREVER and changed != FOREVER and changed > own
    if (is_later or is_longer) and own != FOREVER and changed != FOREVER and not same_life(own, changed):
        return decision._replace(life=changed)
    return decision


def _written_and_gap(written: Candidate, changed: Candidate, side: Side, authority: Side) -> Decision:
    gap = changed.gap
    if written.is_base or written.is_unanswered:
        # If it had arrived, both were equal, and the change in the gap is newer; if not, it is a conflict, and either may win.
        return _conflict(side.other, Reason.NET_CHANGE)
    if gap is None or written.round > gap.last:
        return _conflict(side, Reason.WRITE_AFTER_GAP)
    if written.round + _SURELY_APART <= gap.first:
        return _conflict(side.other, Reason.WRITE_BEFORE_GAP)
    return _named(authority, Reason.WRITE_IN_GAP)._replace(is_conflict=True)


def _life(one: Candidate, other: Candidate, side: Side, *, same_value: bool, authority: Side) -> Decision | None:
    if other.evidence in _CHANGED_SOMEHOW:
        return _wins(side.other, Reason.VALUE_OVER_LIFE)
    if other.evidence is not Evidence.LIFE:
        return None
    if one.state is None or other.state is None:
        # One of them made it expire at once; the longer life is that of the key which is there.
        return _conflict(side if one.state is not None else side.other, Reason.LONGER_LIFE)
    if not same_value:
        return _named(authority, Reason.LIVES_AND_VALUES)
    return _conflict(side if _is_longer(one.state.life, other.state.life) else side.other, Reason.LONGER_LIFE)


def _is_longer(one: int, other: int) -> bool:
    return one == FOREVER or (other != FOREVER and one > other)


def _wins(side: Side, reason: Reason) -> Decision:
    return Decision(Outcome.SOURCE if side is Side.SOURCE else Outcome.TARGET, reason)


def _conflict(side: Side, reason: Reason) -> Decision:
    return _wins(side, reason)._replace(is_conflict=True)


def _named(authority: Side, reason: Reason) -> Decision:
    return _wins(authority, reason)._replace(is_named=True)
