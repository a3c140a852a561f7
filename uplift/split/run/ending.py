"""The end of a run on the servers: what is the handover's own goes, and where it was asked for, what was copied."""

from __future__ import annotations

import time

from uplift.errors import RunRefused
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateWish
from uplift.sidekiq.handover.ending import end_run
from uplift.sidekiq.handover.old_side import read_old_side
from uplift.sidekiq.run.connections import named_connections
from uplift.split.run.request import SplitRequest
from uplift.split.run.sidekiq_sides import SidekiqSides

_MOST_GATE_STEPS = 100


def end_handover(sides: SidekiqSides) -> int:
    """Remove the own keys of both directions; how many there were. Raises what end_run and Connection.call raise."""
    forward, back = sides.all_names
    old, new = named_connections(sides.old, sides.new, sides.database)
    try:
        return end_run(new, old, back) + end_run(old, new, forward)
    finally:
        old.close()
        new.close()


def give_gate_up(sides: SidekiqSides) -> None:
    """Where a gate is not over, as after a server forgot that it was: each side gets back what it had. Raises what Gate.step raises."""
    gate = Gate(sides.gate_servers(), sides.forward, GateWish(time.time(), is_abandon=True))
    try:
        for _ in range(_MOST_GATE_STEPS):
            if gate.step(time.time()).outcome is not GateOutcome.WORKED:
                return
    finally:
        gate.forget()


def jobs_at(connection: Connection) -> int:
    """How many jobs a server's queues and sorted sets hold. Raises what Connection.call raises."""
    return sum(read_old_side(connection).jobs_by_place.values())


def empty_targets(request: SplitRequest) -> str:
    """Remove everything from the new side's servers; what was removed, in one line.

    They were empty when the run began. Raises RunRefused where Sidekiq's holds jobs, SourceUnreachable, ErrorReply.
    """
    with connected(request.sidekiq.endpoint, database=request.database) as connection:
        if jobs := jobs_at(connection):
            raise RunRefused(f"{request.sidekiq.name} holds {jobs:,} jobs: nothing of it was removed")
    return "; ".join(_emptied(target) for target in request.targets)


def _emptied(target: TargetUrl) -> str:
    with connected(target.endpoint) as connection:
        databases = read_server_facts(connection).databases
        for database in databases:
            connection.call("SELECT", database)
            connection.call("FLUSHDB")
    return f"{target.name}: {len(databases)} databases emptied"
