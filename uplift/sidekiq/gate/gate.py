"""The gate: until an instant the giving side fires cron, from it on the taking side, while schedulers run on both.

`step` does one bounded piece of work and writes down where it stands, on both servers: whoever comes next goes on from there. No schedule
is read: an instance is silenced on a side by a mark there for its second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.gate.acts import remove_marks, write_marks, write_switches
from uplift.sidekiq.gate.decision import Act, GateDecision, decide
from uplift.sidekiq.gate.doubts import doubtful_instances, unfired_instances
from uplift.sidekiq.gate.instances import DoubtfulInstances, doubtful_window
from uplift.sidekiq.gate.record import Direction, GateRecord, Phase, record_of
from uplift.sidekiq.gate.servers import Fence, GateServers
from uplift.sidekiq.gate.side import EpochChanged
from uplift.sidekiq.gate.sides import GateSides, LastSeen, SidesSeen
from uplift.sidekiq.gate.switches import jobs_of
from uplift.sidekiq.gate.times import next_instant
from uplift.sidekiq.gate.transitions import entered, extended, held_as_wanted, turned_round
from uplift.sidekiq.run.epoch import Era
from uplift.sidekiq.run.interruptions import AnotherMover, BeginAgain
from uplift.sidekiq.schedulers.side_schedulers import ByHand

_WRITTEN_DOWN_EVERY = 10


class GateOutcome(Enum):
    """WORKED: go on at once. WAITING: look again in a second. AGAIN: a server could not be asked, or refused; the next step begins anew.
    FENCED: another gate works on this run. ENDED: nothing is left to do.
    """

    WORKED = "worked"
    WAITING = "waiting"
    AGAIN = "again"
    FENCED = "fenced"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class GateStep:
    """What one step did, and why. `record` is where the gate stands; `by_hand` and `only_giving`, jobs the taking side does not have, are
    for the operator; `doubtful` are instances nobody fired, or both sides may have, told once. `is_silent`: no scheduler lives on either
    side.
    """

    outcome: GateOutcome
    reason: str
    record: GateRecord | None = None
    act: Act | None = None
    is_postponed: bool = False
    doubtful: tuple[DoubtfulInstances, ...] = ()
    by_hand: frozenset[ByHand] = frozenset()
    only_giving: tuple[str, ...] = ()
    is_silent: bool = False
    giving_is_empty: bool = False


@dataclass(frozen=True, slots=True)
class GateWish:
    """`instant` in seconds since 1970: not before it; the record's comes first. `direction` is the way that is wanted in the end.

    `is_held`: the taking side's cron is silenced, and nothing turns until a wish without it, whoever lives where; a gate that has begun to
    turn goes on. Then the next possible instant is taken that is not before `instant`.
    """

    instant: float
    direction: Direction = Direction.FORWARD
    is_abandon: bool = False
    is_held: bool = False


class Gate:
    """Of one run. `stop_point` is told after every write, by name: a test holds it there, or kills it. `era` as in Mover."""

    def __init__(
        self,
        servers: GateServers,
        run: bytes,
        wish: GateWish,
        *,
        era: Era | None = None,
        stop_point: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.wish = wish
        self._run, self._servers, self._stop_point = run, servers, stop_point
        self._sides: GateSides | None = None
        self._record: GateRecord | None = None
        self._fence, self._written_before = Fence(era=era), 0
        self._doubtful: list[DoubtfulInstances] = []
        self._ended: GateStep | None = None

    def step(self, now: float) -> GateStep:
        """Begin, or do the next piece of work; `now` is the moment in seconds since 1970. Raises NotSafe, RunRefused."""
        if self._ended is not None:
            return self._ended
        try:
            return self._step(now)
        except AnotherMover:
            self.forget()
            self._ended = GateStep(GateOutcome.FENCED, "another gate works on this run", self._record)
            return self._ended
        except EpochChanged:
            # Either another gate began, which the next step sees, or a server forgot this one's epoch in a failover.
            self.forget()
            return GateStep(GateOutcome.AGAIN, "a server has another epoch than this gate gave it", self._record)
        except (BeginAgain, SourceUnreachable, TargetRefused, ErrorReply) as problem:
            self.forget()
            return GateStep(GateOutcome.AGAIN, str(problem), self._record)

    def forget(self) -> None:
        """Close both connections: the next step begins anew, from what is on the servers."""
        if self._sides is not None:
            self._sides.close()
            self._sides = None

    def _step(self, now: float) -> GateStep:
        if self._fence.is_of_another_era:
            self.forget()
        if self._sides is None:
            self._begin(now)
        sides, record = self._opened()
        self._record = record = held_as_wanted(record, now, is_held=self.wish.is_held, not_before=self.wish.instant)
        seen = sides.see(
            record,
            now,
            is_other_way_wanted=self.wish.direction is not record.direction,
            is_abandon_wanted=self.wish.is_abandon,
            is_held=self.wish.is_held,
        )
        self._keep(record, seen, now)
        decision = decide(seen.state)
        self._do(decision, seen, now)
        return self._told(decision, seen)

    def _opened(self) -> tuple[GateSides, GateRecord]:
        if self._sides is None or self._record is None:
            raise BeginAgain("the connections were closed")
        return self._sides, self._record

    def _keep(self, record: GateRecord, seen: SidesSeen, now: float) -> None:
        """What a later mover must know is written down before anything is done: switches as they were, and that this one lives."""
        sides, _ = self._opened()
        known = len(sides.before.source) + len(sides.before.target)
        lives = None if sides.last.scheduler is None else int(sides.last.scheduler)
        if known != self._written_before or now - record.stepped >= _WRITTEN_DOWN_EVERY:
            self._write(replace(record, stepped=int(now), giving_lived=lives if seen.state.giving_lives else record.giving_lived))

    def _write(self, record: GateRecord) -> None:
        """On both servers: of two that differ the later one counts. Raises EpochChanged."""
        sides, _ = self._opened()
        record = replace(record, revision=record.revision + 1)
        fields = sides.before.fields()
        sides.source.write_record(record.text, fields)
        self._stop_point("record on the source")
        sides.target.write_record(record.text, fields)
        self._stop_point("record on the target")
        self._record, self._written_before = record, len(fields)

    def _do(self, decision: GateDecision, seen: SidesSeen, now: float) -> None:
        sides, record = self._opened()
        giving, taking = sides.giving(record.direction), sides.taking(record.direction)
        match decision.act:
            case Act.WAIT | Act.END:
                return
            case Act.SWITCH_TAKING_OFF | Act.SWITCH_TAKING_ON | Act.SWITCH_GIVING_OFF | Act.RESTORE_GIVING | Act.RESTORE_TAKING:
                write_switches(decision.act, giving, taking, seen)
            case Act.WRITE_MARKS:
                write_marks(giving, taking, seen)
            case Act.REMOVE_MARKS:
                remove_marks(giving, taking, seen)
            case Act.EXTEND_MARKS:
                self._write(extended(record, now))
            case Act.ENTER:
                self._enter(decision, seen, now)
            case Act.TURN_ROUND:
                self._write(turned_round(record, decision))
                sides.last = LastSeen(now, now)
            case _:
                assert_never(decision.act)
        self._stop_point(decision.act.value)

    def _enter(self, decision: GateDecision, seen: SidesSeen, now: float) -> None:
        _, record = self._opened()
        new = entered(record, decision, now)
        if new.phase is Phase.ARMING and not seen.state.giving_lives:
            self._doubtful += unfired_instances(record, new.instant, seen)
        self._write(new)

    def _told(self, decision: GateDecision, seen: SidesSeen) -> GateStep:
        outcome = {Act.WAIT: GateOutcome.WAITING, Act.END: GateOutcome.ENDED}.get(decision.act, GateOutcome.WORKED)
        doubtful, self._doubtful = tuple(self._doubtful), []
        missing = () if seen.state.no_taking_scheduler else tuple(sorted(job.title for job in seen.giving.jobs - jobs_of(seen.taking)))
        by_hand = seen.giving.by_hand | seen.taking.by_hand
        is_silent = not seen.state.giving_lives and seen.state.no_taking_scheduler is not None
        return GateStep(
            outcome,
            decision.reason,
            self._record,
            decision.act,
            decision.is_postponed,
            doubtful,
            by_hand,
            missing,
            is_silent,
            seen.state.giving_is_empty,
        )

    def _begin(self, now: float) -> None:
        """Open both servers and read where the gate stands; what became doubtful since is told by the next step."""
        sides, found = self._servers.opened(self._run, self._fence, self._stop_point)
        self._sides, self._written_before = sides, 0
        sides.last = LastSeen(now, now)
        for fields in found:
            sides.before.learn(fields)
        records = [record_of(fields[b"record"]) for fields in found if b"record" in fields]
        if not records:
            self._record = GateRecord(Phase.HOLDING, next_instant(max(self.wish.instant, now)), int(now), int(now))
            return
        self._record = max(records, key=lambda record: record.revision)
        if self._record.phase is Phase.HOLDING and self.wish.instant > self._record.instant:
            self._record = replace(self._record, instant=next_instant(self.wish.instant))
        doubtful = doubtful_window(self._record, now)
        if doubtful is not None:
            self._doubtful += doubtful_instances(self._record, doubtful, sides)
