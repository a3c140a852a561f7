"""Keys that were written exclusively and were on their target already: which are somebody else's?"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import READINGS_DIFFER_MILLISECONDS, later_by
from uplift.keyspace.server.key_look import KeyLooker, Look, same_big_value
from uplift.keyspace.server.page_reader import ReadLimits, in_pages
from uplift.keyspace.server.source_and_targets import Servers

_KEYS_A_LOOK = 100


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

    def take_strangers(self) -> list[tuple[bytes, Rule]]:
        """Keys that are not on the target as they are on the source. Equal ones were read twice by the scan, or are as good as copied."""
        strangers: list[tuple[bytes, Rule]] = []
        by_target: dict[int, dict[bytes, tuple[Rule, bytes]]] = {}
        for index, key, rule, name in self.take_kept():
            by_target.setdefault(index, {})[key] = (rule, name)
        for index, kept in by_target.items():
            for keys in in_pages(list(kept), _KEYS_A_LOOK):
                strangers += [(key, kept[key][0]) for key in self._different(index, {key: kept[key][1] for key in keys})]
        return strangers

    def _different(self, index: int, names: dict[bytes, bytes]) -> Iterator[bytes]:
        here, there = self._source.look(list(names)), self._there[index].look(list(names.values()))
        for key, name in names.items():
            mine, theirs = here.get(key), there.get(name)
            if mine is None:
                continue
            if theirs is None or mine.kind != theirs.kind or not _end_together(mine, theirs):
                yield key
            elif mine.size or theirs.size:
                one, other = same_big_value(key, self._source, name, self._there[index], mine.kind)
                if one != other:
                    yield key
            elif mine.value != theirs.value:
                yield key


def _end_together(mine: Look, theirs: Look) -> bool:
    if mine.expires_at is None or theirs.expires_at is None:
        return mine.expires_at is theirs.expires_at
    return abs(later_by(theirs.expires_at, mine.expires_at)) <= READINGS_DIFFER_MILLISECONDS
