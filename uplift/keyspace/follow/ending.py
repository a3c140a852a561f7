"""The end of a follow: its own keys are taken from the servers, and what remains is said."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.follow.own_keys_there import Place, del_command, remove_own_keys
from uplift.keyspace.follow.own_names import CANARY, LEASE
from uplift.keyspace.follow.starting import places
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.source_and_targets import TargetUrl

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Removal:
    """What came of it: how many keys were removed, and a line for each place where some remain."""

    removed: int
    remaining: tuple[str, ...]

    @property
    def text(self) -> str:
        """In one line."""
        rest = "; ".join(self.remaining) or "none remains on a server"
        return f"{self.removed:,} keys of the follow's own were removed, {rest}; the data of all servers stays as it is"


def end_follow(source: Endpoint, targets: tuple[TargetUrl, ...], databases: list[int], run: str) -> Removal:
    """Remove lease, canary and temporary keys of one run from every server that can be reached."""
    removed, remaining = 0, []
    for database in databases:
        for place in places(source, targets, database):
            try:
                count, other = _remove(place, run)
            except (SourceUnreachable, TargetRefused) as problem:
                remaining.append(f"{place}: {problem}: {del_command(place, [LEASE, CANARY])} removes them")
                continue
            removed += count
            if other:
                remaining.append(f"{place}: the lease of {other.decode('ascii', 'replace')} stays: it is another engine's")
    return Removal(removed, tuple(remaining))


def _remove(place: Place, run: str) -> tuple[int, bytes]:
    with connected(place.endpoint, database=place.database, timeout_seconds=_TIMEOUT_SECONDS) as connection:
        return remove_own_keys(connection, read_server_facts(connection), run)
