"""Dividing one SCAN into several that together return the same keys.

A cursor of SCAN counts in bit-reversed order: the lowest bit changes last (redis/redis src/dict.c, dictScan, "reverse binary
iteration"). So the cursors with the same low bits lie together: a partition starts at the cursor that is those bits alone and
ends when they change. Tables of both sizes are walked while a table grows or shrinks, and each partition keeps SCAN's guarantee.
Valkey 9.1 has another table, whose cursors count in the same way. It is an internal, so it is used only where it was tried
(tests/keyspace/test_scan_and_pages.py): a single server from 2.8 to 8.2, or a Valkey up to 9.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.scan_page import PageOf
from uplift.keyspace.server.window import requests_under_way

MOST_PARTITIONS = 64
_FIRST_TRIED = (2, 8)
_FIRST_UNTRIED = (8, 3)
_FIRST_UNTRIED_VALKEY = (9, 2)
_LEAST_KEYS_A_PARTITION = 200


def partitions_of(facts: ServerFacts, requests: int, keys: int) -> int:
    """Into how many partitions, a power of two, to divide this server's scan so that so many requests can be under way.

    `keys`: of the database; a few keys are not worth many partitions. 1 where partitions were not tried.
    """
    if not may_be_divided(facts):
        return 1
    partitions = 2
    while partitions < min(requests, MOST_PARTITIONS, keys // _LEAST_KEYS_A_PARTITION):
        partitions *= 2
    return partitions


def partitions_at(facts: ServerFacts, round_trip_seconds: float, database: int) -> int:
    """Into how many partitions to divide the scan of one database of a server that is so far away."""
    return partitions_of(facts, requests_under_way(round_trip_seconds), facts.keys_in(database))


def may_be_divided(facts: ServerFacts) -> bool:
    """Whether partitions are known to work on this server."""
    if facts.cluster_enabled:
        return False
    if facts.is_valkey:
        return tuple(int(number) for number in facts.version.split(".")[:2]) < _FIRST_UNTRIED_VALKEY
    return _FIRST_TRIED <= facts.compatible_version[:2] < _FIRST_UNTRIED


def next_cursor(cursor: int, partition: int, partitions: int) -> int | None:
    """The cursor a partition goes on from after SCAN answered `cursor`; None when the partition is done. Each begins at its own number."""
    if cursor == 0 or cursor % partitions != partition:
        return None
    return cursor


class Border:
    """The last page of one partition runs a little into the next: its keys come again with that one's first page, and are dropped.

    `met` are keyed hashes, so that they can be written down: a copy that goes on later meets the other page of the border then.
    """

    def __init__(self, secret: bytes, met: Iterable[str] = ()) -> None:
        self._secret = secret
        self.met: set[str] = set(met)

    def without_met(self, page: PageOf) -> PageOf:
        """A page at a border without the keys that the other page at this border had."""
        marks = {key: self._mark(key) for key in page.all_keys}
        before = frozenset(self.met)
        self.met.update(marks.values())
        return page.without(lambda key: marks[key] in before)

    def _mark(self, key: bytes) -> str:
        return hashlib.blake2b(key, key=self._secret, digest_size=8).hexdigest()
