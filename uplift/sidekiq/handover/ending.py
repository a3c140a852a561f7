"""The end of a run: its own keys go from both servers, once none of them holds a job."""

from __future__ import annotations

from uplift.errors import RunRefused, TargetRefused
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import as_int, as_list, as_optional_bytes
from uplift.sidekiq.gate.record import record_of
from uplift.sidekiq.handover.proof import read_proof
from uplift.sidekiq.mover.mover import KEPT_OUTBOXES
from uplift.sidekiq.mover.source_side import read_source_ledger
from uplift.sidekiq.run.interruptions import BeginAgain, answered
from uplift.sidekiq.run.own_names import GATE_OF, TAKEN_FROM_BY, OwnNames


def end_run(source: Connection, target: Connection, names: OwnNames) -> int:
    """Remove them; how many there were. Raises RunRefused, with nothing removed, where jobs are in outboxes or held back, where the gate is
    not over, and where somebody works on the run; TargetRefused where that one began after the source's were gone.

    The source's go first: without its ledger no mover goes on, and nothing speaks against ending it once more. Without the target's the
    source would say for ever that chunks are in outboxes.
    """
    for connection, ledger in ((source, names.source_ledger), (target, names.target_ledger)):
        connection.call("WATCH", ledger, names.gate)
    try:
        _refuse_what_is_not_over(source, target, names)
        confirmed = read_source_ledger(source, names).confirmed
        kept = [names.kept(number) for number in range(max(1, confirmed - KEPT_OUTBOXES), confirmed + 1)]
        # A gate or a handover of another run may stand there by now.
        of_run = [[key for key in (GATE_OF, TAKEN_FROM_BY) if connection.call("GET", key) == names.run] for connection in (source, target)]
        removed = _removed(source, [*names.on_source, *kept, *of_run[0]])
    except BeginAgain as problem:
        raise RunRefused(f"{problem}: nothing was removed") from None
    try:
        return removed + _removed(target, [*names.on_target, *of_run[1]])
    except BeginAgain as problem:
        raise TargetRefused(f"{problem}: what the target keeps of it is still there; give the same command again") from None


def _refuse_what_is_not_over(source: Connection, target: Connection, names: OwnNames) -> None:
    proof = read_proof(source, target, names)
    if proof.open_chunks or proof.held:
        raise RunRefused(
            f"{proof.open_chunks} chunks are in outboxes and {proof.held} jobs are held back: nothing was removed; run the handover again"
        )
    for connection in (source, target):
        text = as_optional_bytes(connection.call("HGET", names.gate, "record"))
        if text is not None and not (phase := record_of(text).phase).is_over:
            raise RunRefused(f"the gate is {phase.value}: nothing was removed; run it to its end, or `uplift sidekiq gate --abandon`")


def _removed(connection: Connection, keys: list[bytes]) -> int:
    """In one transaction, which does not take place where a ledger was written since it was looked at."""
    replies = connection.call_all([pack("MULTI"), pack("DEL", *keys), pack("EXEC")])
    done = answered(replies[-1])
    if done is None:
        raise BeginAgain("somebody works on this run at the same time")
    return as_int(as_list(done)[0])
