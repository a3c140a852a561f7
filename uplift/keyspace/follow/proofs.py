"""What must be so before anything read on a side may be decided by."""

from __future__ import annotations

from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.interruptions import Abandoned, Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease, is_fenced_by
from uplift.keyspace.follow.pages import Page
from uplift.keyspace.follow.round import Round

_EVENTS_WANTED = "notify-keyspace-events must hold E and A, such as EA (in the parameter group of that replication group)"


def check_proofs(round_: Round, page: Page, lease: Lease) -> list[FollowedServer]:
    """The servers of a page that answered so far, and whose answers may be used: the lease is ours, and events are on.

    Raises Fenced where another engine has it, and Abandoned where own keys are gone or events are off.
    """
    proven = []
    for side in Side:
        reply, server = round_.read_replies.get((page.number, side)), round_.server(page, side)
        if reply is None:
            continue
        if reply.lease is not None and is_fenced_by(lease, reply.lease):
            raise Fenced(reply.lease)
        if reply.lease != lease.text or not reply.has_canary:
            server.must_raise = True
            raise Abandoned(f"{server.name}: the follow's own keys are gone, or older than they were")
        if not server.events.markers[round_.number, page.number].is_proven:
            server.open_gap(why="a marker came without its event")
            raise Abandoned(f"{server.name}: events are off: {_EVENTS_WANTED}")
        if silent := server.events.silent_classes:
            server.open_gap(server.events.probed_round, why=f"no event told of a probe of the classes {silent}")
            raise Abandoned(f"{server.name}: events of the classes {silent} are off: {_EVENTS_WANTED}")
        proven.append(server)
    return proven
