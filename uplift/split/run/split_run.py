"""A split from its first look to its end: `step` does one bounded piece of work and says what happened.

It knows no signals, no terminal, no loop and no place of its own: a process, a container and a test drive the same object, and what engines
and operators share is in a store. Whatever is done is wanted by what is stored (decisions/wants.py), so an engine that comes anew goes on.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from uplift import __version__
from uplift.errors import NotWritten
from uplift.keyspace.follow.run_step import Outcome
from uplift.split.decisions.role import Role, Seen, are_standbys_to_leave, role_of
from uplift.split.record.stage import Phase
from uplift.split.run.follow_part import FollowPlace
from uplift.split.run.kept_record import KeptRecord, refuse_another
from uplift.split.run.leading import Leading
from uplift.split.run.news import News
from uplift.split.run.parts import EngineParts
from uplift.split.run.request import SplitRequest
from uplift.split.run.split_events import EventKind, SplitEvent
from uplift.split.run.told_of_engine import EngineTold
from uplift.split.run.watched_beats import DEAD_SECONDS, WatchedBeats
from uplift.split.store.store import Beat, SplitStore, StoreConflict

_LOOK_SECONDS = 0.2
_BEAT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SplitStep:
    """What one step came to. `is_over`: this engine has nothing left to do."""

    events: tuple[SplitEvent, ...]
    phase: Phase
    is_over: bool


class SplitRun:
    """Of one engine, named `engine`."""

    def __init__(self, request: SplitRequest, store: SplitStore, place: FollowPlace, *, engine: str, watches_after: bool = True) -> None:
        """`watches_after`: once the run is finished, go on looking who writes to legacy. Raises BadInput."""
        self.engine = engine
        self.kept = KeptRecord(store, engine)
        self.news = News()
        self.parts = EngineParts(request, place)
        self._request, self._store, self._watches_after = request, store, watches_after
        self._beats = WatchedBeats(engine)
        self._leading: Leading | None = None
        self._role = Role.WAIT
        self._why = ""
        self._count = 0
        self._look_at = self._beat_at = 0.0
        self._is_over = self._is_to_leave = self._has_left = False
        self._stands_by = request.stands_by
        self._not_written: str | None = None

    def step(self, wait_seconds: float = 0.1) -> SplitStep:
        """One bounded piece of work; where there is none, once there is some or `wait_seconds` are over.

        Raises the errors of uplift/errors.py where the run cannot go on: it is to be closed then, and may be begun again.
        """
        if not self._is_over:
            self._step(wait_seconds)
        return SplitStep(self.news.take(), self.phase, self._is_over)

    @property
    def phase(self) -> Phase:
        """As of the latest look; of an engine that does not lead, as it was written down last."""
        if self._leading is not None:
            return self._leading.phase
        record = self.kept.record
        if record is None:
            return Phase.PREFLIGHT
        return max(record.reached, key=lambda phase: record.reached[phase], default=Phase.PREFLIGHT)

    @property
    def told(self) -> EngineTold:
        """What this engine says of itself now."""
        status = self._leading.told() if self._leading is not None else None
        return EngineTold(self.engine, self._role, self.phase, self._why, self.parts.is_warm, status)

    @property
    def is_done(self) -> bool:
        """Whether the run is over, with nothing of it left to do."""
        return self._leading is not None and self._leading.is_over

    @property
    def not_written(self) -> str | None:
        """Why nothing is decided now: what engines share cannot be written or read; None where it can."""
        return self._not_written

    @property
    def role(self) -> Role:
        """What this engine is to the run."""
        return self._role

    @property
    def why(self) -> str:
        """What it waits for, where it waits."""
        return self._why

    def _step(self, wait_seconds: float) -> None:
        self._step_follow(wait_seconds)
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        try:
            self.kept.refresh()
            self._beats.look(self._store.beats())
            self._look()
            self._beat_if_due()
        except StoreConflict as conflict:
            # Another engine leads, or an operator's request was taken by one: what is stored decides.
            self.news.tell(EventKind.NOTE, f"{conflict}: read again")
        except NotWritten as problem:
            self._tell_not_written(problem)
            return
        self._not_written = None

    def _tell_not_written(self, problem: NotWritten) -> None:
        """Who leads follows on under its lease; nothing is decided, and no command taken, until it can be written down."""
        if self._not_written is None:
            self.news.tell(EventKind.WARNING, f"{problem}: it follows on, and decides nothing until this can be written")
        self._not_written = str(problem)

    def _step_follow(self, wait_seconds: float) -> None:
        follow = self.parts.follow
        if follow.run is None:
            self.parts.wait(wait_seconds)
            return
        step = follow.step(wait_seconds)
        self.parts.look_at_fence()
        self.news.take_follow(step)
        if step.outcome in {Outcome.FENCED, Outcome.HANDED_OVER}:
            self._lose_lead(step.outcome)

    def _lose_lead(self, outcome: Outcome) -> None:
        """Another engine leads: this one listens from now on, unless it was told to leave."""
        self.news.tell(EventKind.FENCED, f"{outcome.value}: another engine leads")
        if self._leading is not None:
            self._leading.close()
        self.parts.rest()
        self._leading, self._role, self._stands_by = None, Role.WAIT, True
        self._is_over = self._is_to_leave

    def _look(self) -> None:
        if self._leading is not None and self.kept.leads:
            self._lead(self._leading)
            return
        if self._leading is not None:
            self._lose_lead(Outcome.FENCED)
        if self._role is Role.STAND_BY:
            self._stand_by()
            return
        self._find_role()

    def _find_role(self) -> None:
        record = self.kept.record
        if record is not None and record.is_prechecked:
            refuse_another(record, self._request, "--state")
        leader = record.engine if record is not None else ""
        is_alive = any(beat.engine == leader for beat in self._beats.alive())
        silent = DEAD_SECONDS if self._has_said_goodbye(leader) else self._beats.seconds_silent(leader)
        decision = role_of(record, Seen(self.engine, self._stands_by, is_alive, silent, DEAD_SECONDS))
        self._role, self._why = decision.role, decision.why
        match decision.role:
            case Role.BEGIN:
                self.kept.begin(self._request)
                self._begin_to_lead()
            case Role.LEAD:
                self._begin_to_lead()
            case Role.STAND_BY:
                self._has_left = False
                self.parts.open_follow(self.kept.existing, stands_by=True)
            case Role.OVER:
                self._after_the_end()
            case Role.WAIT:
                pass

    def _has_said_goodbye(self, leader: str) -> bool:
        return any(beat.engine == leader and beat.has_left for beat in self._store.beats())

    def _begin_to_lead(self) -> None:
        self._has_left = False
        self.kept.lead(self._request)
        self._role = Role.LEAD
        self._leading = Leading(self._request, self.kept, self.parts, self.news, self._beats)

    def _stand_by(self) -> None:
        record = self.kept.existing
        if record.stage.is_over or are_standbys_to_leave(record):
            self.parts.rest()
            self._has_left, self._role = True, Role.WAIT
            return
        if self.parts.follow.is_leading:
            self.news.tell(EventKind.TOOK_OVER, f"engine {record.engine} fell silent")
            self._begin_to_lead()

    def _lead(self, leading: Leading) -> None:
        leading.look()
        if leading.is_over:
            self._after_the_end()

    def _after_the_end(self) -> None:
        record = self.kept.existing
        leads = self._leading is not None
        if leads and record.stage.side.value == "new" and self._watches_after:
            return
        self._is_over = True

    def _beat_if_due(self) -> None:
        now = time.monotonic()
        if now < self._beat_at:
            return
        self._beat_at = now + _BEAT_SECONDS
        self._beat()

    def _beat(self) -> None:
        self._count += 1
        is_warm = self._role is Role.STAND_BY and self.parts.is_warm
        self._store.beat(
            Beat(
                engine=self.engine,
                count=self._count,
                is_leading=self._leading is not None,
                is_warm=is_warm,
                has_left=self._has_left or self._is_to_leave,
                version=__version__,
            )
        )

    def leave(self) -> None:
        """Let an engine that stands by take over, where one could without a gap; `step` goes on until it is over, or nobody did."""
        self._is_to_leave = True
        follow = self.parts.follow
        if follow.run is not None and follow.is_leading and self.parts.has_warm_standby:
            follow.run.hand_over()
            return
        self._is_over = True

    def close(self) -> None:
        """Let go of servers and store; leases stay. Safe to call twice."""
        self._is_to_leave = True
        try:
            if self._leading is not None:
                self._leading.close()
            self.parts.close()
        finally:
            with suppress(NotWritten):
                # Without a goodbye the others wait until this one has been silent for long enough.
                self._beat()
