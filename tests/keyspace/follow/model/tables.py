"""The code's own tables and decision, asked with the model's numbers. Each answer is kept: a run asks few different questions often."""

from __future__ import annotations

from functools import cache

from tests.keyspace.follow.model.state import Gap, Held
from uplift.keyspace.follow.decision import Candidate, Decision, Policy, decide
from uplift.keyspace.follow.evidence import BaseState, Evidence, Observation, Span, TouchKind, evidence_of
from uplift.keyspace.follow.key_state import ABSENT, Side, State
from uplift.keyspace.follow.touches import Touch, Touches

_KEY = b"k"
_LIFE_STEP = 10_000_000
CLOCK = 1_000


@cache
def state_of(held: Held | None) -> State | None:
    """What a server holds, as a round reads it."""
    return None if held is None else State(token=b"%d" % held.value, life=_life(held))


@cache
def base_of(held: Held | None) -> BaseState:
    """What a side held when both were equal."""
    return BaseState(ABSENT, 0) if held is None else BaseState(b"%d" % held.value, _life(held))


def _life(held: Held) -> int:
    return held.life if held.life < 0 else held.life * _LIFE_STEP


def life_number(life: int) -> int:
    """The model's number of a life."""
    return life if life < 0 else life // _LIFE_STEP


@cache
def span_of(gap: Gap | None) -> Span | None:
    return None if gap is None else Span(gap.first, gap.last)


@cache
def evidence(
    held: Held | None, kinds: frozenset[TouchKind], base: BaseState | None, matches_base: bool, span: Span | None, is_reset: bool
) -> Evidence:
    return evidence_of(Observation(state_of(held), kinds, base, matches_base, span, is_reset, CLOCK))


@cache
def decision(source: Candidate, target: Candidate, same_value: bool, two_way: bool, authority: Side) -> Decision:
    return decide(source, target, same_value=same_value, policy=Policy(two_way, authority))


def _table(entry: tuple[int, ...]) -> Touches:
    table = Touches()
    if entry:
        table._add(_KEY, list(entry))
    return table


def _entry(table: Touches) -> tuple[int, ...]:
    return tuple(int(number) for number in table._by_key.get(_KEY, ()))


@cache
def noted(entry: tuple[int, ...], kind: int, position: int, round_: int) -> tuple[int, ...]:
    table = _table(entry)
    table.note(_KEY, TouchKind(kind), position, round_)
    return _entry(table)


@cache
def before(entry: tuple[int, ...], position: int) -> Touch | None:
    return _table(entry).before(_KEY, position)


@cache
def settled(entry: tuple[int, ...], position: int, round_: int) -> tuple[int, ...]:
    table = _table(entry)
    table.settle(_KEY, position, round_)
    return _entry(table)


@cache
def settled_older(entry: tuple[int, ...], round_: int) -> tuple[int, ...]:
    table = _table(entry)
    table.settle_older(round_)
    return _entry(table)


def oldest_round(entry: tuple[int, ...]) -> int | None:
    return _table(entry).oldest_round
