"""How a handover stands, as it is written down and shown: counts, names of queues and times; never what a job says."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from uplift.sidekiq.handover.handover import Ended, Handover
from uplift.sidekiq.handover.left import Left
from uplift.sidekiq.handover.progress import PlaceState
from uplift.sidekiq.handover.remaining import Remaining
from uplift.sidekiq.handover.wishes import Part
from uplift.sidekiq.keys.shown_names import whole_name

SCHEMA = "uplift.handover.status/1"
_RATE_SECONDS = 10.0


class HandoverPhase(StrEnum):
    """SURVEYING: every key is looked at once, before anything is taken. WAITING: all that may be moved is moved, and more may come."""

    SURVEYING = "surveying"
    MOVING = "moving"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True)
class PlaceStatus:
    """`part` and `name` of a queue, or of a sorted set; jobs `waiting` as far as this round knows, and `moved` so far."""

    part: str
    name: str
    state: PlaceState
    waiting: int
    moved: int


@dataclass(frozen=True)
class LeftStatus:
    """What stays on the old side: how many, why, and what is to be done."""

    part: str
    name: str
    jobs: int
    reason: str
    advice: str


@dataclass(frozen=True)
class HandoverStatus:
    """`at` in seconds since 1970; `jobs` moved by this process; `seconds_left` None where nobody can tell."""

    at: float
    run: str
    phase: HandoverPhase
    rounds: int
    jobs: int
    jobs_a_second: float
    to_go: int
    seconds_left: float | None
    given_back: int
    released: int
    counters: int
    locks: int
    batches: int
    throttle: float
    places: tuple[PlaceStatus, ...] = ()
    left: tuple[LeftStatus, ...] = ()
    remaining: Remaining | None = None
    problem: str | None = None
    ended: Ended | None = None
    forgotten: tuple[int, ...] = ()
    schema: str = SCHEMA

    @property
    def came_since(self) -> int:
        """Of a single round that left nothing: jobs that came to the old side after it had looked there."""
        if self.ended is not Ended.ROUND or self.left or self.remaining is None:
            return 0
        return self.remaining.queued + self.remaining.in_sorted_sets + self.remaining.private


_STATUS = TypeAdapter(HandoverStatus)


def status_as_json(status: HandoverStatus) -> str:
    """One line."""
    return _STATUS.dump_json(status).decode()


def read_status(path: Path) -> HandoverStatus | None:
    """What a process told last; None where none did, or in a form that this version does not know."""
    try:
        return _STATUS.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


@dataclass(slots=True)
class StatusTaker:
    """Makes statuses of one handover; the rate is over the last ten seconds."""

    handover: Handover
    run: str
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, problem: str | None = None, ended: Ended | None = None, forgotten: tuple[int, ...] = ()) -> HandoverStatus:
        """As it is now."""
        progress = self.handover.progress
        rate = self._rate(progress.jobs)
        return HandoverStatus(
            at=time.time(),
            run=self.run,
            phase=self._phase(ended),
            rounds=progress.rounds,
            jobs=progress.jobs,
            jobs_a_second=rate,
            to_go=progress.to_go,
            seconds_left=progress.to_go / rate if rate and progress.to_go else None,
            given_back=progress.given_back,
            released=progress.released,
            counters=len(progress.statistics),
            locks=progress.locks,
            batches=progress.batches,
            throttle=self.handover.wishes.most_jobs_a_second,
            places=tuple(
                PlaceStatus(part.value, whole_name(name), state, progress.waiting.get((part, name), 0), progress.moved[part, name])
                for (part, name), state in (dict.fromkeys(progress.moved, PlaceState.EMPTY) | progress.states).items()
                if part not in {Part.STATISTICS, Part.BATCHES}
            ),
            left=tuple(map(left_status, progress.left)),
            remaining=self.handover.remaining,
            problem=problem,
            ended=ended,
            forgotten=forgotten,
        )

    def _phase(self, ended: Ended | None) -> HandoverPhase:
        if ended is not None:
            return HandoverPhase.ENDED
        if self.handover.wishes.is_paused:
            return HandoverPhase.PAUSED
        if self.handover.looks.survey is None:
            return HandoverPhase.SURVEYING
        return HandoverPhase.MOVING if self.handover.progress.to_go else HandoverPhase.WAITING

    def _rate(self, jobs: int) -> float:
        now = time.monotonic()
        self._seen.append((now, jobs))
        while self._seen[0][0] < now - _RATE_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (jobs - before) / (now - since) if now > since else 0.0


def left_status(left: Left) -> LeftStatus:
    """In words."""
    reason, advice = left.why.value
    return LeftStatus(left.part.value, whole_name(left.name), left.jobs, reason, advice)
