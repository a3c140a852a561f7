"""Dividing one SCAN into several that together return the same keys.

A cursor of SCAN counts in bit-reversed order: the lowest bit changes last (redis/redis src/dict.c, dictScan, "reverse binary
iteration"). So the cursors with the same low bits lie together: a partition starts at the cursor that is those bits alone and
ends when they change. Tables of both sizes are walked while a table grows or shrinks, and each partition keeps SCAN's guarantee.
It is an internal, so it is used only where it was tried: a single server from 2.8 to 7.2 that is no Valkey (8.1 has another table).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.page_reader import Page, Returned

_FIRST_TRIED = (2, 8)
_FIRST_UNTRIED = (7, 3)


def partition_bits(facts: ServerFacts) -> int:
    """How many low bits divide this server's cursors: 1 where partitions are known to work, else 0."""
    tried = _FIRST_TRIED <= facts.compatible_version[:2] < _FIRST_UNTRIED
    return 1 if tried and not facts.is_valkey and not facts.cluster_enabled else 0


def first_cursors(bits: int) -> tuple[int, ...]:
    """The cursor each partition starts from."""
    return tuple(range(1 << bits))


def next_cursor(cursor: int, partition: int, bits: int) -> int | None:
    """The cursor a partition goes on from after SCAN answered `cursor`; None when the partition is done."""
    if cursor == 0 or cursor & ((1 << bits) - 1) != partition:
        return None
    return cursor


class Border:
    """The last page of one partition runs a little into the next: its keys come again with that one's first page, and are dropped.

    `met` are keyed hashes, so that they can be written down: a copy that goes on later meets the other page of the border then.
    """

    def __init__(self, secret: bytes, met: Iterable[str] = ()) -> None:
        self._secret = secret
        self.met: set[str] = set(met)

    def without_met(self, page: Page[Returned]) -> Page[Returned]:
        """A page at a border without the keys that the other page at this border had."""
        marks = {key: self._mark(key) for key in page.all_keys}
        before = frozenset(self.met)
        self.met.update(marks.values())
        return page.without(lambda key: marks[key] in before)

    def _mark(self, key: bytes) -> str:
        return hashlib.blake2b(key, key=self._secret, digest_size=8).hexdigest()
