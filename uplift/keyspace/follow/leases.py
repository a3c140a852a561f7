"""The leases of one engine: taken on every server, source first, and taken again after every connection that broke."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from uplift.errors import SourceUnreachable
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.interruptions import Abandoned, Fenced
from uplift.keyspace.follow.lease import Lease, held_epoch, raise_lease
from uplift.keyspace.follow.own_names import CANARY, CANARY_TTL_MILLISECONDS
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import ErrorReply

Answered = TypeVar("Answered")


def ask(server: FollowedServer, question: Callable[[Connection], Answered]) -> Answered:
    """Ask a server between two rounds. Raises Abandoned where it refuses or cannot be reached."""
    try:
        return question(server.connection)
    except SourceUnreachable as problem:
        server.stop_asking(str(problem))
        raise Abandoned(str(problem)) from None
    except ErrorReply as problem:
        raise Abandoned(f"{server.name} answered: {problem.safe}") from None


def raise_leases(servers: list[FollowedServer], lease: Lease) -> tuple[Lease, list[FollowedServer]]:
    """Take the lease on every server, with an epoch that nobody had: what was sent before under another is fenced.

    Returns it, and the servers that were flushed: on which it was gone without an event, or which say that they were, before another engine
    died that knew of it. Raises Fenced where somebody was quicker, or Abandoned.
    """
    # All of them are asked before one is changed: an engine that cannot reach one of them must not fence one that can.
    taken = lease.higher(max(ask(server, held_epoch) for server in servers))
    flushed = []
    for server in servers:
        must_be_there = server.had_lease and not server.events.lease_was_removed
        found = ask(server, partial(raise_lease, database=server.database, lease=taken, must_be_there=must_be_there))
        if not found.is_ours:
            raise Fenced(found.before)
        if (must_be_there and not found.before) or (found.is_marked and not server.gaps.has_flush):
            flushed.append(server)
        server.is_marked_flushed = found.is_marked
        server.events.lease_was_removed = False
        server.had_lease = True
        ask(server, _set_canary)
    for server in servers:
        server.must_raise = False
    return taken, flushed


def _set_canary(connection: Connection) -> None:
    connection.call("SET", CANARY, "", "PX", CANARY_TTL_MILLISECONDS, "NX")
