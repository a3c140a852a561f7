"""What the two servers do: applications write, scripts run, messages go to who is subscribed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.keyspace.follow.model import promise, rounds
from tests.keyspace.follow.model.rules import Configuration
from tests.keyspace.follow.model.state import (
    ACTIVE,
    DEAD,
    NO_ENGINE,
    OPEN,
    RAISE_SOURCE,
    Answer,
    Apply,
    End,
    Engine,
    Event,
    Gap,
    Held,
    Message,
    Read,
    Server,
    State,
    value_of,
    with_at,
)
from tests.keyspace.follow.model.streams import adopted, settled, with_view
from uplift.keyspace.follow.decision import Outcome
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.key_state import Side

Next = tuple[str, State, str | None]
"""What happened, the state after it, and what of the promise it breaks."""


def with_engine(state: State, me: int, engine: Engine) -> State:
    engines = state.engines
    return state._replace(engines=(*engines[:me], engine, *engines[me + 1 :]))


def with_server(state: State, side: Side, server: Server) -> State:
    return state._replace(servers=with_at(state.servers, side, server))


def published(state: State, side: Side, message: Message) -> State:
    """The message goes to every engine that is subscribed."""
    engines = []
    for engine in state.engines:
        view = engine.views[side]
        hears = engine.role != DEAD and view.is_on
        engines.append(with_view(engine, side, view._replace(queue=(*view.queue, message))) if hears else engine)
    return state._replace(engines=tuple(engines))


def written(state: State, side: Side, held: Held | None, kind: TouchKind, name: str) -> Next:
    """An application writes, with its event."""
    server = state.servers[side]
    state = with_server(state, side, server._replace(held=held, older=server.held))
    record = state.record
    if kind is TouchKind.LIFE:
        state = state._replace(record=record._replace(lives=with_at(record.lives, side, True)))
    else:
        now = (*record.written[side], value_of(held))
        state = state._replace(record=record._replace(written=with_at(record.written, side, now)))
    state, wrong = promise.compared(published(state, side, Event(int(kind))), by_chance=True)
    return name, state, wrong


def run(state: State, me: int, side: Side, config: Configuration) -> Iterator[Next]:
    """The first command on an engine's connection is run and answered."""
    engine = state.engines[me]
    command, rest = engine.commands[side][0], engine.commands[side][1:]
    state = with_engine(state, me, engine._replace(commands=with_at(engine.commands, side, rest)))
    if isinstance(command, Read):
        yield from _read(state, me, side, command, config)
    else:
        yield _apply(state, me, side, command, config)


def run_orphan(state: State, side: Side, command: Read | Apply, config: Configuration) -> Next:
    """A command in the buffer of a connection that is gone is run: nobody gets its answer."""
    if isinstance(command, Read):
        text = f"engine {command.marker.owner}'s read of round {command.marker.round} in a dead connection runs on {side.name}"
        return text, published(state, side, command.marker), None
    return _apply(state, None, side, command, config)


def _is_ours(state: State, side: Side, epoch: int, me: int, config: Configuration) -> bool:
    return not config.rules.lease or state.servers[side].lease == (epoch, me if config.rules.owner_in_lease else 0)


def _read(state: State, me: int, side: Side, command: Read, config: Configuration) -> Iterator[Next]:
    state = published(state, side, command.marker)
    engine = state.engines[me]
    text = f"engine {me}: round {command.marker.round} runs on {side.name}" + (" and reads the key" if command.reads else "")
    if engine.under_way is None or command.marker.round != engine.round:
        yield text + ", which was given up", state, None
        return
    if not _is_ours(state, side, engine.epoch, me, config):
        yield text + " and sees another lease", with_engine(state, me, without_lease(state, engine, me, side)), None
        return
    held = state.servers[side].held if command.reads else None
    answers = with_at(engine.under_way.answers, side, Answer(held))
    engine = engine._replace(under_way=engine.under_way._replace(answers=answers))
    yield from looked(with_engine(state, me, engine), me, text, config)


def looked(state: State, me: int, text: str, config: Configuration) -> Iterator[Next]:
    """The state after a step of an engine, its round decided on if that is ready."""
    steps = rounds.finished(state.engines[me], me, config) if state.engines[me].role == ACTIVE else None
    if steps is None:
        yield text, state, None
        return
    for what, engine, found in steps:
        wrong = promise.named(state.record) if found is not None and found.is_named else None
        after = with_engine(state, me, engine)
        if found is not None and found.outcome is Outcome.KEEP:
            after, unequal = promise.compared(after)
            wrong = wrong or unequal
        yield f"{text}; {what}", after, wrong


def without_lease(state: State, engine: Engine, me: int, side: Side) -> Engine:
    """The engine after it saw a lease that is not its own: flushed, behind a failover, or another one's."""
    lease = state.servers[side].lease
    if lease is None:
        view = engine.views[side]
        flushed = view._replace(reset=Gap(view.round, OPEN))
        return with_view(engine, side, flushed)._replace(under_way=None, phase=RAISE_SOURCE, epoch=engine.epoch + 1)
    if lease[1] == me and lease[0] < engine.epoch:
        return engine._replace(under_way=None, phase=RAISE_SOURCE, epoch=engine.epoch + 1)
    return NO_ENGINE


def _apply(state: State, me: int | None, side: Side, command: Apply, config: Configuration) -> Next:
    """The script that writes. `me` None: nobody waits for its answer."""
    base, server = command.base, state.servers[side]
    new = base.of(side)
    text = f"engine {command.owner}: v{value_of(new)} of round {base.round} is applied to {side.name}" + (
        "" if me is not None else " from a dead connection"
    )
    if not _is_ours(state, side, command.epoch, command.owner, config):
        return text + ": fenced", _refused(state, me, side, command), None
    if command.compares and server.held != command.expected:
        return text + ": changed", _refused(state, me, side, None), None
    wrong = promise.applied(state, side, value_of(new), command.is_told or not config.rules.two_way)
    state = with_server(state, side, server._replace(held=new, older=server.held))
    if config.rules.brackets:
        state = published(state, side, End(command.owner, base, command.carries_life))
    else:
        state = published(state, side, Event(int(TouchKind.WRITTEN if new is not None else TouchKind.REMOVED)))
    if me is not None:
        engine = state.engines[me]
        if not config.rules.brackets:
            views = [settled(view, base.round, config.rules) for view in engine.views]
            engine = engine._replace(views=(views[0], views[1]))
        elif config.rules.answer_settles:
            engine = with_view(engine, side.other, settled(engine.views[side.other], base.round, config.rules))
        state = with_engine(state, me, adopted(engine, base, config.rules))
    if not config.rules.two_way and side is Side.SOURCE:
        wrong = "the source is written, while the follow goes one way"
    state, unequal = promise.compared(state, by_chance=state.record.unclear == promise.ROLLED_BACK)
    return text + ": ok", state, wrong or unequal


def _refused(state: State, me: int | None, side: Side, fenced: Apply | None) -> State:
    if me is None:
        return state
    engine = state.engines[me]
    if fenced is None or fenced.epoch < engine.epoch:
        return with_engine(state, me, engine._replace(slow=True))
    return with_engine(state, me, without_lease(state, engine, me, side))
