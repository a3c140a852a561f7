"""The handover: rounds of what is to be moved, by a mover that can be killed at any instruction.

`step` does one bounded piece of work and says when the next one is due, so that a process, a container and a test drive the same object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.handover.claiming import claim
from uplift.sidekiq.handover.dead_owners import DEAD_SECONDS, DeadOwners
from uplift.sidekiq.handover.done import STABLE_SECONDS, EmptySince, empty_since, is_done
from uplift.sidekiq.handover.locks import Locks
from uplift.sidekiq.handover.looks import Looks
from uplift.sidekiq.handover.pace import Pace
from uplift.sidekiq.handover.progress import Progress
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.remaining import Remaining, read_remaining
from uplift.sidekiq.handover.round import Round
from uplift.sidekiq.handover.wishes import Part, Wishes
from uplift.sidekiq.keys.names_of_sidekiq import NamesOfSidekiq, ScannedNames
from uplift.sidekiq.keys.survey import OfSidekiq
from uplift.sidekiq.mover.chunk import Chunk
from uplift.sidekiq.mover.mover import Mover, MoverServers, MoverStep, Outcome, StopPoint
from uplift.sidekiq.mover.resuming import Stop
from uplift.sidekiq.mover.source_side import SourceSide, TakeLimits
from uplift.sidekiq.mover.target_side import TargetSide
from uplift.sidekiq.run.epoch import Era
from uplift.sidekiq.run.interruptions import BeginAgain

_IDLE_SECONDS = 1.0
_AGAIN_SECONDS = 0.5
_FENCE_SECONDS = 0.002


class Ended(Enum):
    """ROUND: it went round once. EMPTY: the old side is done. FENCED: another mover works on this run. STOPPED: a server forgot what it had
    acknowledged.
    """

    ROUND = "round"
    EMPTY = "empty"
    FENCED = "fenced"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class HandoverStep:
    """`wait_seconds`: until the next step is due. `problem`: why a piece came to nothing; it is tried again unless `ended`."""

    wait_seconds: float = 0.0
    problem: str | None = None
    ended: Ended | None = None
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an owner must be missing, the old side be empty, and a single round come to nothing, in seconds."""

    dead_seconds: float = DEAD_SECONDS
    stable_seconds: float = STABLE_SECONDS
    stuck_seconds: float = 60.0


