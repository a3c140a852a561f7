"""A pair of stacks in every world of what their templates leave open: each finding once, with the values it holds for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from uplift.review.finding import Finding, Impact
from uplift.review.stack_pairs import StackPair
from uplift.review.templates.deciding_parameters import deciding_parameters
from uplift.review.templates.environment import ANYWHERE
from uplift.review.templates.template import HOLDS_REDIS, STACK, StackTemplate
from uplift.review.templates.worlds import MOST_WORLDS, World, every_world, is_cut
from uplift.review.wording.values import shown

_MOST_VALUES = 4


def in_every_world(pair: StackPair, look: Callable[[StackPair], Sequence[Finding]]) -> Iterator[Finding]:
    """What `look` finds in any world; a finding that not all of them have says in which it holds."""
    sides = [side for side in (pair.base, pair.head) if side is not None]
    place = ANYWHERE
    for side in sides:
        place = place.with_what_is_known_of(side.environment)
    deciding = deciding_parameters([side.document for side in sides], place.pseudo_parameters)

    def looked(opening: Collection[str] | None, world: World) -> list[Finding]:
        base, head = (
            side and side.in_world(world, side.environment.with_what_is_known_of(place), deciding, opening)
            for side in (pair.base, pair.head)
        )
        return list(look(StackPair(base, head)))

    worlds = list(every_world(partial(looked, None)))
    if is_cut(worlds[-1][0]):
        worlds = list(every_world(partial(looked, _differing(pair))))
    answers = [world.answers for world, _ in worlds]
    for finding in dict.fromkeys(one for _, found in worlds for one in found):
        held = [world.answers for world, found in worlds if finding in found]
        yield finding if len(held) == len(worlds) else replace(finding, where=_where(held, answers))
    if is_cut(worlds[-1][0]):
        yield _cut(sides[-1])


def _differing(pair: StackPair) -> Collection[str] | None:
    """Resources that are written otherwise: too many values are left open to ask for those of the others. None: any may be concerned."""
    if pair.base is None or pair.head is None:
        return None
    before, after = pair.base.document, pair.head.document
    if any(before.get(name) != after.get(name) for name in ("Conditions", "Mappings", "Parameters")):
        return None
    old, new = before["Resources"], after["Resources"]
    return {logical_id for logical_id in old.keys() | new.keys() if old.get(logical_id) != new.get(logical_id)}


def _cut(stack: StackTemplate) -> Finding:
    """At its worst: what was not looked at may replace a Redis."""
    holds_redis = any(isinstance(raw, dict) and raw.get("Type") in HOLDS_REDIS for raw in stack.document["Resources"].values())
    return Finding(
        Impact.DATA_LOSS if holds_redis else Impact.BEHAVIOUR,
        stack.name,
        stack.name,
        STACK,
        f"only {MOST_WORLDS} sets of parameter values were looked at",
        "Its conditions and mappings leave more open than that, and what the others do was not seen.",
        "review it with the values given, as the manifest's parameters",
    )


def _where(held: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]) -> str:
    """In words: by the fewest questions whose answers decide it."""
    others = [world for world in every if world not in held]
    questions = list(dict.fromkeys(name for world in held for name in world))
    for count in (1, 2, 3):
        for chosen in itertools.combinations(questions, count):
            mine = list(dict.fromkeys(tuple(world.get(name) for name in chosen) for world in held))
            if not any(_could_be(tuple(world.get(name) for name in chosen), mine) for world in others):
                return _said_of(chosen, mine)
    return _said_of(tuple(questions), [tuple(held[0].get(name) for name in questions)])


def _could_be(answers: tuple[Any, ...], held: Sequence[tuple[Any, ...]]) -> bool:
    """Whether these are answers of a world where it holds; one that was not asked could be any."""
    return any(all(None in {one, other} or one == other for one, other in zip(answers, mine, strict=True)) for mine in held)


def _said_of(questions: Sequence[str], answers: Sequence[tuple[Any, ...]]) -> str:
    if len(questions) == 1:
        return _said(questions[0], sorted(str(answer) for (answer,) in answers if answer is not None))
    ways = (
        " and ".join(_said(name, [str(one)]).removeprefix("where ") for name, one in zip(questions, answer, strict=True) if one is not None)
        for answer in answers
    )
    return f"where {'; or where '.join(itertools.islice(ways, _MOST_VALUES))}"


def _said(question: str, answers: Sequence[str]) -> str:
    if question.startswith("{"):
        return f"where {_in_words(question)} is {' or '.join(answers).lower()}"
    more = f" or {len(answers) - _MOST_VALUES} more" if len(answers) > _MOST_VALUES else ""
    return f"where {question} is {' or '.join(answers[:_MOST_VALUES])}{more}"


def _in_words(question: str) -> str:
    """A condition that no parameter decides, as it is asked (`Expressions.condition`)."""
    ((name, argument),) = json.loads(question).items()
    if name == "Condition":
        return f"condition {shown(argument)}"
    return " equal to ".join(map(shown, argument)) if name == "Fn::Equals" else shown({name: argument})
