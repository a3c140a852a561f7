"""Whether the servers still hold what they held when a copy stopped: only then do its cursors mean anything."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.errors import NotSafe
from uplift.keyspace.copy.marker import has_marker
from uplift.keyspace.copy.state import CopyState, Side
from uplift.keyspace.server.connection import pack
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.replies import as_scan
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Target

_SAMPLE_KEYS = 200
# No more than a page: of many partitions each may be no further.
_LEAST_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Found:
    """`why` the scan begins again, empty where it goes on.

    `unmarked`: target and database of where what the copy wrote is not any more, or was never; `ours_is_there`: whether it is somewhere.
    """

    why: tuple[str, ...]
    unmarked: frozenset[tuple[str, int]]
    ours_is_there: bool


def look_at_data(state: CopyState, servers: Servers) -> Found:
    """Compare servers with the state of a copy that stopped. Raises NotSafe where a target evicted what the copy had written."""
    begun = sorted(database for database, progress in state.databases.items() if progress.has_begun)
    why = _source_changed(state.source, servers.facts)
    unmarked: set[tuple[str, int]] = set()
    for target, side in zip(servers.targets, state.targets, strict=True):
        reason = [f"{target.name}: restarted or failed over since"] if side.run_id != target.facts.run_id else []
        without = [database for database in begun if not _is_marked(target, database, state.run)]
        if state.is_copied:
            # Only the end of the run was broken off, which removes the markers.
            without = [database for database in without if not _sample_is_there(servers, state, [database], target)]
        unmarked |= {(target.name, database) for database in without}
        if without and not reason:
            _refuse_eviction(target, side)
            reason = [_why_unmarked(target, side, without)]
        why += reason
    if begun and not why and not _sample_is_there(servers, state, begun):
        why = ["the source or a target holds other data than it did: most of a sample of copied keys is not there"]
    return Found(tuple(why), frozenset(unmarked), len(unmarked) < len(begun) * len(servers.targets))


def _source_changed(side: Side, facts: ServerFacts) -> list[str]:
    """A primary without replicas takes a new replication id after an hour (repl-backlog-ttl): then the scan is made twice, no harm done."""
    if side.run_id != facts.run_id:
        return ["source: restarted or failed over since"]
    if side.replication_id != facts.replication_id:
        return ["source: followed another server since"]
    return []


def _why_unmarked(target: Target, side: Side, databases: list[int]) -> str:
    if side.replication_id != target.facts.replication_id:
        return f"{target.name}: followed another server since, and the copy's marker is gone"
    numbers = ", ".join(map(str, databases))
    return f"{target.name}: database {numbers} was flushed since (the copy's marker is gone, and nothing was evicted)"


def _is_marked(target: Target, database: int, run: str) -> bool:
    target.connection.select(database)
    return has_marker(target, run)


def _refuse_eviction(target: Target, side: Side) -> None:
    evicted = target.facts.evicted_keys - side.evicted_before
    if evicted > 0:
        raise NotSafe(
            f"{target.name} evicted {evicted:,} keys since the copy began (evicted_keys grew, and the copy's marker is gone): it is "
            "too small, and what is there now is not complete. Start over on a larger node, or with maxmemory-policy noeviction"
        )


def _sample_is_there(servers: Servers, state: CopyState, databases: list[int], only: Target | None = None) -> bool:
    """Whether at least half the keys that the source has where the scan has been are on their targets, or on the one given."""
    expected = there = 0
    for database in databases:
        servers.select(database)
        cursors = state.databases[database].cursors
        for first, cursor in enumerate(cursors):
            if cursor == first:
                continue
            _, keys = as_scan(servers.source.ask("SCAN", first, "COUNT", max(_LEAST_SAMPLE, _SAMPLE_KEYS // len(cursors))))
            names: list[list[bytes]] = [[] for _ in servers.targets]
            for key in keys:
                rule = servers.router.route(key)
                if rule is not None and rule.target >= 0:
                    names[rule.target].append(rule.root + key)
            for target, wanted in zip(servers.targets, names, strict=True):
                if only not in {None, target}:
                    continue
                expected += len(wanted)
                there += target.connection.ask_all([pack("EXISTS", name) for name in wanted]).count(1) if wanted else 0
    return 2 * there >= expected
