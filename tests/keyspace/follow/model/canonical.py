"""States that differ in numbers alone, or in what nothing reads any more, are one state."""

from __future__ import annotations

from collections.abc import Iterator

from tests.keyspace.follow.model.renaming import Renaming
from tests.keyspace.follow.model.state import (
    ACTIVE,
    DEAD,
    OPEN,
    STANDBY,
    Apply,
    Base,
    Command,
    End,
    Engine,
    Marker,
    Raise,
    State,
    View,
)
from tests.keyspace.follow.model.values import helds

_FAR = 2
"""Rounds this far apart are as good as further ones: nothing asks for more."""


def canonical(state: State, uses_lease: bool, uses_older: bool) -> State:
    """The one state that stands for all that go on in the same way."""
    state = _pruned(state, uses_lease, uses_older)
    return Renaming(
        rounds=_ranks(_rounds(state), {0: 0, OPEN: OPEN}, _FAR),
        values=_ranks(_values(state), {0: 0}, 1),
        lives=_ranks({held.life for held in helds(state)}, {-1: -1, 0: 0}, 1),
        epochs=_ranks(_epochs(state), {0: 0}, 1),
    ).of(state)


def _ranks(numbers: set[int], fixed: dict[int, int], far: int) -> dict[int, int]:
    names, last, name = dict(fixed), None, 1
    for number in sorted(numbers):
        if number not in fixed:
            name = 1 if last is None else name + min(number - last, far)
            names[number], last = name, number
    return names


def _pruned(state: State, uses_lease: bool, uses_older: bool) -> State:
    """Without what nothing reads any more."""
    orphans = state.orphans
    if orphans != ((), ()):
        orphans = (_living(state, 0, uses_lease), _living(state, 1, uses_lease))
        state = state._replace(orphans=orphans)
    asked = _rounds_asked_for(state)
    state = state._replace(engines=tuple(_pruned_engine(engine, asked) for engine in state.engines))
    if not uses_older:
        state = state._replace(servers=(state.servers[0]._replace(older=None), state.servers[1]._replace(older=None)))
    return state


def _living(state: State, side: int, uses_lease: bool) -> tuple[tuple[Command, ...], ...]:
    """The dead connections that may still do something."""
    lease = state.servers[side].lease
    left = []
    for commands in state.orphans[side]:
        kept = tuple(
            command
            for command in commands
            if (
                not isinstance(command, Apply)
                or not uses_lease
                or lease is None
                or (lease[0] <= command.epoch and (lease[0] < command.epoch or lease[1] in {command.owner, 0}))
            )
            and not (not isinstance(command, Apply) and _is_passed(state, side, command.marker))
        )
        if kept:
            left.append(kept)
    return tuple(sorted(left, key=repr))


def _is_passed(state: State, side: int, marker: Marker) -> bool:
    """Whether no engine would take a marker that came now."""
    for me, engine in enumerate(state.engines):
        view = engine.views[side]
        follows = engine.role == STANDBY or view.awaits_raise
        if engine.role == DEAD or (marker.owner != me and not follows):
            continue
        seen = max((view.round, *(message.round for message in view.queue if isinstance(message, Marker))))
        if marker.round > seen:
            return False
    return True


def _rounds_asked_for(state: State) -> set[int]:
    """Rounds that a settlement may still ask for."""
    asked = set()
    for command in _commands(state):
        base = command.base if isinstance(command, Apply) else command.marker.base_update
        if base is not None:
            asked.add(base.round)
    for engine in state.engines:
        if engine.under_way is not None:
            asked.add(engine.round)
        if engine.base_update is not None:
            asked.add(engine.base_update.round)
        for view in engine.views:
            asked.update(base.round for base in _bases_heard(view))
    return asked


def _bases_heard(view: View) -> Iterator[Base]:
    for message in view.queue:
        if isinstance(message, End):
            yield message.base
        elif isinstance(message, Marker) and message.base_update is not None:
            yield message.base_update


def _commands(state: State) -> Iterator[Command]:
    for engine in state.engines:
        yield from engine.commands[0]
        yield from engine.commands[1]
    for connections in state.orphans:
        for commands in connections:
            yield from commands


def _pruned_engine(engine: Engine, asked: set[int]) -> Engine:
    if engine.role == DEAD:
        return engine
    views = (_pruned_view(engine, engine.views[0], asked), _pruned_view(engine, engine.views[1], asked))
    base = engine.base
    if base is not None and base.round and all(round_ < base.round for round_ in asked):
        base = base._replace(round=0)
    slow = engine.slow and any(view.touches for view in views)
    number = engine.round if engine.role == ACTIVE else 0
    return engine._replace(views=views, base=base, slow=slow, round=number, base_update=engine.base_update)


def _pruned_view(engine: Engine, view: View, asked: set[int]) -> View:
    since = 0 if engine.warm or engine.role == ACTIVE else view.since
    if not view.touches:
        return view._replace(marks=(), position=0, since=since)
    first = min(view.touches[1::5])
    marks = tuple(mark for mark in view.marks if mark[0] in asked and mark[1] > first)
    names = _ranks({*view.touches[1::5], *view.touches[3::5], *(position for _, position in marks)}, {0: 0}, 1)
    touches = list(view.touches)
    for at in range(0, len(touches), 5):
        touches[at + 1], touches[at + 3] = names[touches[at + 1]], names[touches[at + 3]]
    return view._replace(
        touches=tuple(touches),
        marks=tuple((round_, names[position]) for round_, position in marks),
        position=max(names.values()),
        since=since,
    )


def _rounds(state: State) -> set[int]:
    found: set[int] = set()
    for engine in state.engines:
        if engine.role == DEAD:
            continue
        found.add(engine.round)
        _add_base(found, engine.base)
        _add_base(found, engine.base_update)
        for view in engine.views:
            _add_view(found, view)
    for command in _commands(state):
        if isinstance(command, Apply):
            found.add(command.base.round)
        else:
            _add_marker(found, command.marker)
    return found


def _add_view(found: set[int], view: View) -> None:
    found.add(view.round)
    found.add(view.since)
    found.update(view.awaited)
    found.update(mark[0] for mark in view.marks)
    found.update(view.touches[2::5])
    found.update(view.touches[4::5])
    for gap in (view.gap, view.reset):
        if gap is not None:
            found.update(gap[:2])
    for message in view.queue:
        if isinstance(message, Marker):
            _add_marker(found, message)
        elif isinstance(message, End):
            found.add(message.base.round)


def _add_base(found: set[int], base: Base | None) -> None:
    if base is not None:
        found.add(base.round)


def _add_marker(found: set[int], marker: Marker) -> None:
    found.add(marker.round)
    found.add(marker.oldest)
    for gap in (marker.gap, marker.reset):
        if gap is not None:
            found.update(gap[:2])
    _add_base(found, marker.base_update)


def _values(state: State) -> set[int]:
    return {held.value for held in helds(state)} | {value for values in state.record.written for value in values} | {state.record.equal}


def _epochs(state: State) -> set[int]:
    found: set[int] = {server.lease[0] for server in state.servers if server.lease is not None}
    for engine in state.engines:
        found.add(engine.epoch)
        for view in engine.views:
            found.update(message.epoch for message in view.queue if isinstance(message, Raise))
    found.update(command.epoch for command in _commands(state) if isinstance(command, Apply))
    return found
