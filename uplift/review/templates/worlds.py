"""What two templates leave open, answered in every way: each set of answers is one world, and the same answers hold in both templates.

Only what a condition or a mapping asks for is answered; any other value that only the deploy knows stays an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

MOST_WORLDS = 64

_Answer = TypeVar("_Answer")
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Asked:
    """One question of a world: which of its answers this world has."""

    answer: Any
    place: int
    count: int


@dataclass(slots=True)
class World:
    """Answers each question once, and remembers. `prefix`: the places of the first answers; all later ones are first answers.

    While it `is_settled`, a new question gets its first answer and makes no world.
    """

    prefix: Sequence[int] = ()
    asked: dict[str, _Asked] = field(default_factory=dict)
    is_settled: bool = False

    def answer(self, question: str, answers: Sequence[_Answer]) -> _Answer:
        """The answer of this world; `question` tells it from all others, and names it for people."""
        known = self.asked.get(question)
        if known is None and self.is_settled:
            return answers[0]
        if known is None:
            number = len(self.asked)
            place = self.prefix[number] if number < len(self.prefix) else 0
            known = self.asked[question] = _Asked(answers[place], place, len(answers))
        found: _Answer = known.answer
        return found

    @property
    def answers(self) -> Mapping[str, Any]:
        """Every question that was asked, with its answer."""
        return {question: one.answer for question, one in self.asked.items()}

    @property
    def _next(self) -> list[int] | None:
        places = [(one.place, one.count) for one in self.asked.values()]
        while places and places[-1][0] + 1 == places[-1][1]:
            places.pop()
        if not places:
            return None
        return [place for place, _ in places[:-1]] + [places[-1][0] + 1]


def every_world(look: Callable[[World], _Result]) -> Iterator[tuple[World, _Result]]:
    """`look` in each world, the world of all first answers first, up to MOST_WORLDS; the last has more behind it where `is_cut`."""
    prefix: list[int] | None = []
    for _ in range(MOST_WORLDS):
        world = World(prefix or ())
        result = look(world)
        prefix = world._next
        yield world, result
        if prefix is None:
            return


def is_cut(world: World) -> bool:
    """Whether worlds come after this one."""
    return world._next is not None
