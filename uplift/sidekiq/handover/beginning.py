"""What is looked at before a handover begins: both servers, and how many replicas there are to wait for."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts, read_server_facts
from uplift.keyspace.server.replies import as_int
from uplift.sidekiq.handover.refusals import HandoverRefused, refuse_server
from uplift.sidekiq.mover.mover import MoverServers
from uplift.sidekiq.run.own_names import PROBE

_WAIT_MILLISECONDS = 5_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where the mover works, and what both servers said of themselves. `waits`: whether replicas are waited for."""

    servers: MoverServers
    source: ServerFacts
    target: ServerFacts
    waits: bool


def prepare(source: Endpoint, target: Endpoint, database: int, *, waits: bool) -> Prepared:
    """Look at both. Raises HandoverRefused, SourceUnreachable, TargetRefused."""
    facts, replicas = [], []
    for name, endpoint in (("the source", source), ("the target", target)):
        with connected(endpoint, database=database) as connection:
            found = read_server_facts(connection)
            refuse_server(name, found)
            facts.append(found)
            replicas.append(_replicas(connection, name, found) if waits else 0)
    if facts[0].run_id == facts[1].run_id:
        raise HandoverRefused("the source and the target are the same server, expected: two")
    servers = MoverServers(source, target, database, *replicas)
    return Prepared(servers, facts[0], facts[1], waits)


def _replicas(connection: Connection, name: str, facts: ServerFacts) -> int:
    """All that are there: whichever of them is promoted must have what was acknowledged."""
    if not facts.replicas:
        return 0
    # Only what this connection wrote is waited for.
    connection.call("SET", PROBE, 1, "PX", 2 * _WAIT_MILLISECONDS)
    answering = as_int(connection.call("WAIT", facts.replicas, _WAIT_MILLISECONDS))
    if answering < facts.replicas:
        raise HandoverRefused(
            f"{name} has {facts.replicas} replicas, of which {answering} acknowledge writes within {_WAIT_MILLISECONDS // 1000} s, "
            "expected: all; mend the replica, or give --without-wait: after a failover lost or doubled jobs are named then, not prevented"
        )
    return facts.replicas
