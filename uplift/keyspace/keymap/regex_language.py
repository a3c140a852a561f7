"""A regular expression as the set of keys it matches: built from what Python's own parser of them read, so that both mean the same.

Supported are literals, classes, `.`, groups, alternatives, repeats, and the flags i, s, x, a, for all or for one group. What depends on
the place in the key or on an earlier choice is refused: no automaton this small can say exactly what it matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import _parser  # type: ignore[attr-defined]
from typing import Protocol, TypeAlias, runtime_checkable

from uplift.keyspace.keymap.key_language import ALL_BYTES, Language, NotSupported

KEY_FLAGS = re.DOTALL
"""How a key map's regular expressions are read: a key may hold newlines."""

_MOST_REPEATS = 1_000
_NEWLINE = 1 << 10
_CATEGORIES = {
    "CATEGORY_DIGIT": rb"\d", "CATEGORY_NOT_DIGIT": rb"\D", "CATEGORY_WORD": rb"\w",
    "CATEGORY_NOT_WORD": rb"\W", "CATEGORY_SPACE": rb"\s", "CATEGORY_NOT_SPACE": rb"\S",
}  # fmt: skip
_REFUSED = {
    "AT": r"^, $, \A, \Z or \b (the expression is for the whole key anyway)",
    "ASSERT": "a look-ahead or look-behind",
    "ASSERT_NOT": "a negative look-ahead or look-behind",
    "FAILURE": "an empty negative look-ahead",
    "GROUPREF": "a backreference",
    "GROUPREF_EXISTS": "a conditional (?(1)...)",
    "ATOMIC_GROUP": "an atomic group (?>...)",
    "POSSESSIVE_REPEAT": "a possessive repeat such as a*+",
}
_Item: TypeAlias = tuple[object, object]


class _State(Protocol):
    flags: int


@runtime_checkable
class _Parsed(Protocol):
    """What Python's parser returns for an expression and for each part of one."""

    data: list[_Item]
    state: _State


_parse: Callable[[bytes, int], _Parsed] = _parser.parse


def matching(expression: bytes, root: bytes = b"") -> Language:
    """Every key that is `root` and then something the whole expression matches. Raises NotSupported."""
    language = Language()
    parsed = _parse(expression, KEY_FLAGS)
    start = language.literal(0, root)
    language.accepting = _Builder(language).sequence(start, parsed, parsed.state.flags)
    return language


class _Builder:
    """Adds a parsed expression to a language: each method takes a state to start from and returns the end."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def sequence(self, start: int, parsed: _Parsed, flags: int) -> int:
        if flags & re.LOCALE:
            raise NotSupported("the flag L is not supported in a key map")
        for operation, argument in parsed.data:
            start = self._item(start, str(operation), argument, flags)
        return start

    def _item(self, start: int, operation: str, argument: object, flags: int) -> int:
        match operation, argument:
            case (("LITERAL" | "NOT_LITERAL" | "ANY" | "IN"), _):
                return self._language.step(start, _mask(operation, argument, flags))
            case "SUBPATTERN", (_, int(added), int(removed), _Parsed() as inner):
                return self.sequence(start, inner, (flags | added) & ~removed)
            case "BRANCH", (_, list(branches)):
                return self._language.joined([self.sequence(start, branch, flags) for branch in branches])
            case (("MAX_REPEAT" | "MIN_REPEAT"), (int(least), int(most), _Parsed() as inner)):
                return self._repeated(start, least, None if str(most) == "MAXREPEAT" else most, inner, flags)
            case _:
                raise NotSupported(f"{_REFUSED.get(operation, operation.lower())} is not supported in a key map")

    def _repeated(self, start: int, least: int, most: int | None, inner: _Parsed, flags: int) -> int:
        if max(least, most or 0) > _MOST_REPEATS:
            raise NotSupported(f"a repeat above {_MOST_REPEATS} is not supported in a key map")
        for _ in range(least):
            start = self.sequence(start, inner, flags)
        if most is None:
            again = self._language.joined([start])
            self._language.back(self.sequence(again, inner, flags), again)
            return again
        ends = [start]
        for _ in range(most - least):
            start = self.sequence(start, inner, flags)
            ends.append(start)
        return self._language.joined(ends)


def _mask(operation: str, argument: object, flags: int) -> int:
    """The bytes that an item of one byte matches."""
    match operation, argument:
        case "ANY", _:
            return ALL_BYTES if flags & re.DOTALL else ALL_BYTES & ~_NEWLINE
        case "LITERAL", int(byte):
            return _in_both_cases(1 << byte, flags)
        case "NOT_LITERAL", int(byte):
            return ALL_BYTES & ~_in_both_cases(1 << byte, flags)
        case "IN", list(items):
            return _class_mask(items, flags)
        case _:
            raise NotSupported(f"{operation.lower()} is not supported in a key map")


def _class_mask(items: Iterable[_Item], flags: int) -> int:
    mask, negated = 0, False
    for operation, argument in items:
        match str(operation), argument:
            case "NEGATE", _:
                negated = True
            case "LITERAL", int(byte):
                mask |= 1 << byte
            case "RANGE", (int(first), int(last)):
                mask |= (1 << last + 1) - (1 << first)
            case "CATEGORY", category if str(category) in _CATEGORIES:
                matches = re.compile(_CATEGORIES[str(category)], re.DOTALL).match
                mask |= sum(1 << byte for byte in range(256) if matches(bytes([byte])))
            case other, _:
                raise NotSupported(f"{other.lower()} in a class is not supported in a key map")
    mask = _in_both_cases(mask, flags)
    return ALL_BYTES & ~mask if negated else mask


def _in_both_cases(mask: int, flags: int) -> int:
    """With the flag i, also the other case of each letter. In bytes only ASCII letters have one."""
    if not flags & re.IGNORECASE:
        return mask
    return mask | sum(1 << ord(bytes([byte]).swapcase()) for byte in range(256) if mask >> byte & 1)
