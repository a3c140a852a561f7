"""Keys that were written exclusively and were on their target already: this run's from before a break, or somebody else's?"""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import READINGS_DIFFER_MILLISECONDS, later_by
from uplift.keyspace.server.key_look import Look, lookers, same_big_value
from uplift.keyspace.server.page_reader import ReadLimits, in_pages
from uplift.keyspace.server.source_and_targets import Servers

_KEYS_A_LOOK = 100
# A relative TTL is late by as long as the key was under way; no request is waited for longer.
_UNDER_WAY_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that a target has already: its target, rule, and the name it has there."""

    target: int
    key: bytes
    rule: Rule
    name: bytes


@dataclass(frozen=True, slots=True)
class Different:
    """Keys of another value, or of the same value and another TTL. `late` end by as much later as a key can be under way, if only by a ms:
    a run that was broken off between writing a key and making its TTL exact leaves such.
    """

    value: list[KeptKey]
    ttl: list[KeptKey]
    late: list[KeptKey]


class AppearedKeys:
    """Looks at the names each target has kept (Target.kept), and empties them. `apart`: a connection to the source."""

    def __init__(self, servers: Servers, apart: Connection, limits: ReadLimits) -> None:
        self._servers = servers
        self._source, self._there = lookers(servers, apart, limits)

    def take(self) -> list[KeptKey]:
        """The keys there are to look at; none is left."""
        taken = []
        for index, target in enumerate(self._servers.targets):
            names, target.kept = target.kept, []
            for name in names:
                origin = origin_of(self._servers.router, index, name)
                if origin is not None:
                    taken.append(KeptKey(index, *origin, name))
        return taken

    def compare(self, kept: list[KeptKey]) -> Different:
        """Those that are not on their target as they are on the source; the others are as good as copied."""
        found = Different([], [], [])
        for index in range(len(self._there)):
            there = {one.key: one for one in kept if one.target == index}
            for keys in in_pages(list(there), _KEYS_A_LOOK):
                self._look(index, [there[key] for key in keys], found)
        return found

    def _look(self, index: int, kept: list[KeptKey], found: Different) -> None:
        here, there = self._source.look([one.key for one in kept]), self._there[index].look([one.name for one in kept])
        for one in kept:
            mine, theirs = here.get(one.key), there.get(one.name)
            if mine is None:
                continue
            if theirs is None or not self._same_value(index, one.key, mine, one.name, theirs):
                found.value.append(one)
                continue
            if not _end_together(mine, theirs):
                found.ttl.append(one)
            if _ends_late(mine, theirs):
                found.late.append(one)

    def _same_value(self, index: int, key: bytes, mine: Look, name: bytes, theirs: Look) -> bool:
        if mine.kind != theirs.kind:
            return False
        if mine.size or theirs.size:
            one, other = same_big_value(key, self._source, name, self._there[index], mine.kind)
            return bool(one == other)
        return bool(mine.value == theirs.value)


def _end_together(mine: Look, theirs: Look) -> bool:
    if mine.expires_at is None or theirs.expires_at is None:
        return mine.expires_at is theirs.expires_at
    return abs(later_by(theirs.expires_at, mine.expires_at)) <= READINGS_DIFFER_MILLISECONDS


def _ends_late(mine: Look, theirs: Look) -> bool:
    if mine.expires_at is None or theirs.expires_at is None:
        return False
    return 0 < later_by(theirs.expires_at, mine.expires_at) <= _UNDER_WAY_MILLISECONDS