class Handover:
    """Of one run in one direction. `wishes` may be replaced at any time. `names` and `names_on_target`: where keys that no set of names
    leads to are known from, on each side; None: by a SCAN. `era` as in Mover; `siblings`: runs whose outboxes do not refuse this one.
    """

    def __init__(
        self,
        servers: MoverServers,
        run: bytes,
        wishes: Wishes,
        *,
        is_of_sidekiq: OfSidekiq,
        names: NamesOfSidekiq | None = None,
        names_on_target: NamesOfSidekiq | None = None,
        limits: TakeLimits | None = None,
        patience: Patience | None = None,
        may_apply: Callable[[float], bool] = lambda _taken_at: True,
        era: Era | None = None,
        siblings: frozenset[bytes] = frozenset(),
        stop_point: StopPoint = lambda _name: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wishes = wishes
        self.progress = Progress()
        self.remaining: Remaining | None = None
        scanned = ScannedNames(is_of_sidekiq)
        self.looks = Looks(
            servers, run, scanned if names is None else names, scanned if names_on_target is None else names_on_target, siblings
        )
        self._locks = Locks(self.looks.lock_names)
        self.mover = Mover(servers, run, limits, may_apply=may_apply, before_apply=self._carry_locks, era=era, stop_point=stop_point)
        self._patience = patience or Patience()
        self._clock = clock
        self._dead = DeadOwners(self._patience.dead_seconds)
        self._pace = Pace(clock)
        self._run, self._has_moved, self._counted = run, False, 0
        self._stuck_since: float | None = None
        self._empty: EmptySince | None = None
        self._pieces: Iterator[HandoverStep] = self._rounds()
        self._ended: HandoverStep | None = None

    def step(self) -> HandoverStep:
        """The next piece. Raises HandoverRefused where something is met that no handover may pass over."""
        if self._ended is not None:
            return self._ended
        if self.wishes.is_paused:
            return self.settle() if self._has_moved and not self.mover.is_idle else HandoverStep(_IDLE_SECONDS)
        try:
            step = next(self._pieces)
        except HandoverRefused:
            self._pieces = self._rounds()
            raise
        except (SourceUnreachable, TargetRefused, ErrorReply, BeginAgain) as problem:
            # A look at a server broke off, or was refused by one that may be no primary any more: what the mover knows is untouched, and
            # the round begins anew over new connections.
            self.looks.close()
            self._pieces = self._rounds()
            if isinstance(problem, ErrorReply) and problem.word == "WRONGTYPE":
                raise HandoverRefused(
                    f"a list of Sidekiq's is of another type ({problem}): `queues`, `processes` and `paused` are sets; look at it by hand"
                ) from None
            return HandoverStep(_AGAIN_SECONDS, str(problem))
        if step.ended is not None:
            self._ended = step
        return step

    def _rounds(self) -> Iterator[HandoverStep]:
        """Round after round, piece by piece."""
        while True:
            for _ in self.looks.survey_if_due(self._clock()):
                yield HandoverStep()
            claim(self.looks.source, self._run)
            one = Round(self.looks, self.wishes, self.progress, self._dead, self._locks, self.mover.limits, self._clock())
            before = self.progress.jobs
            for ask in one.pieces():
                self._has_moved = True
                yield self._taken(ask(self.mover))
            yield self._taken(self.mover.look_back())
            self.progress.rounds += 1
            self.progress.left = tuple(one.left)
            yield from self._after_round(one, is_idle=self.progress.jobs == before)

    def _carry_locks(self, source: SourceSide, target: TargetSide, chunks: list[Chunk]) -> None:
        if self.wishes.wants(Part.LOCKS):
            self._locks.carry(source, target, chunks)

    def _after_round(self, one: Round, *, is_idle: bool) -> Iterator[HandoverStep]:
        now = self._clock()
        self.remaining = read_remaining(self.looks.source, self.mover.names, one.private_keys)
        # A counter that is no number stays for good, and is no job.
        keeps_something = any(left.part is not Part.STATISTICS for left in one.left)
        self._empty = None if keeps_something else empty_since(self._empty, now, self.remaining)
        if not self.wishes.until_empty:
            yield HandoverStep(ended=Ended.ROUND)
        elif is_done(self._empty, now, self._patience.stable_seconds):
            yield HandoverStep(ended=Ended.EMPTY)
        elif is_idle:
            yield HandoverStep(_IDLE_SECONDS)

    def _taken(self, step: MoverStep) -> HandoverStep:
        """What a step of the mover is for the handover."""
        jobs = 0
        for chunk in step.applied:
            # One whose answer was lost is applied again, and found to be there.
            if chunk.number > self._counted:
                self._counted = chunk.number
                self.progress.take(chunk)
                jobs += chunk.jobs
        self._look_whether_stuck(step)
        match step.outcome:
            case Outcome.WAITS:
                return HandoverStep(_FENCE_SECONDS)
            case Outcome.WORKED | Outcome.NOTHING:
                return HandoverStep(self._pace.wait_after(jobs, self.wishes.most_jobs_a_second))
            case Outcome.AGAIN:
                return HandoverStep(_AGAIN_SECONDS, step.problem)
            case Outcome.FENCED:
                return HandoverStep(problem=step.problem, ended=Ended.FENCED)
            case Outcome.STOPPED:
                return HandoverStep(problem=step.problem, ended=Ended.STOPPED, stop=step.stop)

    def _look_whether_stuck(self, step: MoverStep) -> None:
        """Once round is not for ever: somebody waits for its end. Raises HandoverRefused."""
        if step.applied or self._stuck_since is None:
            self._stuck_since = self._clock() if step.problem is not None else None
        if step.problem is None or self.wishes.until_empty or self._stuck_since is None:
            return
        if self._clock() - self._stuck_since >= self._patience.stuck_seconds:
            raise HandoverRefused(
                f"nothing went on for {self._patience.stuck_seconds:.0f} s: {step.problem}; what was taken stays in outboxes; mend it, and "
                "give the same command again"
            )

    def settle(self) -> HandoverStep:
        """A piece of bringing what was taken to the other side; nothing more is taken."""
        return self._taken(self.mover.step([]))

    def close(self) -> None:
        """Close every connection; what is in outboxes is taken up by whoever goes on."""
        self.mover.forget()
        self.looks.close()
