"""What an engine makes of the messages of its two subscriptions."""

from __future__ import annotations

from tests.keyspace.follow.model import tables
from tests.keyspace.follow.model.rules import Rules
from tests.keyspace.follow.model.state import (
    ACTIVE,
    NO_ENGINE,
    OPEN,
    STANDBY,
    Base,
    End,
    Engine,
    Event,
    Gap,
    Marker,
    Raise,
    View,
    with_at,
)
from uplift.keyspace.follow.evidence import TouchKind


def with_view(engine: Engine, side: int, view: View) -> Engine:
    return engine._replace(views=with_at(engine.views, side, view))


def consumed(engine: Engine, me: int, side: int, rules: Rules) -> Engine:
    """The engine after the next message of one side; a round may be ready then."""
    view = engine.views[side]
    message = view.queue[0]
    view = view._replace(queue=view.queue[1:], position=view.position + 1)
    engine = with_view(engine, side, view)
    if isinstance(message, Event):
        kind = message.kind
        if kind == TouchKind.LIFE and not rules.expire_is_a_life:
            kind = TouchKind.WRITTEN
        return with_view(engine, side, view._replace(touches=tables.noted(view.touches, kind, view.position, view.round)))
    if isinstance(message, Marker):
        return _marker(engine, me, side, message, rules)
    if isinstance(message, End):
        return _end(engine, side, message, rules)
    return _raise(engine, me, side, message, rules)


def _raise(engine: Engine, me: int, side: int, message: Raise, rules: Rules) -> Engine:
    if message.owner == me and message.epoch == engine.epoch:
        return with_view(engine, side, engine.views[side]._replace(awaits_raise=False))
    if message.was_missing and message.owner != me and rules.raise_tells_of_flush:
        engine = with_view(engine, side, engine.views[side]._replace(reset=Gap(engine.views[side].round, OPEN)))
    return NO_ENGINE if engine.role == ACTIVE and message.epoch > engine.epoch else engine


def _marker(engine: Engine, me: int, side: int, marker: Marker, rules: Rules) -> Engine:
    view = engine.views[side]
    follows = engine.role == STANDBY or view.awaits_raise
    if (marker.owner != me and not follows) or marker.round <= view.round:
        return engine
    view = view._replace(
        round=marker.round,
        marks=(*view.marks, (marker.round, view.position)),
        since=view.since or marker.round,
        gap=_ended(view.gap, marker.round),
        reset=_ended(view.reset, marker.round),
    )
    if marker.round in view.awaited:
        view = settled(view, marker.round, rules)
    view = view._replace(awaited=tuple(round_ for round_ in view.awaited if round_ > marker.round))
    engine = with_view(engine, side, view)
    return _followed(engine, side, marker, rules) if marker.owner != me else engine


def _followed(engine: Engine, side: int, marker: Marker, rules: Rules) -> Engine:
    """What a standby takes from a marker of the active."""
    view = engine.views[side]
    view = view._replace(touches=tables.settled_older(view.touches, marker.oldest))
    if rules.inherits_gaps:
        view = view._replace(
            gap=_ended(marker.gap, marker.round) if marker.gap is not None else view.gap,
            reset=_ended(marker.reset, marker.round) if marker.reset is not None else view.reset,
        )
    engine = with_view(engine, side, view)
    if marker.base_update is not None and rules.base_update_in_marker:
        if view.round >= marker.base_update.round:
            engine = with_view(engine, side, settled(view, marker.base_update.round, rules))
        engine = adopted(engine, marker.base_update, rules)
    since = [each.since for each in engine.views]
    return engine._replace(warm=engine.warm or (min(since) > 0 and max(since) <= marker.oldest))


def _ended(gap: Gap | None, round_: int) -> Gap | None:
    return gap._replace(last=round_) if gap is not None and gap.last == OPEN else gap


def _end(engine: Engine, side: int, end: End, rules: Rules) -> Engine:
    written, other = engine.views[side], engine.views[1 - side]
    written = _without_covered(written._replace(touches=()), end.base.round, rules)
    if end.carries_life:
        written = written._replace(touches=tables.noted((), TouchKind.LIFE, written.position, written.round))
    if other.round >= end.base.round:
        other = settled(other, end.base.round, rules)
    else:
        other = other._replace(awaited=(*other.awaited, end.base.round))
    engine = engine._replace(views=(other, written) if side else (written, other))
    return adopted(engine, end.base, rules)


def settled(view: View, round_: int, rules: Rules) -> View:
    """What a side's touches and gap are once both sides were equal as that round read them."""
    return _without_covered(view._replace(touches=tables.settled(view.touches, view.mark(round_), round_)), round_, rules)


def adopted(engine: Engine, base: Base, rules: Rules) -> Engine:
    """The engine with a new base. A gap that its round was read after is over for the key."""
    if not rules.base:
        return engine
    if engine.base is not None and base.round < engine.base.round and rules.newer_base_only:
        return engine
    views = tuple(_without_covered(view, base.round, rules) if view.round >= base.round else view for view in engine.views)
    return engine._replace(base=base, unanswered=(None, None), has_unanswered=(False, False), views=(views[0], views[1]))


def _without_covered(view: View, round_: int, rules: Rules) -> View:
    """A gap covers a key whose last sync was read before its end."""
    return view._replace(gap=_still(view.gap, round_, rules), reset=_still(view.reset, round_, rules))


def _still(gap: Gap | None, round_: int, rules: Rules) -> Gap | None:
    if gap is None or gap.last == OPEN:
        return gap
    return None if gap.last <= round_ or not rules.cleared_by_read else gap
