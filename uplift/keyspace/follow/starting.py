"""Before the first write: which servers, which databases, and whether a follow may begin on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from uplift.errors import BadInput, NotSafe
from uplift.keyspace.follow.event_proof import prove_events
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import epoch_of, owner_of
from uplift.keyspace.follow.own_keys_there import (
    HeldLease,
    LeaseHolder,
    Place,
    held_lease,
    holder_of,
    own_names_there,
    owner_name,
    refuse_leftovers,
    refuse_other_holder,
)
from uplift.keyspace.follow.state_file import SCHEMA, FollowState
from uplift.keyspace.keymap.handed_over import refuse_handed_over
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.routing import Router
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.events import Listener
from uplift.keyspace.server.source_and_targets import Scope, Servers, TargetUrl, opened

SOURCE_NAME = "source"


@dataclass(frozen=True, slots=True)
class FollowRequest(Scope):
    """Everything a person asks for. `stands_by`: join a run whose lease another engine holds. `source_latency` in ms. None: as it was,
    or as it is where nobody says otherwise. `measures_latency`: by a process of its own; without it nothing slows the follow down.
    """

    is_two_way: bool = False
    authority: Side | None = None
    stands_by: bool = False
    source_latency: float | None = None
    measures_latency: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """What was found: the databases to follow, who holds their leases, and the highest epoch of one. `is_own`: none but the engine that led
    from this directory last has held one since.
    """

    router: Router
    databases: tuple[int, ...]
    holder: LeaseHolder
    epoch: int
    is_own: bool


def fresh_state(request: FollowRequest) -> FollowState:
    """The state of a run that begins."""
    return FollowState(
        schema=SCHEMA,
        source=str(request.source),
        targets={target.name: str(target.endpoint) for target in request.targets},
        keymap=request.keymap.digest,
    )


def look_at_servers(request: FollowRequest, state: FollowState, labels: KeyLabels, listen: Listener) -> Scene:
    """Look at everything there is; nothing is written. Raises BadInput or NotSafe where a follow must not begin, or SourceUnreachable."""
    refuse_handed_over(request.keymap, [target.name for target in request.targets])
    with opened(request, labels, listen, both_sides=True) as servers:
        if servers.facts.role != "master":
            raise BadInput(
                f"--from ({request.source}) is a replica, allowed: its primary: on a replica an expired key looks deleted, and what an "
                "application writes to a target could not be written back"
            )
        databases = tuple(sorted({*servers.databases, *state.databases}))
        leases = _leases(request, servers, databases)
        holder = holder_of(leases, state.run)
        if request.stands_by:
            if holder is LeaseHolder.NOBODY:
                raise NotSafe("--standby: no engine holds the lease of a run here, so there is none to stand by for; begin one without it")
        else:
            refuse_other_holder(leases, state.run)
            if not state.has_led:
                _refuse_leftovers(request, servers, databases, state.run)
        epoch = max((epoch_of(lease.text) for lease in leases), default=0)
        return Scene(servers.router, databases, holder, epoch, holder is LeaseHolder.THIS_RUN and _are_of_directory(leases, state))


def _are_of_directory(leases: list[HeldLease], state: FollowState) -> bool:
    """Other directories may belong to the same run; one that was begun before that could be has its run to itself."""
    return state.led_as is None or all(owner_of(lease.text) == owner_name(state.run, state.led_as) for lease in leases)


def places(source: Endpoint, targets: Iterable[TargetUrl], database: int) -> list[Place]:
    """One database of the source, then of the targets."""
    return [Place(SOURCE_NAME, source, database), *(Place(target.name, target.endpoint, database) for target in targets)]


def _leases(request: FollowRequest, servers: Servers, databases: tuple[int, ...]) -> list[HeldLease]:
    found = []
    for database in databases:
        servers.select(database)
        connections = [servers.source, *(target.connection for target in servers.targets)]
        found += [
            held_lease(connection, place)
            for connection, place in zip(connections, places(request.source, request.targets, database), strict=True)
        ]
    return [lease for lease in found if lease is not None]


def _refuse_leftovers(request: FollowRequest, servers: Servers, databases: tuple[int, ...], run: str) -> None:
    for database in databases:
        servers.select(database)
        connections = [servers.source, *(target.connection for target in servers.targets)]
        for connection, place in zip(connections, places(request.source, request.targets, database), strict=True):
            refuse_leftovers(place, list(own_names_there(connection)), run)


def prove_all_events(request: FollowRequest, databases: tuple[int, ...], owner: str) -> tuple[str, ...]:
    """Return where every server tells of every class of events, with what could not be proven. Raises NotSafe naming what to set where."""
    proofs = [
        prove_events(place.server, place.endpoint, database, owner)
        for database in databases
        for place in places(request.source, request.targets, database)
    ]
    # It is the same in every database of a server.
    return tuple(dict.fromkeys(unproven for unproven in proofs if unproven is not None))
