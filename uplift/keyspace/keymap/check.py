"""What is wrong with a key map before any key is seen: rules that never decide, that contradict each other, or that make two keys one.

Patterns become automata, so the answer is exact and not a guess from samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from uplift.keyspace.keymap.key_language import Language, NotSupported, beginning_with, exactly, is_within, share_a_key
from uplift.keyspace.keymap.model import ANY_RULE, Action, KeyMap, RuleText
from uplift.keyspace.keymap.regex_language import matching
from uplift.keyspace.keymap.rule import OWN_RULES


@dataclass(frozen=True, slots=True)
class KeyMapProblem:
    """One error of a key map: which rule, and what to do."""

    rule: str
    message: str


def check_keymap(keymap: KeyMap) -> list[KeyMapProblem]:
    """Every problem, in the order of the rules; an empty list is a sound key map."""
    plain, problems = _languages_of(keymap, with_roots=False)
    if problems:
        return problems
    found = [*_shadowed(keymap, plain), *_contradictions(keymap, plain)]
    if keymap.rename:
        found += _collisions(keymap)
    return found


_Languages: TypeAlias = dict[str, list[Language]]
"""By the name of a rule, the keys of each of its patterns."""


def _languages_of(keymap: KeyMap, *, with_roots: bool) -> tuple[_Languages, list[KeyMapProblem]]:
    found: _Languages = {}
    problems = []
    for rule in keymap.rules:
        try:
            found[rule.name] = _languages(rule, rule.root if with_roots else "")
        except NotSupported as problem:
            problems.append(KeyMapProblem(rule.name, f"{'regex' if rule.match.regex else 'match'}: {problem}"))
    return found, problems


def _languages(rule: RuleText, root: str) -> list[Language]:
    found = [exactly((root + text).encode()) for text in rule.match.exact]
    found += [beginning_with((root + text).encode()) for text in rule.match.prefix]
    if rule.match.regex:
        found.append(matching(rule.match.regex.encode(), root.encode()))
    return found


def _shadowed(keymap: KeyMap, languages: _Languages) -> Iterator[KeyMapProblem]:
    for index, rule in enumerate(keymap.rules):
        own = languages[rule.name]
        try:
            before = [one for other in keymap.rules[:index] for one in languages[other.name] if _meet([one], own)]
            hidden = all(is_within(mine, before) for mine in own)
        except NotSupported as problem:
            yield KeyMapProblem(rule.name, f"match: {problem}")
            continue
        if hidden:
            yield KeyMapProblem(rule.name, "never decides: earlier rules match all its keys; move it up or remove it")


def _contradictions(keymap: KeyMap, languages: _Languages) -> Iterator[KeyMapProblem]:
    for one, other in combinations(keymap.rules, 2):
        if _outcome(one) == _outcome(other) or _declares(one, other) or _declares(other, one):
            continue
        # Whether rules share keys could be said for all of them, or _shadowed has named the one for which it could not.
        with suppress(NotSupported):
            if _meet(languages[one.name], languages[other.name]):
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
    languages, problems = _languages_of(keymap, with_roots=True)
    yield from problems
    copied = [rule for rule in keymap.rules if rule.action is Action.COPY and rule.name in languages]
    yield from _own_names(copied, languages)
    for one, other in combinations(copied, 2):
        if one.to != other.to or one.root == other.root:
            continue
        try:
            meet = _meet(languages[one.name], languages[other.name])
        except NotSupported as problem:
            yield KeyMapProblem(other.name, f"match: {problem}")
            continue
        if meet:
            yield KeyMapProblem(other.name, f"a renamed key of it can meet one of {one.name!r} on {one.to}: give them roots that differ")


def _own_names(copied: list[RuleText], languages: _Languages) -> Iterator[KeyMapProblem]:
    """Rules whose root makes an own name of a key: it would not be compared, and `uplift clean` would remove it."""
    own = [language for rule in OWN_RULES for language in rule.languages()]
    for rule in copied:
        if not rule.root:
            # Own names are told before the rules of any map, so a key as it is never is one.
            continue
        try:
            meet = _meet(languages[rule.name], own)
        except NotSupported as problem:
            yield KeyMapProblem(rule.name, f"match: {problem}")
            continue
        if meet:
            yield KeyMapProblem(rule.name, "a renamed key of it can be one of Uplift's own names: give it another root")


def _meet(some: list[Language], others: list[Language]) -> bool:
    return any(share_a_key(one, other) for one in some for other in others)
