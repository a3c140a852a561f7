"""Compares keys by looking again: the source, their targets, and the source once more where they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.big_value_reader import InMemory
from uplift.keyspace.server.expiry import READINGS_DIFFER_MILLISECONDS, later_by
from uplift.keyspace.server.key_look import KeyLooker, Look, same_big_value
from uplift.keyspace.verify.result import Difference


@dataclass(frozen=True, slots=True)
class Compared:
    """One key: how it differs from its target, None where it does not, and in what. `is_on_both`: source and target had it."""

    key: bytes
    rule: Rule
    difference: Difference | None
    detail: str = ""
    is_on_both: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    """What of a look is remembered until the next: of a value its elements (bytes of a string) and, unless it is big, its hash."""

    kind: bytes
    elements: int
    value_hash: int | None
    expires_at: int | None


class KeyComparison:
    """Looks at keys some at a time, and remembers how the source's side was at the first look: it may move between two looks only."""

    def __init__(self, source: KeyLooker, targets: list[KeyLooker], ttl_tolerance: int) -> None:
        self._source, self._targets, self._tolerance = source, targets, ttl_tolerance
        self._first: dict[bytes, _Mark | None] = {}

    def compare(self, wanted: list[tuple[bytes, Rule]]) -> list[Compared]:
        """Each key against its target; CHANGING where the source itself moved. `wanted` is what one call may ask for."""
        before = self._source.look([key for key, _ in wanted])
        for key, _ in wanted:
            self._first.setdefault(key, _mark(before.get(key)))
        there = self._look_at_targets(wanted)
        found = []
        for key, rule in wanted:
            mine, theirs = self._with_values(before.get(key), there.get(key), key, rule)
            found.append((key, rule, mine, *_difference(mine, theirs, self._tolerance)))
        after = self._source.look([key for key, _, _, difference, _ in found if difference is not None])
        return [
            replace(self._judged(key, rule, mine, after.get(key), difference, detail), is_on_both=key in before and key in there)
            for key, rule, mine, difference, detail in found
        ]

    def forget(self, key: bytes) -> None:
        """The key will not be compared again."""
        self._first.pop(key, None)

    def _look_at_targets(self, wanted: list[tuple[bytes, Rule]]) -> dict[bytes, Look]:
        """By key of the source, what its target has under its name."""
        found: dict[bytes, Look] = {}
        for index, target in enumerate(self._targets):
            keys = {rule.root + key: key for key, rule in wanted if rule.target == index}
            found.update((keys[name], look) for name, look in target.look(list(keys)).items())
        return found

    def _with_values(self, mine: Look | None, theirs: Look | None, key: bytes, rule: Rule) -> tuple[Look | None, Look | None]:
        """Both sides with values that compare, where a big one has to be read for that; sizes that differ need no reading."""
        if mine is None or theirs is None or mine.kind != theirs.kind or not (mine.size or theirs.size):
            return mine, theirs
        if mine.size and theirs.size and mine.size != theirs.size:
            return replace(mine, value=mine.size), replace(theirs, value=theirs.size)
        one, other = same_big_value(key, self._source, rule.root + key, self._targets[rule.target], mine.kind)
        return replace(mine, value=one, in_pieces=True), replace(theirs, value=other, in_pieces=True)

    def _judged(
        self, key: bytes, rule: Rule, mine: Look | None, after: Look | None, difference: Difference | None, detail: str
    ) -> Compared:
        if difference is None:
            return Compared(key, rule, None)
        if _moved(self._first[key], _mark(after)) or self._big_value_moved(key, mine, after):
            return Compared(key, rule, Difference.CHANGING, "the source itself changes")
        return Compared(key, rule, difference, detail)

    def _big_value_moved(self, key: bytes, mine: Look | None, after: Look | None) -> bool:
        """Whether a big value is another at the second look; it is read again only where it was read before. Small ones have their hash."""
        if mine is None or after is None:
            return False
        if mine.in_pieces:
            return mine.value != self._source.big_value(key, after.kind, like=mine.value)
        if after.size and not mine.size:
            held = self._source.big_value(key, after.kind)
            return not isinstance(held, InMemory) or held.value != mine.value
        return False


def _mark(look: Look | None) -> _Mark | None:
    if look is None:
        return None
    return _Mark(look.kind, look.size or _elements_of(look.value), None if look.size else _hash_of(look.value), look.expires_at)


def _elements_of(value: object) -> int:
    match value:
        case (list() | tuple() as entries, _, _):
            # A stream: entries, last id, groups.
            return len(entries)
        case bytes() | list() | dict() | frozenset():
            return len(value)
        case _:
            return 0


def _hash_of(value: object) -> int:
    match value:
        case list():
            return hash(tuple(value))
        case dict():
            return hash(frozenset(value.items()))
        case _:
            return hash(value)


def _moved(first: _Mark | None, later: _Mark | None) -> bool:
    """Whether two looks at one key of one server saw different things; two readings of one TTL differ by some ms."""
    if first is None or later is None:
        return first is not later
    if (first.kind, first.elements) != (later.kind, later.elements):
        return True
    if None not in {first.value_hash, later.value_hash} and first.value_hash != later.value_hash:
        return True
    if first.expires_at is None or later.expires_at is None:
        return first.expires_at is not later.expires_at
    return abs(later_by(later.expires_at, first.expires_at)) > READINGS_DIFFER_MILLISECONDS


def _difference(source: Look | None, target: Look | None, tolerance: int) -> tuple[Difference | None, str]:
    if source is None:
        return (None, "") if target is None or target.ends_within(tolerance) else (Difference.EXTRA, "not on the source")
    if target is None:
        return (None, "") if source.ends_within(tolerance) else (Difference.MISSING, "not on the target")
    if source.kind != target.kind:
        return Difference.VALUE, f"a {target.kind.decode()}, on the source a {source.kind.decode()}"
    if source.value != target.value:
        return Difference.VALUE, f"another {source.kind.decode()}"
    if (source.expires_at is None) != (target.expires_at is None):
        return Difference.TTL, "never expires, on the source it does" if target.expires_at is None else "expires, on the source it does not"
    if source.expires_at is not None and target.expires_at is not None:
        apart = later_by(target.expires_at, source.expires_at)
        if abs(apart) > tolerance:
            return Difference.TTL, f"expires {apart:+,} ms from when it does on the source"
    return None, ""
