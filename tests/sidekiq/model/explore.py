"""Breadth first through every state within bounds: the first broken promise, with its shortest trace, or how many states hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.sidekiq.model import promise
from tests.sidekiq.model.begin import beginning
from tests.sidekiq.model.canonical import canonical
from tests.sidekiq.model.mishaps import mishaps
from tests.sidekiq.model.rules import Configuration
from tests.sidekiq.model.state import Left, Mover, Next, Phase, Source, State, Target
from tests.sidekiq.model.step import stepping


@dataclass(frozen=True, slots=True)
class Found:
    """What an exploration came to. `broken`: what of the promise does not hold; `trace`: the shortest way there, or into a dead end."""

    states: int
    steps: int
    ends: int
    is_complete: bool
    broken: str | None = None
    trace: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every state was seen, and none broke anything."""
        return self.is_complete and self.broken is None


def first(config: Configuration) -> State:
    """All jobs on the source, the last of them the oldest; nobody has begun."""
    bounds = config.bounds
    source, target = Source(tuple(range(config.jobs))), Target()
    movers = (Mover(),) * (2 if bounds.beside else 1)
    left = Left(bounds.deaths, bounds.late, bounds.cuts, bounds.beside, bounds.failovers, bounds.pops, bounds.requeues)
    return State(source, target, (source, target) if bounds.failovers else (None, None), movers, (), (), (), left)


def following(state: State, config: Configuration) -> Iterator[Next]:
    """Each step from a state."""
    for me, mover in enumerate(state.movers):
        if mover.phase is Phase.STEADY:
            yield from stepping(state, me, config)
        elif mover.phase not in {Phase.DEAD, Phase.STOPPED}:
            yield from beginning(state, me, config)
    yield from mishaps(state, config)


@dataclass(slots=True)
class _Space:
    """The states seen, each by its number, with the one it came from."""

    states: list[State] = field(default_factory=list)
    numbers: dict[State, int] = field(default_factory=dict)
    came_from: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, state: State, parent: int, text: str) -> int:
        number = self.numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self.came_from.append(parent)
            self.texts.append(text)
        return number

    def trace(self, number: int) -> tuple[str, ...]:
        """The steps to a state."""
        found = []
        while number:
            found.append(self.texts[number])
            number = self.came_from[number]
        return tuple(found[::-1])

    def found(self, is_complete: bool, broken: str | None = None, trace: tuple[str, ...] = ()) -> Found:
        return Found(len(self.states), len(self.edges), len(self.ends), is_complete, broken, trace)


def explore(config: Configuration, most: int = 3_000_000) -> Found:
    """All states of a configuration, up to so many."""
    space = _Space()
    space.add(first(config), 0, "")
    at = 0
    while at < len(space.states):
        state = space.states[at]
        if promise.is_end(state):
            space.ends.append(at)
        for text, after, told in following(state, config):
            wrong = told or promise.broken(after, config)
            if wrong is not None:
                return space.found(False, wrong, (*space.trace(at), text))
            space.edges.append((at, space.add(canonical(after, config), at, text)))
        if len(space.states) > most:
            return space.found(False)
        at += 1
    dead = _dead_end(space)
    return space.found(True) if dead is None else space.found(True, "no end is reachable", space.trace(dead))


def _dead_end(space: _Space) -> int | None:
    """The first state that no end can be reached from."""
    before: list[list[int]] = [[] for _ in space.states]
    for start, end in space.edges:
        before[end].append(start)
    reached = bytearray(len(space.states))
    waiting = list(space.ends)
    while waiting:
        at = waiting.pop()
        if not reached[at]:
            reached[at] = 1
            waiting += before[at]
    dead = reached.find(0)
    return None if dead < 0 else dead
