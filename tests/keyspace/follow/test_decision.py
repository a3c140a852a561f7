"""The decision for one key: each row of the table, both ways round, and what holds for every pair."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from uplift.keyspace.follow.decision import Candidate, Decision, Outcome, Policy, decide
from uplift.keyspace.follow.evidence import Evidence, Span
from uplift.keyspace.follow.key_state import FOREVER, Side, State

_CLOCK = 1_000_000
_LATER = _CLOCK + 60_000
_ONE, _OTHER = State(b"S1", FOREVER), State(b"S2", FOREVER)
R, W, X, G, M, V, E, Z, N = (
    Evidence.RESET,
    Evidence.WRITTEN,
    Evidence.LIFE,
    Evidence.GAP,
    Evidence.GAP_UNKNOWN,
    Evidence.EVICTED,
    Evidence.EXPIRED,
    Evidence.SILENT,
    Evidence.NONE,
)
_ABSENT = {V, E}
_GAP = Span(10, 20)


def _candidate(evidence: Evidence, state: State | None = _ONE, round_: int = 5, arrived: int = 0) -> Candidate:
    state = None if evidence in _ABSENT else state
    return Candidate(state, evidence, _CLOCK, round_, arrived, _GAP if evidence in {G, M} else None)


@dataclass(frozen=True)
class _Row:
    """`wins`: one, other, authority, leave or keep."""

    one: Candidate
    other: Candidate
    wins: str
    conflict: bool = False
    named: bool = False
    same_value: bool = False
    life: int | None = None


def _row(one: Evidence, other: Evidence, wins: str, conflict: bool = False, named: bool = False) -> _Row:
    return _Row(_candidate(one), _candidate(other, _OTHER), wins, conflict, named)


def _two(wins: str, one: Candidate, other: Candidate, **rest: bool) -> _Row:
    return _Row(one, other._replace(state=other.state and other.state._replace(token=b"S2")), wins, **rest)


_LOST = Candidate(_ONE, R, _CLOCK, is_failover=True)
_W, _X = _candidate(W), _candidate(X)
_AWAY = _candidate(W)._replace(state=None)


def _lives(one: int, other: int) -> tuple[State, State]:
    return State(b"S1", one), State(b"S1", other)


_SHORT, _LONG = _lives(_LATER, _LATER + 1_000)
_TABLE = [
    # Equal, and about to expire.
    *[_Row(_candidate(evidence), _candidate(evidence), "keep", same_value=True) for evidence in Evidence if evidence not in _ABSENT],
    _Row(_candidate(V), _candidate(E), "keep"),
    _Row(_AWAY, _AWAY, "keep"),
    _Row(_W._replace(state=_SHORT), _candidate(N)._replace(state=_SHORT._replace(life=_LATER + 20)), "keep", same_value=True),
    _Row(_candidate(E), _candidate(N)._replace(state=State(b"S1", _CLOCK + 20)), "leave"),
    _Row(_candidate(E), _candidate(X)._replace(state=State(b"S1", _CLOCK)), "leave"),
    _Row(_candidate(E), _candidate(W)._replace(state=State(b"S1", _CLOCK)), "other"),
    _Row(_AWAY, _candidate(N)._replace(state=State(b"S1", _CLOCK)), "one"),
    # A reset.
    *[_row(R, evidence, "other") for evidence in Evidence if evidence is not R],
    _row(R, R, "authority", named=True),
    _two("other", _LOST, _candidate(N), named=True),
    _two("other", _LOST._replace(is_remembered=True), _candidate(N)),
    _Row(_LOST, _AWAY, "other", named=True),
    # Evicted and expired.
    *[_row(V, evidence, "leave") for evidence in (N,)],
    *[_row(V, evidence, "other") for evidence in (W, X, G, M, Z)],
    *[_row(E, evidence, "other") for evidence in (W, X, G, M, Z, N)],
    # Untouched.
    _row(N, N, "authority", named=True),
    *[_row(N, evidence, "other") for evidence in (W, X, G, M, Z)],
    # Written on both sides.
    _two("other", _W._replace(round=3), _W._replace(round=5), conflict=True),
    _two("other", _W._replace(round=3), _W._replace(round=5, is_base=True), conflict=True),
    _two("one", _W._replace(round=4), _W._replace(round=5, is_base=True), conflict=True),
    _two("other", _W._replace(round=4), _W._replace(round=5), conflict=True),
    _two("other", _W._replace(arrived=1), _W._replace(arrived=2), conflict=True),
    _two("other", _W._replace(arrived=2, is_base=True), _W._replace(arrived=1), conflict=True),
    _two("other", _W._replace(is_base=True, arrived=1), _W._replace(is_base=True, arrived=2), conflict=True),
    # Written, and a life.
    _two("one", _W, _X, conflict=True),
    _two("one", _W._replace(round=2), _X._replace(round=9), conflict=True),
    _two("other", _W._replace(is_base=True, round=4), _X, conflict=True),
    _two("one", _W._replace(is_base=True, round=3), _X, conflict=True),
    _two("one", _AWAY, _X, conflict=True),
    _Row(_W._replace(state=_SHORT), _X._replace(state=_LONG), "one", conflict=True, life=_LONG.life),
    _Row(_W._replace(state=_LONG), _X._replace(state=_SHORT), "one", conflict=True),
    _Row(_W._replace(state=_LONG), _X._replace(state=_SHORT, round=6), "one", conflict=True, life=_SHORT.life),
    _Row(_W._replace(state=_SHORT), _X._replace(state=_LONG, round=4), "one", conflict=True),
    # Written, and a gap.
    _two("other", _W._replace(round=8), _candidate(G), conflict=True),
    _two("authority", _W._replace(round=9), _candidate(G), conflict=True, named=True),
    _two("authority", _W._replace(round=20), _candidate(G), conflict=True, named=True),
    _two("one", _W._replace(round=21), _candidate(G), conflict=True),
    _two("other", _W._replace(round=15, is_base=True), _candidate(G), conflict=True),
    _two("other", _W._replace(round=15, is_unanswered=True), _candidate(G), conflict=True),
    _row(W, M, "one", named=True),
    _row(W, Z, "one", named=True),
    # Lives, and what changed somehow.
    _Row(_X._replace(state=_SHORT), _X._replace(state=_LONG), "other", conflict=True, same_value=True),
    _Row(_X._replace(state=_SHORT), _X._replace(state=State(b"S1", FOREVER)), "other", conflict=True, same_value=True),
    _two("authority", _X, _X, named=True),
    _two("other", _X._replace(state=None), _X, conflict=True),
    *[_row(X, evidence, "other") for evidence in (G, M, Z)],
    *[_row(one, other, "authority", named=True) for one, other in itertools.product((G, M, Z), (G, M, Z))],
]


@pytest.mark.parametrize("authority", Side)
@pytest.mark.parametrize("turned", [False, True], ids=["as it is", "turned"])
@pytest.mark.parametrize("row", _TABLE, ids=lambda row: f"{row.one.evidence.name}, {row.other.evidence.name}: {row.wins}")
def test_a_row_of_the_table(row: _Row, turned: bool, authority: Side) -> None:
    one, other = (Side.TARGET, Side.SOURCE) if turned else (Side.SOURCE, Side.TARGET)
    winner = {"one": one, "other": other, "authority": authority}.get(row.wins)
    outcome = Outcome[winner.name] if winner is not None else Outcome[row.wins.upper()]
    sides = (row.other, row.one) if turned else (row.one, row.other)
    found = decide(*sides, same_value=row.same_value, policy=Policy(True, authority))
    assert (found.outcome, found.is_conflict, found.is_named, found.life) == (outcome, row.conflict, row.named, row.life), found.reason


def _decided(one: Candidate, other: Candidate, authority: Side, *, two_way: bool = True) -> Decision:
    same = one.state is not None and one.state == other.state
    return decide(one, other, same_value=same, policy=Policy(two_way, authority))


def _all_candidates() -> list[Candidate]:
    states = (None, _ONE, _OTHER, _SHORT, _LONG, State(b"S1", _CLOCK))
    return [
        Candidate(state, evidence, _CLOCK, 5, 0, _GAP)
        for state in states
        for evidence in Evidence
        if state is None or evidence not in _ABSENT
    ]


def test_every_pair_is_decided_the_same_both_ways_round() -> None:
    turned = {Outcome.SOURCE: Outcome.TARGET, Outcome.TARGET: Outcome.SOURCE}
    for one, other in itertools.product(_all_candidates(), repeat=2):
        if one.evidence is other.evidence is W or one.evidence is other.evidence is X:
            # What arrived first decides, and of two equal lives either.
            continue
        found = _decided(one, other, Side.SOURCE)
        back = _decided(other, one, Side.TARGET)
        assert back == found._replace(outcome=turned.get(found.outcome, found.outcome)), (one, other)


def test_one_way_the_source_always_wins() -> None:
    for one, other in itertools.product(_all_candidates(), repeat=2):
        found = _decided(one, other, Side.TARGET, two_way=False)
        assert found.outcome is not Outcome.TARGET
        assert not found.is_named


def test_only_the_authority_wins_by_name_and_a_written_side_is_never_replaced_by_an_untouched_one() -> None:
    for one, other in itertools.product(_all_candidates(), repeat=2):
        if one.evidence is W and other.evidence in {N, E, V}:
            assert _decided(one, other, Side.TARGET).outcome in {Outcome.SOURCE, Outcome.KEEP}, (one, other)
