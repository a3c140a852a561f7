"""`uplift sidekiq status --state`: how a handover stands, and whether it is over, read from both servers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uplift.cli.handover.state import HandoverDirectory
from uplift.cli.handover.status import HandoverStatus, read_status
from uplift.cli.options.sidekiq_sides import Side
from uplift.cli.terminal.handover_text import place_lines, status_line
from uplift.errors import BadInput, RunRefused
from uplift.keyspace.server.connection import Connection
from uplift.sidekiq.handover.proof import Proof, read_proof
from uplift.sidekiq.run.interruptions import BeginAgain
from uplift.sidekiq.run.own_names import OwnNames
from uplift.sidekiq.status.side_status import SideStatus


@dataclass(frozen=True, slots=True)
class Proven:
    """`running`: what the process that has the directory told last; None where none has it."""

    run: str
    proof: Proof
    running: HandoverStatus | None

    @property
    def lines(self) -> list[str]:
        """For a person."""
        told = [] if self.running is None else [f"run {self.run}: {status_line(self.running)}", *place_lines(self.running)]
        told += [f"note: {one}" for one in self.proof.notes]
        if not self.proof.problems:
            return [*told, f"proven: run {self.run}: nothing is left, nothing is in an outbox, all statistics that were taken were added"]
        return [*told, *(f"not over: {problem}" for problem in self.proof.problems)]

    @property
    def document(self) -> dict[str, object]:
        """For machines."""
        return {
            "run": self.run,
            "is_over": not self.proof.problems,
            "problems": list(self.proof.problems),
            "notes": list(self.proof.notes),
            "has_process": self.running is not None,
        }


def prove(directory: HandoverDirectory, sides: list[Side], connections: list[Connection], old: SideStatus) -> Proven:
    """Read both sides. Raises BadInput for a directory of other servers, RunRefused where a key of the run is of another type, and what
    Connection.call raises.
    """
    source, target = sides
    begun = directory.existing_between(source, target)
    private = tuple(one.private.key for one in old.private_queues)
    try:
        proof = read_proof(connections[0], connections[1], OwnNames(begun.run.encode()), private=private, batches=old.open_batches)
    except BeginAgain as problem:
        raise RunRefused(f"run {begun.run} cannot be proven over: {problem}") from None
    return Proven(begun.run, proof, read_status(directory.status_path) if directory.is_in_use() else None)


def directory_of(state: Path | None, *, has_target: bool) -> HandoverDirectory | None:
    """--state. Raises BadInput where there is nothing to compare with."""
    if state is None:
        return None
    if not has_target:
        raise BadInput("--state without --to: a handover is proven on both sides, allowed: both")
    directory = HandoverDirectory(state)
    directory.existing()
    return directory
