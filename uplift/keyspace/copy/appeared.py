"""Keys that were written exclusively and were on their target already: this run's from before a break, or somebody else's?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import READINGS_DIFFER_MILLISECONDS, later_by
from uplift.keyspace.server.key_look import KeyLooker, Look, same_big_value
from uplift.keyspace.server.page_reader import ReadLimits, in_pages
from uplift.keyspace.server.source_and_targets import Servers

_KEYS_A_LOOK = 100


@dataclass(frozen=True, slots=True)
class Different:
    """Keys, each with its rule: of another value, or of the same value and another TTL.

    The second are this run's: it died between writing a key and making its TTL exact.
    """

    value: list[tuple[bytes, Rule]]
    ttl: list[tuple[bytes, Rule]]


class AppearedKeys:
    """Looks at the names each target has kept (Target.kept), and empties them. `apart`: a connection to the source."""

    def __init__(self, servers: Servers, apart: Connection, limits: ReadLimits) -> None:
        self._servers = servers
        self._source = KeyLooker(apart, servers.facts, limits, 0.0)
        self._there = [
            KeyLooker(target.connection, target.facts, limits, ahead)
            for target, ahead in zip(servers.targets, servers.clocks_ahead, strict=True)
        ]

    def take_kept(self) -> Iterator[tuple[int, bytes, Rule, bytes]]:
        """Target, key, rule and name of each."""
        for index, target in enumerate(self._servers.targets):
            names, target.kept = target.kept, []
            for name in names:
                origin = origin_of(self._servers.router, index, name)
                if origin is not None:
                    yield index, origin[0], origin[1], name

    def take_different(self) -> Different:
        """Those that are not on their target as they are on the source; the others are as good as copied."""
        found = Different([], [])
        by_target: dict[int, dict[bytes, tuple[Rule, bytes]]] = {}
        for index, key, rule, name in self.take_kept():
            by_target.setdefault(index, {})[key] = (rule, name)
        for index, kept in by_target.items():
            for keys in in_pages(list(kept), _KEYS_A_LOOK):
                self._look(index, {key: kept[key] for key in keys}, found)
        return found

    def _look(self, index: int, kept: dict[bytes, tuple[Rule, bytes]], found: Different) -> None:
        here, there = self._source.look(list(kept)), self._there[index].look([name for _, name in kept.values()])
        for key, (rule, name) in kept.items():
            mine, theirs = here.get(key), there.get(name)
            if mine is None:
                continue
            if theirs is None or not self._same_value(index, key, mine, name, theirs):
                found.value.append((key, rule))
            elif not _end_together(mine, theirs):
                found.ttl.append((key, rule))

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
