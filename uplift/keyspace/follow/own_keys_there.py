"""The keys of follows that servers hold: an earlier run's are refused by name, and a run's own are removed at its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from uplift.errors import NotSafe
from uplift.keyspace.follow.event_classes import PROBE_NAMES
from uplift.keyspace.follow.lease import owner_of
from uplift.keyspace.follow.own_names import CANARY, FLUSHED, LEASE, PREFIX, TEMPORARY_PREFIX
from uplift.keyspace.follow.scripts import RELEASE_LEASE
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.names_there import names_there
from uplift.keyspace.server.replies import as_bytes, as_int, as_list, as_optional_bytes
from uplift.keyspace.server.value_pieces import drain

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Place:
    """One database of one server."""

    server: str
    endpoint: Endpoint
    database: int

    def __str__(self) -> str:
        return f"{self.server} ({self.endpoint}) database {self.database}"


class LeaseHolder(Enum):
    """Who holds the leases of a follow, all of its servers together."""

    NOBODY = "nobody"
    THIS_RUN = "this run"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that is there: where, and its text."""

    place: Place
    text: bytes

    def is_of(self, run: str) -> bool:
        """Whether an engine of the run's state directory took it."""
        return owner_of(self.text).startswith(f"{run}.")


def owner_name(run: str, engine: str) -> str:
    """An owner that no other engine is: what is in front of the dot says whose state directory it belongs to."""
    return f"{run}.{engine}"


def held_lease(connection: Connection, place: Place) -> HeldLease | None:
    """The lease in the connection's database."""
    text = as_optional_bytes(connection.ask("GET", LEASE))
    return None if text is None else HeldLease(place, text)


def holder_of(leases: list[HeldLease], run: str) -> LeaseHolder:
    """One foreign lease is enough to be another's follow."""
    if any(not lease.is_of(run) for lease in leases):
        return LeaseHolder.ANOTHER
    return LeaseHolder.THIS_RUN if leases else LeaseHolder.NOBODY


def refuse_other_holder(leases: list[HeldLease], run: str) -> None:
    """Raise NotSafe where another state directory's engine holds a lease; return otherwise."""
    other = next((lease for lease in leases if not lease.is_of(run)), None)
    if other is not None:
        raise NotSafe(
            f"{other.place} holds the lease of another run: {LEASE.decode()} is {other.text.decode('ascii', 'replace')}. "
            "Where its engine runs: --standby joins it, and `uplift follow stop --state DIR` with its directory ends it. "
            f"Where nobody has that directory any more: {_del(other.place, [LEASE])}"
        )


def refuse_leftovers(place: Place, names: list[bytes], run: str) -> None:
    """Raise NotSafe where keys of an earlier run are there that are not this one's; return otherwise. Probes go by themselves."""
    others = [name for name in names if name not in PROBE_NAMES and not _is_of(name, run)]
    if others:
        shown = ", ".join(name.decode("ascii", "backslashreplace") for name in others[:_MOST_SHOWN])
        more = f" and {len(others) - _MOST_SHOWN:,} more" if len(others) > _MOST_SHOWN else ""
        raise NotSafe(
            f"{place} holds keys of an earlier run: {shown}{more}. `uplift follow stop --state DIR` with its directory removes them; "
            f"where nobody has that directory any more: {_del(place, others[:_MOST_SHOWN])}"
        )


def _is_of(name: bytes, run: str) -> bool:
    return name.startswith(TEMPORARY_PREFIX + f"{run}.".encode())


def del_command(place: Place, names: list[bytes]) -> str:
    """What removes keys by hand."""
    return _del(place, names)


def _del(place: Place, names: list[bytes]) -> str:
    endpoint, tls = place.endpoint, " --tls" if place.endpoint.tls else ""
    quoted = " ".join(name.decode("ascii", "backslashreplace") for name in names)
    return f"`redis-cli -h {endpoint.host} -p {endpoint.port}{tls} -n {place.database} DEL {quoted}`"


def own_names_there(connection: Connection) -> Iterator[bytes]:
    """Every key of any follow in the connection's database, found by a scan of its names."""
    return names_there(connection.ask, PREFIX)


def remove_own_keys(connection: Connection, facts: ServerFacts, run: str) -> tuple[int, bytes]:
    """Remove what engines of one state directory left in the connection's database: lease, canary, temporary keys.

    Returns how many there were, and the lease of another owner, which stays with its canary (b"" where there is none).
    """
    removed, held = as_list(RELEASE_LEASE.call(connection, [LEASE, CANARY, FLUSHED, *PROBE_NAMES], f"{run}."))
    other = b"" if as_int(removed) else as_bytes(held)
    temporary = [name for name in own_names_there(connection) if _is_of(name, run)]
    for name in temporary:
        drain(connection, [name], has_unlink=facts.has_unlink)
    return as_int(removed) + len(temporary), other
