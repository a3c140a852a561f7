"""The mover: chunks out of the source into outboxes, into the target, out of the outboxes; wherever it dies, no job is lost or doubled.

`step` does one bounded piece of work. It knows no queue by itself: it is told what to take next. While the target applies what was taken
last, the source confirms what was applied before that, and takes anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.mover.chunk import Chunk
from uplift.sidekiq.mover.replicas import Replicas
from uplift.sidekiq.mover.resuming import Leave, Resume, Seen, Stop, resume
from uplift.sidekiq.mover.scripts import ON_SOURCE, ON_TARGET
from uplift.sidekiq.mover.source_side import SourceSide, TakeLimits, Taken, Taking
from uplift.sidekiq.mover.target_side import NotApplied, TargetSide
from uplift.sidekiq.run.connections import named_connections
from uplift.sidekiq.run.epoch import Era, current_era, next_epoch
from uplift.sidekiq.run.interruptions import AnotherMover, BeginAgain
from uplift.sidekiq.run.own_names import OwnNames

DEPTH = 2
"""How many chunks are taken in one send. More are not faster, and the source serves nobody else meanwhile: 8 of 100 jobs took 2 ms."""
KEPT_OUTBOXES = 20
StopPoint = Callable[[str], None]
"""Told where the mover is, by name: a test holds it there, or kills it."""
BeforeApply = Callable[[SourceSide, TargetSide, list[Chunk]], None]
"""What goes ahead of the jobs of chunks; it may be called for the same chunks again."""


class Outcome(Enum):
    """WORKED: go on. NOTHING: there was nothing to do. WAITS: what was taken may not be applied yet. AGAIN: a server could not be asked, or
    refused; the next step begins anew. FENCED: another mover works. STOPPED: a server forgot what it had acknowledged.
    """

    WORKED = "worked"
    NOTHING = "nothing"
    WAITS = "waits"
    AGAIN = "again"
    FENCED = "fenced"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class MoverStep:
    """What one step did. `taken` says what came of each taking; `applied` are jobs that are on the target now, by this step."""

    outcome: Outcome
    taken: tuple[Taken, ...] = ()
    applied: tuple[Chunk, ...] = ()
    problem: str | None = None
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class MoverServers:
    """Where it works. `source_replicas` and `target_replicas` have a write before it counts; 0: none are waited for."""

    source: Endpoint
    target: Endpoint
    database: int = 0
    source_replicas: int = 0
    target_replicas: int = 0

    @property
    def keeps(self) -> int:
        """How many confirmed outboxes are kept, to name what a target forgot: where its replicas are waited for it forgets nothing."""
        return 0 if self.target_replicas else KEPT_OUTBOXES


@dataclass(slots=True)
class _Work:
    """What is known while both connections hold: chunks that were taken and are to be applied, since when, and numbers to be confirmed.

    `is_taken_by_target`: the target has taken a chunk over these connections.
    """

    source: SourceSide
    target: TargetSide
    following: int
    waiting: list[Chunk] = field(default_factory=list)
    taken_at: float = 0.0
    applied: list[int] = field(default_factory=list)
    is_taken_by_target: bool = False

    def close(self) -> None:
        self.source.connection.close()
        self.target.connection.close()


class Mover:
    """Of one run, in one direction. `may_apply`: whether what was taken at a moment (monotonic seconds) may be run on the target yet;
    `before_apply` is called with what is applied next. `era`: one of an earlier era never takes a ledger back that a later one has taken.
    """

    def __init__(
        self,
        servers: MoverServers,
        run: bytes,
        limits: TakeLimits | None = None,
        *,
        may_apply: Callable[[float], bool] = lambda _taken_at: True,
        before_apply: BeforeApply = lambda _source, _target, _chunks: None,
        era: Era | None = None,
        stop_point: StopPoint = lambda _name: None,
    ) -> None:
        self.names = OwnNames(run)
        self.limits = limits or TakeLimits()
        self._servers, self._may_apply, self._before_apply, self._stop_point = servers, may_apply, before_apply, stop_point
        self._era, self._began_in = era, None if era is None else 0
        self._seen = Seen()
        self._work: _Work | None = None
        self._ended: MoverStep | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing that was taken is still to be applied or confirmed, as far as this mover knows."""
        return self._work is not None and not self._work.waiting and not self._work.applied

    @property
    def has_taken(self) -> bool:
        """Whether something that it took is still to be applied or confirmed."""
        return self._work is not None and not self.is_idle

    def step(self, takings: list[Taking]) -> MoverStep:
        """Begin, or confirm, take and apply once. `takings` are looked at where there is room for more; nothing is raised."""
        return self._guarded(lambda: self._step(takings))

    def ask(self, work: Callable[[SourceSide, TargetSide], None]) -> MoverStep:
        """Do something else under the mover's epoch, over the connections it writes with; or begin, where it has none. Nothing is raised
        but by `work`, which is to say with BeginAgain or AnotherMover why it came to nothing.
        """
        return self._guarded(lambda: self._ask(work))

    def _ask(self, work: Callable[[SourceSide, TargetSide], None]) -> MoverStep:
        if self._work is None:
            began = self._begin()
            if self._work is None:
                return began
        work(self._work.source, self._work.target)
        return MoverStep(Outcome.NOTHING)

    def look_back(self) -> MoverStep:
        """Once idle: read both ledgers again, so that a server which failed over meanwhile, and forgot, is noticed before all is said to be
        moved.
        """
        return self._guarded(lambda: self._ask(self._look_again))

    def _guarded(self, work: Callable[[], MoverStep]) -> MoverStep:
        if self._ended is not None:
            return self._ended
        try:
            if current_era(self._era) != self._began_in:
                self.forget()
            return work()
        except AnotherMover:
            return self._end(MoverStep(Outcome.FENCED, problem="another mover works on this run"))
        except NotApplied as problem:
            stop = Stop(False, range(problem.number, problem.number + 1), str(problem))
            return self._end(MoverStep(Outcome.STOPPED, problem=str(problem), stop=stop))
        except (BeginAgain, SourceUnreachable, TargetRefused, ErrorReply) as problem:
            self.forget()
            return MoverStep(Outcome.AGAIN, problem=str(problem))

    def _end(self, step: MoverStep) -> MoverStep:
        self.forget()
        self._ended = step
        return step

    def forget(self) -> None:
        """Close both connections: the next step begins anew, from the ledgers."""
        if self._work is not None:
            self._work.close()
            self._work = None

    def _step(self, takings: list[Taking]) -> MoverStep:
        if self._work is None:
            return self._begin()
        work = self._work
        is_waiting = bool(work.waiting) and not self._may_apply(work.taken_at)
        to_apply = [] if is_waiting else work.waiting
        if to_apply:
            self._before_apply(work.source, work.target, to_apply)
        confirmed, work.applied = work.applied, []
        # Nothing more is taken while what was taken waits: what is in outboxes nobody runs.
        # Nor is it while the target has not shown that it takes anything: each attempt would put more jobs where nobody runs them.
        some = takings[:DEPTH] if not is_waiting and (work.is_taken_by_target or not work.waiting) else []
        numbered = [(work.following + ahead, taking) for ahead, taking in enumerate(some)]
        work.source.send(confirmed, numbered)
        self._stop_point("source asked")
        if to_apply:
            work.target.apply(to_apply)
            work.is_taken_by_target = True
            work.applied = [chunk.number for chunk in to_apply]
            self._seen = Seen(self._seen.following, to_apply[-1].number)
            work.waiting = []
        self._stop_point("applied")
        taken = self._receive(work)
        self._stop_point("source answered")
        if is_waiting:
            return MoverStep(Outcome.WAITS)
        if confirmed or to_apply or work.waiting:
            return MoverStep(Outcome.WORKED, tuple(taken), tuple(to_apply))
        self._look_again(work.source, work.target)
        return MoverStep(Outcome.NOTHING, tuple(taken))

    def _look_again(self, source: SourceSide, target: TargetSide) -> None:
        """Nobody is to take it that all is moved while a server has forgotten: an idle mover asks the target for nothing else."""
        here, there = source.ledger(), target.ledger()
        if max(here.epoch, there.epoch) > source.epoch:
            raise AnotherMover
        moved = self._seen.following - 1
        found = (here.epoch, here.confirmed, here.following, there.epoch, there.applied)
        if found != (source.epoch, moved, moved + 1, source.epoch, moved):
            raise BeginAgain("the ledgers are not as this mover left them")

    def _receive(self, work: _Work) -> list[Taken]:
        taken = work.source.receive()
        new = [one.chunk for one in taken if one.chunk is not None]
        if new:
            work.waiting = new
            work.taken_at = time.monotonic()
            work.following = new[-1].number + 1
            self._seen = Seen(work.following, self._seen.applied)
        return taken

    def _begin(self) -> MoverStep:
        """Raise both epochs, source first, read both ledgers, and take up what earlier movers left in outboxes."""
        work = self._connected()
        try:
            source, target = work.source.ledger(), work.target.ledger()
            found = resume(source, target, work.source.epoch, self._seen)
            match found:
                case Leave():
                    raise AnotherMover
                case Stop():
                    return self._stopped(work, found)
                case Resume():
                    work.waiting = work.source.open_chunks(found.open)
                    work.taken_at = time.monotonic()
                    work.following = found.open.stop
            # Behind the epochs, which were written over these connections, WAIT counts for what earlier ones wrote too.
            work.source.replicas.wait(work.source.connection, "the source")
            work.target.replicas.wait(work.target.connection, "the target")
            self._seen = Seen(source.following, target.applied or 0)
        except BaseException:
            work.close()
            raise
        self._work = work
        return MoverStep(Outcome.WORKED)

    def _stopped(self, work: _Work, stop: Stop) -> MoverStep:
        """Both epochs are read again: a mover that began since makes ledgers look so too."""
        if work.source.ledger().epoch != work.source.epoch or work.target.ledger().epoch != work.target.epoch:
            raise AnotherMover
        work.close()
        return self._end(MoverStep(Outcome.STOPPED, problem=stop.reason, stop=stop))

    def _connected(self) -> _Work:
        servers = self._servers
        source, target = named_connections(servers.source, servers.target, servers.database)
        work = _Work(
            SourceSide(source, self.names, 0, self.limits, Replicas(servers.source_replicas), servers.keeps),
            TargetSide(target, self.names, 0, Replicas(servers.target_replicas)),
            0,
        )
        try:
            for connection, scripts in ((source, ON_SOURCE), (target, ON_TARGET)):
                for script in scripts:
                    script.ensure(connection)
            self._began_in = current_era(self._era)
            epoch = next_epoch(max(work.source.ledger().epoch, work.target.ledger().epoch), self._began_in)
            work.source.epoch = work.target.epoch = epoch
            work.source.raise_epoch()
            self._stop_point("source's epoch raised")
            work.target.raise_epoch(is_first=work.source.ledger().following == 1)
            self._stop_point("epochs raised")
        except BaseException:
            work.close()
            raise
        return work
