"""The dirty keys of a side against a plain list of what happened, drawn; and the evidence of a side, row by row."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from uplift.keyspace.follow.evidence import BaseState, Evidence, Observation, Span, TouchKind, evidence_of, kind_of_event
from uplift.keyspace.follow.key_state import ABSENT, EVICTED_TOKEN, FOREVER, State
from uplift.keyspace.follow.touches import Touches

_KEYS = (b"a", b"b", b"c")
_CLOCK = 1_000_000
_LATER = _CLOCK + 60_000
_Event = tuple[int, int, TouchKind]
"""Position, round, kind."""


class _Told:
    """Every unsettled event of every key, as it came."""

    def __init__(self) -> None:
        self.events: dict[bytes, list[_Event]] = {key: [] for key in _KEYS}

    def before(self, key: bytes, position: int) -> list[_Event]:
        return [event for event in self.events[key] if event[0] < position]


def _kinds(events: Iterable[_Event]) -> frozenset[TouchKind]:
    return frozenset(kind for _, _, kind in events)


def _check(touches: Touches, told: _Told, position: int) -> None:
    """All that was told is known, and nothing that was never told."""
    for key in _KEYS:
        assert (key in touches) == bool(told.events[key])
        for at in range(position + 2):
            found, events = touches.before(key, at), told.before(key, at)
            assert (found is None) == (not events), (key, at)
            if found is not None:
                assert found.kinds == _kinds(events)
                writes = [event for event in events if event[2] in {TouchKind.WRITTEN, TouchKind.REMOVED}]
                assert found.round <= max(writes or events)[1]
    assert len(touches) == sum(bool(events) for events in told.events.values())
    rounds = [event[1] for events in told.events.values() for event in events]
    if rounds:
        assert touches.oldest_round is not None
        assert touches.oldest_round <= min(rounds)
    else:
        assert touches.oldest_round is None
        assert touches.bytes == 0


def _drawn_run(draws: random.Random) -> None:
    touches, told = Touches(), _Told()
    round_ = 1
    for position in range(1, draws.randrange(2, 26)):
        key = draws.choice(_KEYS)
        match draws.choices(["event", "marker", "settle", "settle all", "older"], [8, 3, 2, 1, 1])[0]:
            case "event":
                kind = draws.choice(list(TouchKind))
                touches.note(key, kind, position, round_)
                told.events[key].append((position, round_, kind))
            case "marker":
                round_ += draws.randrange(1, 3)
            case "settle":
                at = draws.randrange(position + 1)
                touches.settle(key, at, _round_at(told, at, round_))
                told.events[key] = _settled(told.events[key], at)
            case "settle all":
                touches.settle(key, position + 1, round_)
                told.events[key] = []
            case _:
                old = draws.randrange(round_ + 1)
                touches.settle_older(old)
                told.events = {each: [] if events and max(events)[1] < old else events for each, events in told.events.items()}
        _check_settled(touches, told, position)


def _round_at(told: _Told, at: int, round_: int) -> int:
    """A round that no event behind the position came before."""
    return min([round_, *(event[1] for events in told.events.values() for event in events if event[0] >= at)])


def _settled(events: list[_Event], at: int) -> list[_Event]:
    return [event for event in events if event[0] >= at]


def _check_settled(touches: Touches, told: _Told, position: int) -> None:
    """After a settlement the first position may be too early, never too late: a touch counts once too often, and is not forgotten."""
    for key in _KEYS:
        assert (key in touches) == bool(told.events[key])
        for at in range(position + 2):
            found, events = touches.before(key, at), told.before(key, at)
            if events:
                assert found is not None, (key, at)
                assert found.kinds >= _kinds(events)
        everything = touches.before(key, position + 1)
        assert (frozenset() if everything is None else everything.kinds) == _kinds(told.events[key])
    rounds = [event[1] for events in told.events.values() for event in events]
    assert (touches.oldest_round is None) == (not rounds)
    if rounds and touches.oldest_round is not None:
        assert touches.oldest_round <= min(rounds)
    assert bool(touches.bytes) == bool(rounds)


def test_touches_say_what_a_list_of_all_events_says(draws: random.Random) -> None:
    for _ in range(300):
        touches, told = Touches(), _Told()
        round_ = 1
        for position in range(1, draws.randrange(2, 15)):
            round_ += draws.randrange(2)
            key, kind = draws.choice(_KEYS), draws.choice(list(TouchKind))
            touches.note(key, kind, position, round_)
            told.events[key].append((position, round_, kind))
        _check(touches, told, 15)


def test_settled_touches_are_gone_and_no_other(draws: random.Random) -> None:
    for _ in range(500):
        _drawn_run(draws)


def test_a_settled_touch_leaves_no_round_that_is_older_than_the_settlement() -> None:
    touches = Touches()
    touches.note(b"a", TouchKind.WRITTEN, 1, 1)
    touches.note(b"a", TouchKind.WRITTEN, 9, 5)
    touches.settle(b"a", 4, 3)
    assert touches.oldest_round == 3
    assert touches.before(b"a", 4) is None
    assert touches.before(b"a", 10) is not None


def test_all_are_taken_at_once() -> None:
    touches = Touches()
    for key in _KEYS:
        touches.note(key, TouchKind.LIFE, 1, 1)
    assert touches.take_all() == frozenset(_KEYS)
    assert (len(touches), touches.bytes, touches.oldest_round, list(touches)) == (0, 0, None, [])


_V = State(b"S1", FOREVER)
_MORTAL = State(b"S1", _LATER)
_BASE, _NEW_BASE, _NOTHING = BaseState(b"S1", FOREVER), BaseState(b"S0", FOREVER), BaseState(ABSENT, FOREVER)
_MORTAL_BASE, _EVICTED = BaseState(b"S1", _LATER), BaseState(EVICTED_TOKEN, FOREVER)
_OVER = BaseState(b"S1", _CLOCK)
_W, _D, _L, _E, _V_OUT = (frozenset({kind}) for kind in TouchKind)
_NONE = frozenset[TouchKind]()
_GAP = Span(1, 4)
_ROWS: list[tuple[Evidence, State | None, frozenset[TouchKind], BaseState | None, Span | None, bool]] = [
    (Evidence.RESET, _V, _NONE, _NEW_BASE, None, True),
    (Evidence.RESET, None, _NONE, _BASE, None, True),
    (Evidence.RESET, None, _W, _BASE, None, True),
    (Evidence.RESET, _V, _NONE, None, _GAP, True),
    (Evidence.WRITTEN, None, _D, _BASE, None, True),
    (Evidence.WRITTEN, _V, _W, _NEW_BASE, None, True),
    (Evidence.NONE, _V, _NONE, _BASE, None, True),
    (Evidence.WRITTEN, _V, _W | _L, _BASE, _GAP, False),
    (Evidence.WRITTEN, None, _D | _E, _BASE, None, False),
    (Evidence.WRITTEN, None, _E, _MORTAL_BASE, None, False),
    (Evidence.WRITTEN, None, _E, _BASE, None, False),
    (Evidence.LIFE, _MORTAL, _L, _BASE, None, False),
    (Evidence.LIFE, _MORTAL, _L, None, _GAP, False),
    (Evidence.LIFE, _MORTAL, _NONE, _BASE, None, False),
    (Evidence.LIFE, _MORTAL, _NONE, _BASE, _GAP, False),
    (Evidence.GAP, _V, _L, _NEW_BASE, _GAP, False),
    (Evidence.SILENT, _V, _L, _NEW_BASE, None, False),
    (Evidence.EXPIRED, None, _NONE, _OVER, _GAP, False),
    (Evidence.EXPIRED, None, _E, _OVER, None, False),
    (Evidence.EXPIRED, None, _E, None, None, False),
    (Evidence.GAP, _V, _NONE, _NEW_BASE, _GAP, False),
    (Evidence.GAP, None, _NONE, _BASE, _GAP, False),
    (Evidence.GAP_UNKNOWN, _V, _NONE, None, _GAP, False),
    (Evidence.EVICTED, None, _V_OUT, _BASE, None, False),
    (Evidence.EVICTED, None, _NONE, _EVICTED, None, False),
    (Evidence.SILENT, _V, _NONE, _NEW_BASE, None, False),
    (Evidence.SILENT, _V, _NONE, _NOTHING, None, False),
    (Evidence.SILENT, None, _NONE, _BASE, None, False),
    (Evidence.NONE, _V, _NONE, _BASE, _GAP, False),
    (Evidence.NONE, None, _NONE, _NOTHING, _GAP, False),
    (Evidence.NONE, None, _NONE, BaseState(ABSENT, 0), None, False),
    (Evidence.NONE, _V, _NONE, None, None, False),
]


@pytest.mark.parametrize(("evidence", "state", "kinds", "base", "gap", "is_reset"), _ROWS)
def test_the_evidence_of_a_side(
    evidence: Evidence, state: State | None, kinds: frozenset[TouchKind], base: BaseState | None, gap: Span | None, is_reset: bool
) -> None:
    matches = state is not None and base is not None and state.token == base.token
    assert evidence_of(Observation(state, kinds, base, matches, gap, is_reset, _CLOCK)) is evidence


def test_an_event_of_an_unknown_name_is_a_write() -> None:
    assert kind_of_event(b"set") is kind_of_event(b"no such event") is TouchKind.WRITTEN
    assert kind_of_event(b"del") is kind_of_event(b"rename_from") is TouchKind.REMOVED
    assert kind_of_event(b"expire") is kind_of_event(b"persist") is TouchKind.LIFE
    assert kind_of_event(b"expired") is TouchKind.EXPIRED
    assert kind_of_event(b"evicted") is TouchKind.EVICTED
