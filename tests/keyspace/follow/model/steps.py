"""Everything that may happen next."""

from __future__ import annotations

from collections.abc import Iterator

from tests.keyspace.follow.model import mishaps, promise, rounds, servers
from tests.keyspace.follow.model.rules import Configuration
from tests.keyspace.follow.model.servers import Next, with_engine
from tests.keyspace.follow.model.state import (
    ACTIVE,
    DEAD,
    STANDBY,
    STEADY,
    Base,
    Engine,
    Held,
    Left,
    Record,
    Server,
    State,
    View,
    value_of,
    with_at,
)
from tests.keyspace.follow.model.streams import consumed
from tests.keyspace.follow.model.values import newest_life, newest_value
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.key_state import Side

_PAST_EPOCH = (1, 9)


def beginning(config: Configuration) -> State:
    """The state everything starts from: both sides equal, and the engines know it."""
    held = Held(1) if config.is_there else None
    base = Base(held, held, 1) if config.rules.base else None
    active = Engine(ACTIVE, epoch=1, round=1, base=base)
    warm = Engine(STANDBY, base=base, warm=True)
    begun = View(round=0, since=0)
    late = Engine(STANDBY, views=(begun, begun))
    engines = {"one": (active,), "two": (active, warm), "late": (active, late), "orphans": (warm, warm)}[config.start]
    lease = (1, 0) if config.start != "orphans" else _PAST_EPOCH if config.rules.owner_in_lease else (1, 0)
    server = Server(held, lease, held)
    bounds = config.bounds
    left = Left(
        bounds.writes,
        bounds.deletes,
        bounds.expires,
        bounds.cuts,
        bounds.breaks,
        bounds.deaths,
        bounds.zombies,
        bounds.failovers,
        bounds.flushes,
    )
    return State(
        (server, server),
        engines,
        ((), ()),
        Record(unclear=promise.CLEAR if config.rules.two_way else promise.COLD, equal=value_of(held)),
        left,
    )


def following(state: State, config: Configuration) -> Iterator[Next]:
    """Each step from a state, with what is heard at once."""
    for text, after, wrong in _steps(state, config):
        if wrong is not None:
            yield text, after, wrong
        else:
            yield from _heard(text, after, config)


def _heard(text: str, state: State, config: Configuration) -> Iterator[Next]:
    """The state after the engines that never lag heard everything."""
    for me, engine in enumerate(state.engines):
        for side in Side:
            if engine.role != DEAD and engine.views[side].queue and not config.lags[me]:
                after = with_engine(state, me, consumed(engine, me, side, config.rules))
                for more, then, wrong in servers.looked(after, me, text, config):
                    if wrong is not None:
                        yield more, then, wrong
                    else:
                        yield from _heard(more, then, config)
                return
    yield text, state, None


def _steps(state: State, config: Configuration) -> Iterator[Next]:
    for side in Side:
        yield from _written(state, side)
        yield from _orphans(state, side, config)
        yield from _server_mishaps(state, side, config)
    for me in range(len(state.engines)):
        yield from _of_engine(state, me, config)


def _written(state: State, side: Side) -> Iterator[Next]:
    left, held = state.left, state.servers[side].held
    if left.writes[side]:
        value = newest_value(state) + 1
        spent = state._replace(left=left._replace(writes=with_at(left.writes, side, left.writes[side] - 1)))
        yield servers.written(spent, side, Held(value), TouchKind.WRITTEN, f"v{value} is written on {side.name}")
    if left.deletes[side] and held is not None:
        spent = state._replace(left=left._replace(deletes=with_at(left.deletes, side, left.deletes[side] - 1)))
        yield servers.written(spent, side, None, TouchKind.REMOVED, f"the key is deleted on {side.name}")
    if left.expires[side] and held is not None:
        life = newest_life(state) + 1
        spent = state._replace(left=left._replace(expires=with_at(left.expires, side, left.expires[side] - 1)))
        yield servers.written(spent, side, held._replace(life=life), TouchKind.LIFE, f"v{held.value} gets life {life} on {side.name}")


def _orphans(state: State, side: Side, config: Configuration) -> Iterator[Next]:
    connections = state.orphans[side]
    for at, commands in enumerate(connections):
        before, after = connections[:at], connections[at + 1 :]
        gone = state._replace(orphans=with_at(state.orphans, side, before + after))
        yield f"what is in a dead connection to {side.name} is lost", gone, None
        rest = (commands[1:],) if commands[1:] else ()
        popped = state._replace(orphans=with_at(state.orphans, side, before + rest + after))
        yield servers.run_orphan(popped, side, commands[0], config)


def _server_mishaps(state: State, side: Side, config: Configuration) -> Iterator[Next]:
    if config.bounds.cut_side not in {None, side}:
        return
    if state.left.failovers:
        yield mishaps.failed_over(state, side, config)
    if state.left.flushes:
        yield mishaps.flushed(state, side)


def _of_engine(state: State, me: int, config: Configuration) -> Iterator[Next]:
    engine = state.engines[me]
    if engine.role == DEAD:
        if all(other.role == DEAD for other in state.engines):
            yield mishaps.started(state, me)
        return
    for side in Side:
        if engine.views[side].queue:
            after = with_engine(state, me, consumed(engine, me, side, config.rules))
            text = f"engine {me} hears from {side.name}: {engine.views[side].queue[0].tag}"
            yield from servers.looked(after, me, text, config)
        if engine.commands[side]:
            yield from servers.run(state, me, side, config)
        if not engine.views[side].is_on:
            yield mishaps.joined(state, me, side)
        yield from _connection_mishaps(state, me, side, config)
    if state.left.deaths:
        yield mishaps.died(state, me)
    yield from _duties(state, me, config)


def _connection_mishaps(state: State, me: int, side: Side, config: Configuration) -> Iterator[Next]:
    if config.bounds.cut_side not in {None, side}:
        return
    engine = state.engines[me]
    if state.left.cuts and engine.views[side].is_on:
        yield mishaps.cut(state, me, side)
    if state.left.breaks and engine.role == ACTIVE:
        yield mishaps.broken(state, me, side, config)


def _duties(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """What an engine does by itself."""
    engine = state.engines[me]
    if engine.phase != STEADY:
        yield from mishaps.raised(state, me, config)
    elif engine.role == STANDBY:
        if state.left.zombies or all(other.role != ACTIVE for other in state.engines):
            yield mishaps.candidate(state, me)
    elif rounds.may_begin(engine) and (rounds.is_dirty(engine) or promise.is_flushed(state) or _is_awaited(state)):
        after = rounds.begun(engine, me, config)
        what = (
            ("no key", "the key on T", "the key on S", "the key")[2 * after.under_way.reads[0] + after.under_way.reads[1]]
            if after.under_way
            else ""
        )
        yield f"engine {me} sends round {after.round} for {what}", with_engine(state, me, after), None


def _is_awaited(state: State) -> bool:
    """Whether a standby has something to learn from a marker."""
    return any(
        engine.role == STANDBY and (not engine.warm or any(view.touches or view.gap or view.reset for view in engine.views))
        for engine in state.engines
    )
