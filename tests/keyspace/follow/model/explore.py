"""Breadth first through every state within bounds: the first broken promise, with its shortest trace, or how many states hold it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tests.keyspace.follow.model import promise
from tests.keyspace.follow.model.canonical import canonical
from tests.keyspace.follow.model.rules import Configuration
from tests.keyspace.follow.model.state import State
from tests.keyspace.follow.model.steps import beginning, following


@dataclass(frozen=True, slots=True)
class Found:
    """What an exploration came to. `broken`: what of the promise does not hold; `trace`: the shortest way there, or into a dead end."""

    states: int
    steps: int
    ends: int
    dead_ends: int
    is_complete: bool
    broken: str | None
    trace: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every state was seen, and none broke anything."""
        return self.is_complete and self.broken is None and not self.dead_ends


class _Space:
    """The states seen. Parts that are equal are kept once: a state is a few references."""

    def __init__(self, config: Configuration) -> None:
        self._config = config
        self._parts: dict[object, int] = {}
        self.indices: dict[tuple[int, ...], int] = {}
        self.came_from: list[int] = []
        self.texts: list[str] = []
        self._words: dict[str, str] = {}
        self.waiting: deque[tuple[int, State]] = deque()

    def add(self, state: State, parent: int, text: str) -> int:
        """The index of a state, which is new or not."""
        state = canonical(state, self._config.rules.lease, self._config.bounds.failovers > 0)
        parts = self._parts
        key = tuple(
            [parts.setdefault(part, len(parts)) for part in (state.servers, state.orphans, state.record, state.left, *state.engines)]
        )
        index = self.indices.setdefault(key, len(self.came_from))
        if index == len(self.came_from):
            self.came_from.append(parent)
            self.texts.append(self._words.setdefault(text, text))
            self.waiting.append((index, state))
        return index

    def trace(self, index: int) -> list[str]:
        """The steps to a state."""
        found = []
        while index:
            found.append(self.texts[index])
            index = self.came_from[index]
        return found[::-1]


def explore(config: Configuration, most: int = 1_000_000) -> Found:
    """All states of a configuration, up to so many."""
    space = _Space(config)
    space.add(beginning(config), 0, "")
    edges: list[tuple[int, int]] = []
    ends: list[int] = []
    while space.waiting:
        index, state = space.waiting.popleft()
        if promise.is_quiet(state):
            wrong = promise.at_rest(state)
            if wrong is not None:
                return Found(len(space.came_from), len(edges), len(ends), 0, False, wrong, tuple(space.trace(index)))
            ends.append(index)
        for text, after, wrong in following(state, config):
            if wrong is not None:
                trace = (*space.trace(index), text)
                return Found(len(space.came_from), len(edges), len(ends), 0, False, wrong, trace)
            edges.append((index, space.add(after, index, text)))
        if len(space.came_from) > most:
            return Found(len(space.came_from), len(edges), len(ends), 0, False, None, ())
    dead = _dead_ends(len(space.came_from), edges, ends)
    trace = tuple(space.trace(dead[0])) if dead else ()
    broken = "no end is reachable" if dead else None
    return Found(len(space.came_from), len(edges), len(ends), len(dead), True, broken, trace)


def _dead_ends(count: int, edges: list[tuple[int, int]], ends: list[int]) -> list[int]:
    """The states that no end can be reached from."""
    before: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        before[end].append(start)
    reached = bytearray(count)
    waiting = list(ends)
    for index in ends:
        reached[index] = 1
    while waiting:
        for index in before[waiting.pop()]:
            if not reached[index]:
                reached[index] = 1
                waiting.append(index)
    return [index for index in range(count) if not reached[index]]
