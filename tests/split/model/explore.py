"""Breadth first through every state within bounds: the first broken promise or dead end, with its shortest trace, or how many states
hold.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from tests.split.model.state import Configuration, State
from tests.split.model.steps import following, is_good_end, promise


@dataclass(frozen=True, slots=True)
class Found:
    """`ends`: states in which nothing is left to do, or the old side is as it was."""

    states: int
    steps: int
    ends: int
    broken: str | None = None
    trace: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether none broke anything."""
        return self.broken is None


def explore(config: Configuration, _most: int = 0) -> Found:
    """Every history. An end must be reachable from each state, with an operator who still has words to say."""
    bounds = replace(config.bounds, asks=config.bounds.asks + 2)
    patient = replace(config, bounds=bounds)
    first = State()
    came_from: dict[State, tuple[State, str] | None] = {first: None}
    into: dict[State, list[State]] = {}
    queue, steps = deque([first]), 0
    while queue:
        state = queue.popleft()
        if (broken := promise(state)) is not None:
            return Found(len(came_from), steps, 0, broken, _trace(came_from, state))
        for text, after in following(state, patient):
            steps += 1
            into.setdefault(after, []).append(state)
            if after not in came_from:
                came_from[after] = (state, text)
                queue.append(after)
    ends = [state for state in came_from if is_good_end(state)]
    reaching = set(ends)
    queue = deque(ends)
    while queue:
        for before in into.get(queue.popleft(), []):
            if before not in reaching:
                reaching.add(before)
                queue.append(before)
    stuck = [state for state in came_from if state not in reaching and state.asks <= config.bounds.asks]
    if stuck:
        return Found(
            len(came_from), steps, len(ends), "a dead end: neither an end nor a way back is reachable", _trace(came_from, stuck[0])
        )
    return Found(len(came_from), steps, len(ends))


def _trace(came_from: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    found = []
    while (before := came_from[state]) is not None:
        state, text = before
        found.append(text)
    return tuple(found[::-1])
