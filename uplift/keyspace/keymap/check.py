"""What is wrong with a key map before any key is seen: rules that never decide, that contradict each other, or that make two keys one.

Patterns become automata, so the answer is exact and not a guess from samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from uplift.keyspace.keymap.key_language import Language, NotSupported, beginning_with, exactly, is_within, matching, share_a_key
from uplift.keyspace.keymap.model import ANY_RULE, Action, KeyMap, RuleText


@dataclass(frozen=True, slots=True)
class KeyMapProblem:
    """One error of a key map: which rule, and what to do."""

    rule: str
    message: str


def check_keymap(keymap: KeyMap) -> list[KeyMapProblem]:
    """Every problem, in the order of the rules; an empty list is a sound key map."""
    problems = []
    for rule in keymap.rules:
        try:
            _languages(rule)
        except NotSupported as problem:
            problems.append(KeyMapProblem(rule.name, f"regex: {problem}"))
    return problems or [*_shadowed(keymap), *_contradictions(keymap), *_collisions(keymap)]


def _languages(rule: RuleText, root: str = "") -> list[Language]:
    found = [exactly((root + text).encode()) for text in rule.match.exact]
    found += [beginning_with((root + text).encode()) for text in rule.match.prefix]
    if rule.match.regex:
        found.append(matching(rule.match.regex.encode(), root.encode()))
    return found


def _shadowed(keymap: KeyMap) -> Iterator[KeyMapProblem]:
    for index, rule in enumerate(keymap.rules):
        own = _languages(rule)
        earlier = [one for other in keymap.rules[:index] for one in _languages(other) if any(share_a_key(one, mine) for mine in own)]
        if all(is_within(mine, earlier) for mine in own):
            yield KeyMapProblem(rule.name, "never decides: earlier rules match all its keys; move it up or remove it")


def _contradictions(keymap: KeyMap) -> Iterator[KeyMapProblem]:
    for one, other in combinations(keymap.rules, 2):
        if _outcome(one) == _outcome(other) or _declares(one, other) or _declares(other, one):
            continue
        if _meet(_languages(one), _languages(other)):
            yield KeyMapProblem(
                other.name,
                f"shares keys with {one.name!r}, which decides otherwise and comes first; if that is meant, add overlaps: [{one.name}]",
            )


def _declares(one: RuleText, other: RuleText) -> bool:
    return other.name in one.overlaps or ANY_RULE in one.overlaps


def _outcome(rule: RuleText) -> tuple[str, Action, str]:
    return (rule.to, rule.action, rule.root)


def _collisions(keymap: KeyMap) -> Iterator[KeyMapProblem]:
    """Two keys that get one name. Within a rule a root keeps names apart; so do two rules with the same root."""
    if not keymap.rename:
        return
    copied = [rule for rule in keymap.rules if rule.action is Action.COPY]
    for one, other in combinations(copied, 2):
        if one.to == other.to and one.root != other.root and _meet(_languages(one, one.root), _languages(other, other.root)):
            yield KeyMapProblem(other.name, f"a renamed key of it can meet one of {one.name!r} on {one.to}: give them roots that differ")


def _meet(some: list[Language], others: list[Language]) -> bool:
    return any(share_a_key(one, other) for one in some for other in others)
