"""What goes wrong: cuts, deaths, take-overs, failovers and flushes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.keyspace.follow.model import promise
from tests.keyspace.follow.model.rules import Configuration
from tests.keyspace.follow.model.servers import Next, published, with_engine, with_server
from tests.keyspace.follow.model.state import (
    ACTIVE,
    DEAD,
    NO_ENGINE,
    OPEN,
    RAISE_SOURCE,
    RAISE_TARGET,
    STANDBY,
    STEADY,
    Apply,
    Engine,
    Gap,
    Raise,
    State,
    View,
    value_of,
    with_at,
)
from tests.keyspace.follow.model.streams import with_view
from uplift.keyspace.follow.key_state import Side

_JUST_BEGUN = View(round=0, since=0)


def cut(state: State, me: int, side: Side) -> Next:
    """A subscription breaks: what it did not deliver is lost, and the round under way with it."""
    engine = cut_off(state.engines[me], side, None)
    left = state.left._replace(cuts=state.left.cuts - 1)
    return f"engine {me} loses its subscription to {side.name}", with_engine(state, me, engine)._replace(left=left), None


def cut_off(engine: Engine, side: Side, reset: Gap | None) -> Engine:
    """The engine without its subscription to a side. A standby needs no gap: it is no longer warm, and what it knows of the past is old."""
    view = engine.views[side]
    gap = view.gap
    if engine.role == ACTIVE and reset is None:
        # The end of an older gap is later now; its beginning stays.
        gap = Gap(view.round if gap is None else gap.first, OPEN)
    view = view._replace(is_on=False, queue=(), gap=gap, reset=reset or view.reset, since=0, awaits_raise=False)
    if reset is not None:
        view = view._replace(touches=())
    engine = with_view(engine, side, view)._replace(under_way=None, warm=False)
    return engine if engine.role == ACTIVE else engine._replace(base=None)


def joined(state: State, me: int, side: Side) -> Next:
    """The subscription is there again. What was missed ends with the next marker."""
    engine = state.engines[me]
    engine = with_view(engine, side, engine.views[side]._replace(is_on=True))
    return f"engine {me} is subscribed to {side.name} again", with_engine(state, me, engine), None


def broken(state: State, me: int, side: Side, config: Configuration) -> Next:
    """A command connection breaks: what is on its way may still be run, and nobody gets an answer."""
    engine = state.engines[me]
    sent = engine.commands[side]
    for command in sent:
        if isinstance(command, Apply):
            engine = engine._replace(
                unanswered=with_at(engine.unanswered, side, command.base.of(side)),
                has_unanswered=with_at(engine.has_unanswered, side, True),
            )
    engine = engine._replace(commands=with_at(engine.commands, side, ()), under_way=None)
    if config.rules.raises_after_cut:
        engine = engine._replace(phase=RAISE_SOURCE, epoch=engine.epoch + 1)
    state = with_engine(state, me, engine)._replace(left=state.left._replace(breaks=state.left.breaks - 1))
    return f"engine {me} loses its command connection to {side.name}", _orphaned(state, side, sent), None


def _orphaned(state: State, side: int, commands: tuple[object, ...]) -> State:
    if not commands:
        return state
    return state._replace(orphans=with_at(state.orphans, side, (*state.orphans[side], commands)))  # type: ignore[arg-type]


def died(state: State, me: int) -> Next:
    """An engine dies; what it sent is on its way."""
    engine = state.engines[me]
    for side in Side:
        state = _orphaned(state, side, engine.commands[side])
    state = state._replace(left=state.left._replace(deaths=state.left.deaths - 1))
    return f"engine {me} dies", with_engine(state, me, NO_ENGINE), None


def started(state: State, me: int) -> Next:
    """A new engine, which knows nothing."""
    return f"engine {me} is started anew", with_engine(state, me, Engine(STANDBY, views=(_JUST_BEGUN, _JUST_BEGUN))), None


def candidate(state: State, me: int) -> Next:
    """A standby finds no marker and chooses its epoch by the leases as they are."""
    epoch = max(0 if server.lease is None else server.lease[0] for server in state.servers) + 1
    engine = state.engines[me]._replace(phase=RAISE_SOURCE, epoch=epoch)
    if any(other.role == ACTIVE for other in state.engines):
        state = state._replace(left=state.left._replace(zombies=state.left.zombies - 1))
    return f"engine {me} is to take over with epoch {epoch}", with_engine(state, me, engine), None


def raised(state: State, me: int, config: Configuration) -> Iterator[Next]:
    """The script that raises the lease, on S and then on T."""
    engine = state.engines[me]
    side = Side.SOURCE if engine.phase == RAISE_SOURCE else Side.TARGET
    if engine.commands[side]:
        return
    lease, owner = state.servers[side].lease, me if config.rules.owner_in_lease else 0
    if lease is not None and (lease[0] > engine.epoch or (lease[0] == engine.epoch and lease[1] != owner)):
        yield f"engine {me}'s lease is refused on {side.name}", with_engine(state, me, _refused(engine)), None
        return
    view = engine.views[side]
    if lease is None:
        view = view._replace(reset=Gap(view.round, OPEN))
    waits = config.rules.waits_for_raise and engine.role == STANDBY and view.is_on
    engine = with_view(engine, side, view._replace(awaits_raise=waits or view.awaits_raise))
    engine = engine._replace(phase=RAISE_TARGET) if side is Side.SOURCE else _active(engine, config)
    is_cold = side is Side.TARGET and state.engines[me].role == STANDBY and not state.engines[me].warm
    state = with_server(state, side, state.servers[side]._replace(lease=(engine.epoch, owner)))
    state = published(with_engine(state, me, engine), side, Raise(engine.epoch, me, lease is None))
    if is_cold:
        state = state._replace(record=state.record._replace(unclear=promise.COLD))
    yield f"engine {me} raises the lease on {side.name}" + (", cold" if is_cold else ""), state, None


def _refused(engine: Engine) -> Engine:
    if engine.role == ACTIVE:
        return NO_ENGINE
    views = [view._replace(awaits_raise=False) for view in engine.views]
    return engine._replace(phase=STEADY, epoch=0, views=(views[0], views[1]))


def _active(engine: Engine, config: Configuration) -> Engine:
    """The engine with both leases. One that is not warm has missed everything up to its first marker."""
    if engine.role == STANDBY and not engine.warm and config.rules.cold_is_a_gap:
        views = [view._replace(gap=Gap(0, OPEN)) for view in engine.views]
        engine = engine._replace(views=(views[0], views[1]))
    return engine._replace(phase=STEADY, role=ACTIVE, warm=False, round=max(view.round for view in engine.views))


def failed_over(state: State, side: Side, config: Configuration) -> Next:
    """A replica that lags by a write is promoted: its last write is gone, and all connections with it."""
    server, record = state.servers[side], state.record
    engines = tuple(_failed_over(engine, side, config) for engine in state.engines)
    name = f"{side.name} fails over from v{value_of(server.held)} to v{value_of(server.older)}"
    state = with_server(state, side, server._replace(held=server.older))
    state = state._replace(engines=engines, orphans=with_at(state.orphans, side, ()))
    state = state._replace(left=state.left._replace(failovers=state.left.failovers - 1))
    kept, older = record.written[side], value_of(server.older)
    if older in kept:
        kept = (*(value for value in kept if value != older), older)
    return _rolled_back(state, side, kept, name)


def _failed_over(engine: Engine, side: Side, config: Configuration) -> Engine:
    """An engine whose connections to a side are gone, with what was on its way."""
    if engine.role == DEAD:
        return engine
    reset = Gap(engine.views[side].round, OPEN, True) if config.rules.failover_is_a_reset else None
    off = cut_off(engine, side, reset)._replace(commands=with_at(engine.commands, side, ()))
    return off._replace(phase=RAISE_SOURCE, epoch=engine.epoch + 1) if engine.role == ACTIVE else off


def flushed(state: State, side: Side) -> Next:
    """FLUSHDB: the key and the lease are gone, without an event."""
    state = with_server(state, side, state.servers[side]._replace(held=None, lease=None, older=None))
    state = state._replace(left=state.left._replace(flushes=state.left.flushes - 1))
    return _rolled_back(state, side, state.record.written[side], f"{side.name} is flushed")


def _rolled_back(state: State, side: Side, kept: tuple[int, ...], name: str) -> Next:
    """What the other side holds may come back."""
    now = (*state.record.written[side.other], value_of(state.servers[side.other].held))
    written = (now, kept) if side is Side.TARGET else (kept, now)
    record = state.record._replace(written=written, unclear=max(state.record.unclear, promise.ROLLED_BACK))
    return name, state._replace(record=record), None
