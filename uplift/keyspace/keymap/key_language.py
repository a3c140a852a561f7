"""The set of keys a pattern matches, as an automaton over bytes: enough to say whether two patterns share a key.

Why not a library: greenery, which builds whole automata over Unicode, had not ended on the key map of vets-api after ten
minutes. Walking the pairs of states that can really be reached takes milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

_ALL = (1 << 256) - 1
_MOST_REPEATS = 1_000
_CATEGORIES = {
    sre.CATEGORY_DIGIT: rb"\d", sre.CATEGORY_NOT_DIGIT: rb"\D", sre.CATEGORY_WORD: rb"\w",
    sre.CATEGORY_NOT_WORD: rb"\W", sre.CATEGORY_SPACE: rb"\s", sre.CATEGORY_NOT_SPACE: rb"\S",
}  # fmt: skip


class NotSupported(ValueError):
    """A construct of regular expressions that a key map may not use, such as a look-ahead."""


@dataclass
class Language:
    """A non-deterministic automaton: from state 0 to `accepting`; `steps[state]` are (bytes as a bit mask, next state)."""

    steps: list[list[tuple[int, int]]] = field(default_factory=lambda: [[]])
    free: list[list[int]] = field(default_factory=lambda: [[]])
    accepting: int = 0

    def _state(self) -> int:
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def _step(self, start: int, mask: int) -> int:
        end = self._state()
        self.steps[start].append((mask, end))
        return end

    def literal(self, start: int, text: bytes) -> int:
        """Add a path that spells `text`; returns its end."""
        for byte in text:
            start = self._step(start, 1 << byte)
        return start

    def anything(self, start: int) -> None:
        """Let any bytes follow."""
        self.steps[start].append((_ALL, start))

    def parsed(self, start: int, items: Iterable[tuple[Any, Any]]) -> int:
        """Add what a parsed regular expression matches; returns its end. Raises NotSupported."""
        for operation, argument in items:
            start = self._parsed_item(start, operation, argument)
        return start

    def _parsed_item(self, start: int, operation: Any, argument: Any) -> int:
        if operation is sre.LITERAL:
            return self._step(start, 1 << argument)
        if operation is sre.NOT_LITERAL:
            return self._step(start, _ALL & ~(1 << argument))
        if operation is sre.ANY:
            return self._step(start, _ALL)
        if operation is sre.IN:
            return self._step(start, _class_mask(argument))
        if operation is sre.SUBPATTERN:
            return self.parsed(start, argument[-1])
        if operation is sre.BRANCH:
            ends = [self.parsed(start, branch) for branch in argument[1]]
            return self._joined(ends)
        if operation in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
            return self._repeated(start, *argument)
        raise NotSupported(f"{str(operation).lower()} is not supported in a key map")

    def _joined(self, ends: list[int]) -> int:
        join = self._state()
        for end in ends:
            self.free[end].append(join)
        return join

    def _repeated(self, start: int, least: int, most: Any, items: Any) -> int:
        if least > _MOST_REPEATS or (most is not sre.MAXREPEAT and most > _MOST_REPEATS):
            raise NotSupported(f"a repeat above {_MOST_REPEATS} is not supported in a key map")
        for _ in range(least):
            start = self.parsed(start, items)
        if most is sre.MAXREPEAT:
            again = self._joined([start])
            self.free[self.parsed(again, items)].append(again)
            return again
        ends = [start]
        for _ in range(most - least):
            start = self.parsed(start, items)
            ends.append(start)
        return self._joined(ends)

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        """These states and all that are reached without a byte."""
        reached, open_states = set(states), list(states)
        while open_states:
            for following in self.free[open_states.pop()]:
                if following not in reached:
                    reached.add(following)
                    open_states.append(following)
        return frozenset(reached)


def _class_mask(items: Iterable[tuple[Any, Any]]) -> int:
    mask, negated = 0, False
    for operation, argument in items:
        if operation is sre.NEGATE:
            negated = True
        elif operation is sre.LITERAL:
            mask |= 1 << argument
        elif operation is sre.RANGE:
            mask |= sum(1 << byte for byte in range(argument[0], argument[1] + 1))
        elif operation is sre.CATEGORY:
            category = re.compile(_CATEGORIES[argument], re.DOTALL)
            mask |= sum(1 << byte for byte in range(256) if category.match(bytes([byte])))
    return _ALL & ~mask if negated else mask


def exactly(text: bytes) -> Language:
    """One key."""
    language = Language()
    language.accepting = language.literal(0, text)
    return language


def beginning_with(text: bytes) -> Language:
    """Every key with this beginning."""
    language = exactly(text)
    language.anything(language.accepting)
    return language


def matching(expression: bytes, root: bytes = b"") -> Language:
    """Every key that is `root` and then something the whole expression matches. Raises NotSupported."""
    language = Language()
    start = language.literal(0, root)
    language.accepting = language.parsed(start, sre_parser.parse(expression, re.DOTALL))
    return language


def share_a_key(one: Language, other: Language) -> bool:
    """Whether some key is in both."""
    first = (one.closure([0]), other.closure([0]))
    seen, open_pairs = {first}, [first]
    while open_pairs:
        states, others = open_pairs.pop()
        if one.accepting in states and other.accepting in others:
            return True
        for mask, reached in _moves(one, states):
            for other_mask, other_reached in _moves(other, others):
                pair = (reached, other_reached)
                if mask & other_mask and pair not in seen:
                    seen.add(pair)
                    open_pairs.append(pair)
    return False


def _moves(language: Language, states: frozenset[int]) -> list[tuple[int, frozenset[int]]]:
    return [(mask, language.closure([following])) for state in states for mask, following in language.steps[state]]


def is_within(one: Language, others: list[Language]) -> bool:
    """Whether every key of `one` is in at least one of `others`."""
    start = (one.closure([0]), tuple(other.closure([0]) for other in others))
    seen, open_pairs = {start}, [start]
    while open_pairs:
        states, covers = open_pairs.pop()
        accepted = any(other.accepting in cover for other, cover in zip(others, covers, strict=True))
        if one.accepting in states and not accepted:
            return False
        steps = [[step for state in cover for step in other.steps[state]] for other, cover in zip(others, covers, strict=True)]
        for mask, reached in _moves(one, states):
            for byte in _representatives(mask, steps):
                following = tuple(
                    other.closure({target for allowed, target in own if allowed >> byte & 1})
                    for other, own in zip(others, steps, strict=True)
                )
                pair = (reached, following)
                if pair not in seen:
                    seen.add(pair)
                    open_pairs.append(pair)
    return True


def _representatives(mask: int, steps: list[list[tuple[int, int]]]) -> list[int]:
    """One byte of each set of bytes that no step tells apart."""
    sets = [mask]
    for own in steps:
        for allowed, _ in own:
            sets = [part for found in sets for part in (found & allowed, found & ~allowed) if part]
    return [(found & -found).bit_length() - 1 for found in sets]
