"""The end of a run: its own keys go from both servers, once none of them holds a job."""

from __future__ import annotations

from uplift.errors import RunRefused
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_int, as_optional_bytes
from uplift.sidekiq.gate.record import record_of
from uplift.sidekiq.handover.proof import Proof
from uplift.sidekiq.mover.mover import KEPT_OUTBOXES
from uplift.sidekiq.run.own_names import GATE_OF, TAKEN_FROM_BY, OwnNames


def end_run(connections: tuple[Connection, Connection], names: OwnNames, proof: Proof) -> int:
    """Remove them; how many there were. Raises RunRefused where jobs are in outboxes or held back, or where the gate is not over."""
    if proof.open_chunks or proof.held:
        raise RunRefused(
            f"{proof.open_chunks} chunks are in outboxes and {proof.held} jobs are held back: nothing was removed; run the handover again"
        )
    for connection in connections:
        text = as_optional_bytes(connection.call("HGET", names.gate, "record"))
        if text is not None and not (phase := record_of(text).phase).is_over:
            raise RunRefused(f"the gate is {phase.value}: nothing was removed; run it to its end, or `uplift sidekiq gate --abandon`")
    confirmed = int(as_optional_bytes(connections[0].call("HGET", names.source_ledger, "conf")) or 0)
    kept = [names.kept(number) for number in range(max(1, confirmed - KEPT_OUTBOXES), confirmed + 1)]
    source, target = connections
    return _removed(source, names, [*names.on_source, *kept]) + _removed(target, names, list(names.on_target))


def _removed(connection: Connection, names: OwnNames, keys: list[bytes]) -> int:
    # A gate or a handover of another run may stand there by now.
    of_run = [key for key in (GATE_OF, TAKEN_FROM_BY) if connection.call("GET", key) == names.run]
    return as_int(connection.call("DEL", *keys, *of_run))
