"""Both sides of a gate as they were seen in one step, and how far they are from what the phase wants."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.sidekiq.gate.decision import GateState
from uplift.sidekiq.gate.marks import wanted_marks
from uplift.sidekiq.gate.record import Direction, GateRecord, Phase
from uplift.sidekiq.gate.side import GateSide, Piece
from uplift.sidekiq.gate.switches import SwitchesBefore, as_the_giving_side, jobs_of, switched_on, unlike
from uplift.sidekiq.gate.times import EMPTY_AFTER, GONE_AFTER, SETTLED_AFTER
from uplift.sidekiq.schedulers.reading import WhereToLook, read_schedulers
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob
from uplift.sidekiq.schedulers.side_schedulers import SideSchedulers
from uplift.sidekiq.schedulers.switch import Switch

_WITHOUT_MARKS = frozenset({Phase.HOLDING, Phase.DONE, Phase.ABANDONED})


@dataclass(frozen=True, slots=True)
class SwitchChanges:
    """What would have to be written on a side for each thing a phase may want of its switches."""

    taking_off: dict[ScheduledJob, Switch]
    giving_off: dict[ScheduledJob, Switch]
    taking_equal: dict[ScheduledJob, Switch]
    giving_as_before: dict[ScheduledJob, Switch]
    taking_as_before: dict[ScheduledJob, Switch]


@dataclass(frozen=True, slots=True)
class MarkChanges:
    """Marks that are missing, and marks that are not to be there."""

    taking_missing: list[Piece] = field(default_factory=list)
    giving_missing: list[Piece] = field(default_factory=list)
    taking_unwanted: list[Piece] = field(default_factory=list)
    giving_unwanted: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SidesSeen:
    """`state` is what is decided from; all else is for the work that may be decided for."""

    state: GateState
    jobs: frozenset[ScheduledJob]
    giving: SideSchedulers
    taking: SideSchedulers
    switches: SwitchChanges
    marks: MarkChanges


@dataclass(slots=True)
class LastSeen:
    """When something of the giving side was last seen, in seconds since 1970: what was there a moment ago counts as there."""

    scheduler: float | None = None
    process: float | None = None

    @staticmethod
    def counts(seen: float | None, now: float) -> bool:
        """Whether what was last seen then counts as there."""
        return LastSeen.was_within(seen, now, GONE_AFTER)

    @staticmethod
    def was_within(seen: float | None, now: float, seconds: float) -> bool:
        """Whether it was seen so lately."""
        return seen is not None and now - seen < seconds


@dataclass(slots=True)
class GateSides:
    """The servers by role; `before` are the switches the gate found, `last` belongs to the side that gives now."""

    source: GateSide
    target: GateSide
    where: WhereToLook
    before: SwitchesBefore = field(default_factory=SwitchesBefore)
    last: LastSeen = field(default_factory=LastSeen)
    settled_after: int = SETTLED_AFTER

    def giving(self, direction: Direction) -> GateSide:
        """The server whose side fires until the instant."""
        return self.source if direction is Direction.FORWARD else self.target

    def taking(self, direction: Direction) -> GateSide:
        """The server whose side fires from the instant on."""
        return self.giving(direction.other)

    def close(self) -> None:
        """Close both connections."""
        self.source.connection.close()
        self.target.connection.close()

    def before_of(self, side: GateSide) -> dict[ScheduledJob, Switch]:
        """The switches that were there."""
        return self.before.source if side is self.source else self.before.target

    def see(
        self, record: GateRecord, now: float, *, is_other_way_wanted: bool, is_abandon_wanted: bool, is_held: bool = False
    ) -> SidesSeen:
        """Look at both; nothing is written. Raises SourceUnreachable, ErrorReply."""
        jobs, giving, taking = self._schedulers(record.direction, now)
        switches, marks = self._switches(record.direction, jobs, giving, taking), self._marks(record, jobs, now)
        lack = taking.no_scheduler(now)
        is_empty = not giving.processes and not self.last.was_within(self.last.process, now, EMPTY_AFTER)
        state = GateState(
            record.phase,
            now,
            record.instant,
            # Whoever comes back to a side that was left is held back by its marks: nobody needs to be waited for, if somebody fires.
            giving_lives=self.last.counts(self.last.scheduler, now) and not (is_empty and lack is None),
            giving_processes=len(giving.processes) or int(self.last.counts(self.last.process, now)),
            no_taking_scheduler=lack,
            taking_processes=len(taking.processes),
            is_other_way_wanted=is_other_way_wanted,
            is_abandon_wanted=is_abandon_wanted,
            is_held=is_held,
            taking_switched_on=len(switches.taking_off),
            taking_unequal=len(switches.taking_equal),
            giving_switched_on=len(switches.giving_off),
            giving_changed=len(switches.giving_as_before),
            taking_changed=len(switches.taking_as_before),
            marks_to_write=len(marks.giving_missing) + len(marks.taking_missing),
            marks_to_remove=len(marks.giving_unwanted) + len(marks.taking_unwanted),
            giving_marked_until=record.giving_marks.end,
            settled_after=self.settled_after,
            giving_is_empty=is_empty,
        )
        return SidesSeen(state, jobs, giving, taking, switches, marks)

    def _schedulers(self, direction: Direction, now: float) -> tuple[frozenset[ScheduledJob], SideSchedulers, SideSchedulers]:
        giving_side, taking_side = self.giving(direction), self.taking(direction)
        known = frozenset(self.before.source) | frozenset(self.before.target)
        giving = read_schedulers(giving_side.connection, self.where, known)
        taking = read_schedulers(taking_side.connection, self.where, known | jobs_of(giving))
        jobs = jobs_of(giving, taking)
        if not jobs <= giving.switches.keys():
            # What only the taking side has was not asked for.
            giving = read_schedulers(giving_side.connection, self.where, known | jobs)
        for side, seen in ((giving_side, giving), (taking_side, taking)):
            for job in jobs:
                self.before_of(side).setdefault(job, seen.switches.get(job))
        if giving.no_scheduler(now) is None:
            self.last.scheduler = now
        if giving.processes:
            self.last.process = now
        return jobs, giving, taking

    def _switches(
        self, direction: Direction, jobs: frozenset[ScheduledJob], giving: SideSchedulers, taking: SideSchedulers
    ) -> SwitchChanges:
        giving_before, taking_before = self.before_of(self.giving(direction)), self.before_of(self.taking(direction))
        return SwitchChanges(
            taking_off=switched_on(jobs, taking),
            giving_off=switched_on(jobs, giving),
            taking_equal=unlike(as_the_giving_side(jobs, giving, taking, taking_before), taking),
            giving_as_before=unlike(giving_before, giving),
            taking_as_before=unlike(taking_before, taking),
        )

    def _marks(self, record: GateRecord, jobs: frozenset[ScheduledJob], now: float) -> MarkChanges:
        if record.phase in _WITHOUT_MARKS:
            return MarkChanges()
        giving, taking = self.giving(record.direction), self.taking(record.direction)
        wanted = wanted_marks(record, now)
        return MarkChanges(
            taking_missing=taking.pieces_unlike(jobs, wanted.taking_needed, full=True),
            giving_missing=giving.pieces_unlike(jobs, wanted.giving_needed, full=True),
            taking_unwanted=taking.pieces_unlike(jobs, wanted.taking_unwanted, full=False),
            giving_unwanted=giving.pieces_unlike(jobs, wanted.giving_unwanted, full=False),
        )
