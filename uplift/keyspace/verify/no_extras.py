"""Whether a target can hold anything but what was found there, without a walk over its names (docs/decisions/0032)."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.replies import ErrorReply, as_int
from uplift.keyspace.server.write_calls import read_write_calls

_BUCKETS = 256
_MOST_KEYS = 25_000_000
"""Of a larger database no names are remembered: they would take more than 200 MB."""


@dataclass(frozen=True, slots=True)
class _Writes:
    """What stays the same of a server that nobody writes to; another process, or another server's data, is no longer the same."""

    run_id: str
    replication_id: str
    role: str
    calls: int


class NoExtras:
    """The argument that one database of one target holds no key but those found there.

    B keys are there when the comparison begins (DBSIZE; expired ones not yet removed are counted too). E are the distinct names, written
    by the map, under which a key was found there while source and target were compared. If the target's own count of write commands is
    the same before DBSIZE and after the comparison, no key came meanwhile: keys may only have expired or been evicted. So E is a subset of
    those B keys. If E is as large as B, the two are the same: each key there was found, and belongs there.

    A scan may return a key twice, so only distinct names count, by a 64-bit hash of 8 bytes a name. Two names with one hash make E
    smaller: that means a walk, never a wrong answer. Where the server does not tell its count, nothing is shown.
    """

    def __init__(self, connection: Connection) -> None:
        """Begins now, in the database the connection is in. Raises SourceUnreachable."""
        self._connection = connection
        self._before = _writes(connection)
        self._keys = self._size() if self._before is not None else 0
        self._is_possible = self._before is not None and self._keys <= _MOST_KEYS
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, names: Iterable[bytes]) -> None:
        """Names under which the target was found to have a key that belongs there. Runs once a page: plain on purpose."""
        if self._is_possible:
            buckets = self._buckets
            for hashed in map(hash, names):
                buckets[hashed % _BUCKETS].append(hashed)

    def are_shown(self) -> bool:
        """Whether the database is shown to hold no other key; False says nothing. Raises SourceUnreachable."""
        if not self._is_possible or sum(map(len, self._buckets)) < self._keys:
            return False
        return sum(len(set(bucket)) for bucket in self._buckets) == self._keys and _writes(self._connection) == self._before

    def _size(self) -> int:
        try:
            return as_int(self._connection.ask("DBSIZE"))
        except ErrorReply:
            return _MOST_KEYS + 1


def _writes(connection: Connection) -> _Writes | None:
    calls = read_write_calls(connection)
    if calls is None:
        return None
    facts = read_server_facts(connection)
    return _Writes(facts.run_id, facts.replication_id, facts.role, calls)
