"""The dirty keys of one side: what events said of each key since it was last equal on both sides.

A touch is settled by its position in the stream, never by time. A hot key is one entry, whatever it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from uplift.keyspace.follow.evidence import TouchKind

# A list of five numbers, its dictionary entry and what Python keeps beside them, without the name itself (sys.getsizeof, CPython 3.11).
_ENTRY_BYTES = 360
_FIELDS = 5


class Touch(NamedTuple):
    """What came before a marker. `round`: of the last marker before the latest write, or, where only the life changed, that change."""

    kinds: frozenset[TouchKind]
    round: int
    position: int


_STRONGEST_FIRST = (TouchKind.WRITTEN, TouchKind.REMOVED, TouchKind.LIFE, TouchKind.EXPIRED, TouchKind.EVICTED)
_ALONE = tuple(frozenset({kind}) for kind in TouchKind)


class Touches:
    """By key, and there by kind: the first and the last position, and the round of the last marker before each.

    `bytes` is about what they take in memory.
    """

    def __init__(self) -> None:
        self.bytes = 0
        # Flat, five numbers for a kind: kind, first position, its round, last position, its round. Lists cost half of what objects do.
        self._by_key: dict[bytes, list[int]] = {}
        # How many entries have each round as their oldest: a settled entry goes to the end, so their order says nothing of it.
        self._oldest: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: bytes) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[bytes]:
        """The keys, those touched first first."""
        return iter(self._by_key)

    def note(self, key: bytes, kind: TouchKind, position: int, round_: int) -> None:
        """An event of this kind, at this position of the stream, after the marker of this round."""
        entry = self._by_key.get(key)
        if entry is None:
            self._add(key, [kind, position, round_, position, round_])
            return
        for at in range(0, len(entry), _FIELDS):
            if entry[at] == kind:
                entry[at + 3] = position
                entry[at + 4] = round_
                return
        entry += (kind, position, round_, position, round_)

    def before(self, key: bytes, position: int) -> Touch | None:
        """What touched the key before a position; None where nothing did."""
        entry = self._by_key.get(key)
        if entry is None:
            return None
        if len(entry) == _FIELDS and entry[3] < position:
            return Touch(_ALONE[entry[0]], entry[4], entry[3])
        found = {}
        for at in range(0, len(entry), _FIELDS):
            if entry[at + 1] < position:
                # Where it came again behind the position, the last time before it is not known: the first is the safe one, since the
                # key is dirty anyway and what is written over it is compared.
                last = at + 3 if entry[at + 3] < position else at + 1
                found[TouchKind(entry[at])] = (entry[last], entry[last + 1])
        if not found:
            return None
        deciding = [found[kind] for kind in (TouchKind.WRITTEN, TouchKind.REMOVED) if kind in found] or [
            next(found[kind] for kind in _STRONGEST_FIRST if kind in found)
        ]
        latest, round_ = max(deciding)
        return Touch(frozenset(found), round_, latest)

    def settle(self, key: bytes, position: int, round_: int) -> None:
        """Both sides were equal at a position, which is that of a marker of this round: what came before it is done with."""
        entry = self._by_key.get(key)
        if entry is None:
            return
        if len(entry) == _FIELDS and entry[3] < position:
            self._drop(key)
            return
        left: list[int] = []
        for at in range(0, len(entry), _FIELDS):
            if entry[at + 3] >= position:
                kind, first, _, last, last_round = entry[at : at + _FIELDS]
                # What came between the position and the last time is not known: the position itself is the safe first.
                left += entry[at : at + _FIELDS] if first >= position else (kind, position, round_, last, last_round)
        self._drop(key)
        if left:
            # At the end again: a key that is written all the time does not keep others waiting.
            self._add(key, left)

    def settle_older(self, round_: int) -> None:
        """Drop what came before this round in full: an engine that knows better settled it."""
        for key in [key for key, entry in self._by_key.items() if all(entry[at] < round_ for at in range(4, len(entry), _FIELDS))]:
            self._drop(key)

    def take_all(self) -> frozenset[bytes]:
        """Forget every touch; the keys that had one."""
        keys = frozenset(self._by_key)
        self._by_key.clear()
        self._oldest.clear()
        self.bytes = 0
        return keys

    @property
    def oldest_round(self) -> int | None:
        """A round that no unsettled touch came before; None where there is none."""
        return min(self._oldest, default=None)

    def first_round(self, key: bytes) -> int | None:
        """A round that no unsettled touch of the key came before; None where it has none."""
        entry = self._by_key.get(key)
        return None if entry is None else _oldest_of(entry)

    def _add(self, key: bytes, entry: list[int]) -> None:
        self._by_key[key] = entry
        self.bytes += len(key) + _ENTRY_BYTES
        oldest = _oldest_of(entry)
        self._oldest[oldest] = self._oldest.get(oldest, 0) + 1

    def count_before(self, round_: int, most: int) -> int:
        """How many keys were touched first before this round, as far as `most`."""
        count = 0
        for entry in self._by_key.values():
            if count >= most or entry[2] >= round_:
                break
            count += 1
        return count

    def _drop(self, key: bytes) -> None:
        entry = self._by_key.pop(key)
        self.bytes -= len(key) + _ENTRY_BYTES
        oldest = _oldest_of(entry)
        left = self._oldest[oldest] - 1
        if left:
            self._oldest[oldest] = left
        else:
            del self._oldest[oldest]


def _oldest_of(entry: list[int]) -> int:
    """The round of the earliest first touch; a kind that is added later never has an earlier one."""
    return entry[2] if len(entry) == _FIELDS else min(entry[2::_FIELDS])
