"""The rounds of an active engine: what is read, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.keyspace.follow.model import tables
from tests.keyspace.follow.model.rules import Configuration
from tests.keyspace.follow.model.state import (
    ACTIVE,
    OPEN,
    STEADY,
    Apply,
    Base,
    Engine,
    Held,
    Marker,
    Read,
    Round,
    value_of,
    with_at,
)
from tests.keyspace.follow.model.streams import adopted, settled
from uplift.keyspace.follow.decision import Candidate, Decision, Outcome, Reason
from uplift.keyspace.follow.evidence import Evidence, TouchKind
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.touches import Touch

_PASSING = frozenset({TouchKind.EXPIRED, TouchKind.EVICTED})
Step = tuple[str, Engine, Decision | None]
"""What happened in words, the engine after it, and what was decided."""


def is_dirty(engine: Engine) -> bool:
    """Whether the key is to be looked at: touched, or of the pass that a gap or a reset asks for."""
    return any(view.touches or view.gap is not None or view.reset is not None for view in engine.views)


def may_begin(engine: Engine) -> bool:
    return (
        engine.role == ACTIVE
        and engine.phase == STEADY
        and engine.under_way is None
        and all(view.is_on and not view.awaits_raise for view in engine.views)
    )


def begun(engine: Engine, me: int, config: Configuration) -> Engine:
    """The engine with a new round sent."""
    views = engine.views
    seen = min(view.round for view in views)
    rounds = [tables.oldest_round(view.touches) for view in views]
    oldest = min([seen, *(round_ for round_ in rounds if round_ is not None)])
    number = max(engine.round, *(view.round for view in views)) + 1
    reads = _reads(engine, config)
    commands = [
        (*engine.commands[side], Read(Marker(me, number, oldest, views[side].gap, views[side].reset, engine.base_update), reads[side]))
        for side in Side
    ]
    return engine._replace(round=number, under_way=Round(reads), base_update=None, commands=(commands[0], commands[1]))


def _reads(engine: Engine, config: Configuration) -> tuple[bool, bool]:
    """Which sides are read. The fast path reads one alone."""
    touched = (bool(engine.views[0].touches), bool(engine.views[1].touches))
    if not is_dirty(engine):
        return (False, False)
    if not config.rules.fast_path or engine.slow or engine.base is None or any(engine.has_unanswered) or touched[0] == touched[1]:
        return (True, True)
    if not config.rules.two_way and touched[1]:
        return (True, True)
    if any(view.reset is not None for view in engine.views):
        # Absence is no deletion then, whatever events say.
        return (True, True)
    return touched


def finished(engine: Engine, me: int, config: Configuration) -> Iterator[Step] | None:
    """What the round under way comes to; None while it is not ready."""
    under_way = engine.under_way
    if under_way is None or None in under_way.answers:
        return None
    if config.rules.fence and any(view.round < engine.round for view in engine.views):
        return None
    engine = engine._replace(under_way=None)
    if under_way.reads == (False, False):
        return iter([("nothing to decide", engine, None)])
    held = tuple(None if answer is None else answer.held for answer in under_way.answers)
    marks = [view.mark(engine.round) if config.rules.fence else view.position + 1 for view in engine.views]
    touches = [tables.before(engine.views[side].touches, marks[side]) for side in Side]
    if under_way.reads == (True, True):
        return _decided(engine, me, (held[0], held[1]), (touches[0], touches[1]), config)
    side = Side(under_way.reads.index(True))
    return iter([_fast(engine, me, side, held[side], (touches[0], touches[1]), config)])


def _fast(
    engine: Engine, me: int, side: Side, held: Held | None, touches: tuple[Touch | None, Touch | None], config: Configuration
) -> Step:
    base, touch = engine.base, touches[side]
    if (
        base is None
        or touch is None
        or touches[side.other] is not None
        or held == base.of(side)
        or (held is None and touch.kinds <= _PASSING)
    ):
        return ("the fast path does not fit", engine._replace(slow=True), None)
    text = f"only {side.name} touched: v{value_of(held)} is sent to {side.other.name}"
    return (text, _sent(engine, me, side, held, held, base.of(side.other), config, is_fast=True), None)


def _sent(
    engine: Engine,
    me: int,
    winner: Side,
    read: Held | None,
    new: Held | None,
    expected: Held | None,
    config: Configuration,
    is_fast: bool = False,
    is_told: bool = False,
) -> Engine:
    base = Base(new, read, engine.round) if winner is Side.TARGET else Base(read, new, engine.round)
    compares = config.rules.compare and (config.rules.two_way or not is_fast)
    apply = Apply(engine.epoch, me, expected, compares, is_told, base, carries_life=read != new)
    side = winner.other
    return engine._replace(commands=with_at(engine.commands, side, (*engine.commands[side], apply)), slow=False)


def _decided(
    engine: Engine, me: int, held: tuple[Held | None, Held | None], touches: tuple[Touch | None, Touch | None], config: Configuration
) -> Iterator[Step]:
    # Which event came first to this program is not part of the state: where it decides, both are tried.
    ties = touches[0] is not None and touches[1] is not None and touches[0].round == touches[1].round
    for arrived in ((0, 1), (1, 0)) if ties else ((0, 0),):
        candidates = [_candidate(engine, side, held[side], touches[side], arrived[side], config) for side in Side]
        same = held[0] is not None and held[1] is not None and held[0].value == held[1].value
        found = tables.decision(candidates[0], candidates[1], same, config.rules.two_way, config.authority)
        unsure = any(side.evidence in {Evidence.GAP, Evidence.GAP_UNKNOWN} for side in candidates)
        if not config.rules.gap_is_a_change and unsure and found.outcome is not Outcome.KEEP:
            found = Decision(Outcome.TARGET if config.authority else Outcome.SOURCE, Reason.NO_PAST)
        read = ", ".join(f"{side.name[0]} v{value_of(held[side])} {candidates[side].evidence.name}" for side in Side)
        text = f"{read}: {found.outcome.name}, {found.reason}"
        yield _carried_out(engine, me, held, found, text, config)


def _carried_out(engine: Engine, me: int, held: tuple[Held | None, Held | None], found: Decision, text: str, config: Configuration) -> Step:
    if found.outcome in {Outcome.KEEP, Outcome.LEAVE}:
        base = Base(held[0], held[1], engine.round)
        views = [settled(view, engine.round, config.rules) for view in engine.views]
        engine = adopted(engine._replace(views=(views[0], views[1]), slow=False), base, config.rules)
        return (text, engine._replace(base_update=base if config.rules.base_update_in_marker else None), found)
    winner = Side.SOURCE if found.outcome is Outcome.SOURCE else Side.TARGET
    new = held[winner]
    if found.life is not None and new is not None:
        new = new._replace(life=tables.life_number(found.life))
    is_told = found.is_conflict or found.is_named
    return (text, _sent(engine, me, winner, held[winner], new, held[winner.other], config, is_told=is_told), found)


def _candidate(engine: Engine, side: Side, held: Held | None, touch: Touch | None, arrived: int, config: Configuration) -> Candidate:
    view, base = engine.views[side], engine.base
    own, is_known = (None, False) if base is None else (base.of(side), True)
    if config.rules.unanswered_is_a_base:
        sides = (side,) if config.rules.unanswered_on_one_side else (side, side.other)
        for write in [engine.unanswered[each] for each in sides if engine.has_unanswered[each]]:
            if value_of(write) == value_of(held) and not (is_known and value_of(own) == value_of(held)):
                own, is_known = write, True
    matches = held is not None and own is not None and held.value == own.value
    gap = view.gap if view.gap is not None and view.gap.last != OPEN else None
    kinds = frozenset[TouchKind]() if touch is None else touch.kinds
    is_reset = view.reset is not None and (view.reset.is_failover or held is None)
    token = tables.base_of(own) if is_known else None
    evidence = tables.evidence(held, kinds, token, matches, tables.span_of(gap), is_reset)
    return Candidate(
        state=tables.state_of(held),
        evidence=evidence,
        clock=tables.CLOCK,
        round=0 if touch is None else touch.round,
        arrived=arrived,
        gap=tables.span_of(gap),
        is_base=is_known and held == own,
        is_unanswered=config.rules.unanswered_is_net
        and engine.has_unanswered[side.other]
        and value_of(held) == value_of(engine.unanswered[side.other]),
        is_failover=view.reset is not None and view.reset.is_failover,
    )
