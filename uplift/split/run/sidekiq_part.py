"""Everything of Sidekiq's in a split, on a thread of its own: a server of Sidekiq's that does not answer must not hold up the follow."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.errors import SourceUnreachable
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.handover.proof import read_proof
from uplift.sidekiq.run.connections import named_connections
from uplift.sidekiq.run.interruptions import BeginAgain
from uplift.split.decisions.wants import GateWant
from uplift.split.run.beside import Beside
from uplift.split.run.moving_jobs import MovingJobs, MovingShown, MovingWants
from uplift.split.run.sidekiq_sides import SidekiqSides
from uplift.split.run.turning_cron import CronShown, TurningCron

_LONGEST_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class SidekiqWants:
    """`proof`: a number; whenever it is another one, both sides are read and proven once more."""

    moving: MovingWants = field(default_factory=MovingWants)
    gate: GateWant = GateWant.LEAVE
    proof: int = 0


@dataclass(frozen=True, slots=True)
class ProofShown:
    """What speaks against it, for the proof of this number."""

    number: int = 0
    problems: tuple[str, ...] = ("nothing was proven yet",)


@dataclass(slots=True)
class SidekiqPart:
    """Runs from `start` until `close`. `wants` may be replaced at any time; everything shown is replaced whole."""

    sides: SidekiqSides
    moving: MovingJobs
    cron: TurningCron
    wants: SidekiqWants = field(default_factory=SidekiqWants)
    proof: ProofShown = field(default_factory=ProofShown)
    _beside: Beside | None = None

    def start(self) -> None:
        """Begin to do what is wanted."""
        self._beside = Beside("sidekiq", self._piece, self._close_parts)

    @property
    def shown(self) -> tuple[MovingShown, CronShown]:
        """As of the latest step of each."""
        return self.moving.shown, self.cron.shown

    def _piece(self) -> float:
        wants = self.wants
        self.moving.wants, self.cron.want = wants.moving, wants.gate
        due = min(self.moving.step(), self.cron.step(), _LONGEST_WAIT_SECONDS)
        if wants.proof != self.proof.number:
            self.proof = ProofShown(wants.proof, self._proven())
        return due

    def _close_parts(self) -> None:
        self.moving.close()
        self.cron.close()

    def _proven(self) -> tuple[str, ...]:
        try:
            source, target = named_connections(self.sides.old, self.sides.new, self.sides.database)
        except (SourceUnreachable, ErrorReply) as problem:
            return (str(problem),)
        try:
            return read_proof(source, target, self.sides.all_names[0]).problems
        except (SourceUnreachable, ErrorReply, BeginAgain) as problem:
            return (str(problem),)
        finally:
            source.close()
            target.close()

    def raise_failure(self) -> None:
        """Raises what ended the thread."""
        if self._beside is not None:
            self._beside.raise_failure()

    def close(self) -> None:
        """End the thread after its piece; what was taken stays in outboxes. Safe to call twice."""
        if self._beside is not None:
            self._beside.close()
            self._beside = None
