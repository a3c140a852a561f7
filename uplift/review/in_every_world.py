"""A pair of stacks in every world of what their templates leave open: each finding once, with the values it holds for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from uplift.review.finding import Finding, Impact
from uplift.review.stack_pairs import StackPair
from uplift.review.templates.deciding_parameters import deciding_parameters
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import STACK, StackTemplate
from uplift.review.templates.worlds import MOST_WORLDS, World, every_world, is_cut

_MOST_VALUES = 4


def in_every_world(pair: StackPair, look: Callable[[StackPair], Sequence[Finding]]) -> Iterator[Finding]:
    """What `look` finds in any world; a finding that not all of them have says in which it holds."""
    sides = [side for side in (pair.base, pair.head) if side is not None]
    place = DeployEnvironment()
    for side in sides:
        place = place.with_what_is_known_of(side.environment)
    deciding = deciding_parameters([side.document for side in sides], place.pseudo_parameters)

    def looked(world: World) -> list[Finding]:
        base, head = (side and side.in_world(world, _place(side, place), deciding) for side in (pair.base, pair.head))
        return list(look(StackPair(base, head)))

    worlds = list(every_world(looked))
    answers = [world.answers for world, _ in worlds]
    for finding in dict.fromkeys(one for _, found in worlds for one in found):
        held = [world.answers for world, found in worlds if finding in found]
        yield finding if len(held) == len(worlds) else replace(finding, where=_where(held, answers))
    if is_cut(worlds[-1][0]):
        name = sides[-1].name
        yield Finding(
            Impact.BEHAVIOUR,
            name,
            name,
            STACK,
            f"only {MOST_WORLDS} sets of parameter values were looked at",
            "Its conditions and mappings leave more open than that.",
            "review it with the values given, as the manifest's parameters",
        )


def _place(side: StackTemplate, place: DeployEnvironment) -> DeployEnvironment:
    return side.environment.with_what_is_known_of(place)


def _where(held: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]) -> str:
    """In words: by the one question that decides it where there is one, else the answers of the first world."""
    for question in dict.fromkeys(name for world in held for name in world):
        mine = {world.get(question) for world in held}
        others = {world.get(question) for world in every if world not in held}
        if None not in mine and not mine & others:
            return _said(question, sorted(map(str, mine)))
    return " and ".join(_said(question, [str(answer)]) for question, answer in held[0].items())


def _said(question: str, answers: Sequence[str]) -> str:
    if question.startswith("{"):
        return f"where {question} is {' or '.join(answers).lower()}"
    more = f" or {len(answers) - _MOST_VALUES} more" if len(answers) > _MOST_VALUES else ""
    return f"where {question} is {' or '.join(answers[:_MOST_VALUES])}{more}"
