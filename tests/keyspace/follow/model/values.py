"""What values and lives a state remembers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.keyspace.follow.model.state import Answer, Apply, Base, Command, End, Engine, Held, Marker, State


def newest_value(state: State) -> int:
    """The highest number of a value."""
    written = (value for values in state.record.written for value in values)
    return max((1, state.record.equal, *(held.value for held in helds(state)), *written))


def newest_life(state: State) -> int:
    """The highest number of a life."""
    return max((0, *(held.life for held in helds(state))))


def helds(state: State) -> Iterator[Held]:
    """Each held state that is remembered anywhere."""
    for server in state.servers:
        yield from (held for held in (server.held, server.older) if held is not None)
    for engine in state.engines:
        yield from _of_engine(engine)
    for connections in state.orphans:
        for commands in connections:
            for command in commands:
                yield from _of_command(command)


def _of_base(base: Base | None) -> Iterator[Held]:
    if base is not None:
        yield from (held for held in (base.source, base.target) if held is not None)


def _of_command(command: Command) -> Iterator[Held]:
    if isinstance(command, Apply):
        yield from _of_base(command.base)
        if command.expected is not None:
            yield command.expected
    else:
        yield from _of_base(command.marker.base_update)


def _of_engine(engine: Engine) -> Iterator[Held]:
    yield from _of_base(engine.base)
    yield from _of_base(engine.base_update)
    yield from (held for held in engine.unanswered if held is not None)
    if engine.under_way is not None:
        yield from (answer.held for answer in engine.under_way.answers if isinstance(answer, Answer) and answer.held is not None)
    for commands in engine.commands:
        for command in commands:
            yield from _of_command(command)
    for view in engine.views:
        for message in view.queue:
            if isinstance(message, End):
                yield from _of_base(message.base)
            elif isinstance(message, Marker):
                yield from _of_base(message.base_update)
