"""The end of a follow: its own keys are taken from the servers, and what remains is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uplift.errors import BadInput, SourceUnreachable, TargetRefused
from uplift.keyspace.follow.first_copy import unfinished_run
from uplift.keyspace.follow.own_keys_there import Place, del_command, remove_own_keys
from uplift.keyspace.follow.own_names import CANARY, LEASE
from uplift.keyspace.follow.starting import places
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX as COPY_PREFIX
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.names_there import names_there
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


def end_follow(source: Endpoint, targets: tuple[TargetUrl, ...], databases: list[int], run: str, copy_path: Path) -> Removal:
    """Remove lease, canary and temporary keys of one run from every server that can be reached.

    A copy that is not over keeps its own, without which it could not go on: they are said.
    """
    removed, remaining = 0, []
    try:
        copy = unfinished_run(copy_path)
    except BadInput as problem:
        copy = ""
        remaining.append(f"what a copy left is not known ({problem}): `uplift clean` finds it")
    for database in databases:
        for place in places(source, targets, database):
            try:
                count, other, of_copy = _remove(place, run, copy)
            except (SourceUnreachable, TargetRefused) as problem:
                remaining.append(f"{place}: {problem}: {del_command(place, [LEASE, CANARY])} removes them")
                continue
            removed += count
            if other:
                remaining.append(f"{place}: the lease of {other.decode('ascii', 'replace')} stays: it is another engine's")
            if of_copy:
                remaining.append(
                    f"{place}: {', '.join(of_copy)} of the copy that is not over: the same `uplift follow run` goes on with it, and "
                    f"`uplift clean --run {copy}` removes it"
                )
    return Removal(removed, tuple(remaining))


def _remove(place: Place, run: str, copy: str) -> tuple[int, bytes, list[str]]:
    """How many were removed, the lease of another owner, and the names of what the copy keeps."""
    with connected(place.endpoint, database=place.database, timeout_seconds=_TIMEOUT_SECONDS) as connection:
        removed, other = remove_own_keys(connection, read_server_facts(connection), run)
        kept = sorted(names_there(connection.ask, COPY_PREFIX + f"{copy}:".encode())) if copy else []
        return removed, other, [name.decode("ascii", "backslashreplace") for name in kept]
