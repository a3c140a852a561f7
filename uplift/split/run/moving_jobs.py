"""The handover as a part of a split: one direction at a time, opened when it is wanted, and brought to rest when it is not."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.handover.beginning import prepare
from uplift.sidekiq.handover.handover import Ended, Handover, HandoverStep
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.keys.shown_names import whole_name
from uplift.split.decisions.facts import HandoverFacts
from uplift.split.decisions.wants import MoverWant
from uplift.split.run.held_jobs import HeldJobs, OpenHandover, held_in
from uplift.split.run.sidekiq_sides import SidekiqSides

_AGAIN_SECONDS = 2.0
_RATE_SECONDS = 10.0
_LONG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MovingWants:
    """`era` is the lease's epoch: None while this engine leads nothing. `most_jobs_a_second` 0: as fast as it goes."""

    mover: MoverWant = MoverWant.IDLE
    is_paused: bool = False
    most_jobs_a_second: float = 0.0
    era: int | None = None


@dataclass(frozen=True, slots=True)
class MovingShown:
    """`jobs` moved by this engine in this direction; `doing` is the want it has come to."""

    doing: MoverWant = MoverWant.IDLE
    facts: HandoverFacts = field(default_factory=HandoverFacts)
    jobs: int = 0
    jobs_a_second: float = 0.0
    rounds: int = 0
    to_go: int = 0


class MovingJobs:
    """`open_handover` makes one of a direction. Used by one thread."""

    def __init__(self, sides: SidekiqSides, open_handover: OpenHandover) -> None:
        self.shown = MovingShown()
        self.wants = MovingWants()
        self._sides, self._open_handover = sides, open_handover
        self._handover: Handover | None = None
        self._opened_at = 0.0
        self._held = HeldJobs(sides, open_handover)
        self._is_back = False
        self._again_at = 0.0
        self._done = False
        self._stopped: str | None = None
        self._problem: str | None = None
        self._jobs_before = 0
        self._taken_since: float | None = None
        self._jobs_at_take = 0
        self._rates: list[tuple[float, int]] = []

    def step(self) -> float:
        """The next piece; in how many seconds the one after it is due."""
        wants = self.wants
        if wants.mover is MoverWant.IDLE or wants.era is None:
            self.close()
            self.shown = MovingShown(doing=wants.mover)
            return _AGAIN_SECONDS / 10
        is_back = wants.mover in {MoverWant.BACK, MoverWant.SETTLE_BACK}
        if is_back != self._is_back:
            self.close()
            self._is_back, self._done, self._jobs_before = is_back, False, 0
            self._held = HeldJobs(self._sides, self._open_handover)
        if time.monotonic() < self._again_at or self._stopped is not None:
            return _AGAIN_SECONDS / 10
        try:
            return self._step(wants)
        except (HandoverRefused, SourceUnreachable, TargetRefused, ErrorReply) as problem:
            self._give_up_for_now(str(problem))
            return _AGAIN_SECONDS / 10

    def _give_up_for_now(self, problem: str) -> None:
        self.close()
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        self._tell(self.wants.mover, problem, is_settled=False)

    def _step(self, wants: MovingWants) -> float:
        handover = self._handover = self._handover or self._opened()
        if wants.mover in {MoverWant.SETTLE_FORWARD, MoverWant.SETTLE_BACK}:
            return self._settle(handover, wants)
        handover.wishes = replace(handover.wishes, most_jobs_a_second=wants.most_jobs_a_second, is_paused=wants.is_paused)
        step = handover.step()
        if step.ended is not None:
            return self._after_end(step)
        if handover.progress.jobs or (handover.remaining is not None and not handover.remaining.is_nothing):
            self._done = self._done and not handover.progress.jobs
        if self._is_back:
            self._held.step()
        self._tell(wants.mover, step.problem or self._why_it_waits(handover), is_settled=handover.mover.is_idle)
        return min(step.wait_seconds, _AGAIN_SECONDS)

    def _why_it_waits(self, handover: Handover) -> str | None:
        """What was taken is applied once all that was written before it is on the other side; a key that is never still may hold it up."""
        is_held_up = handover.mover.has_taken and handover.progress.jobs == self._jobs_at_take
        if not is_held_up or self._taken_since is None:
            self._taken_since, self._jobs_at_take = (time.monotonic() if handover.mover.has_taken else None), handover.progress.jobs
            return None
        waited = time.monotonic() - self._taken_since
        if waited < _LONG_SECONDS:
            return None
        return f"what was taken waits for the follow to bring over what was written before it, for {waited:.0f} s"

    def _opened(self) -> Handover:
        """Raises what `prepare` raises."""
        old, new = self._sides.old, self._sides.new
        source, target = (new, old) if self._is_back else (old, new)
        prepared = prepare(source, target, self._sides.database, waits=self._sides.waits)
        self._opened_at = time.monotonic()
        return self._open_handover(prepared.servers, self._is_back, Wishes(until_empty=True))

    def _settle(self, handover: Handover, wants: MovingWants) -> float:
        step = handover.settle()
        is_settled = step.problem is None and step.ended is None and handover.mover.is_idle
        self._tell(wants.mover, step.problem, is_settled=is_settled)
        return 0.05 if is_settled else step.wait_seconds

    def _after_end(self, step: HandoverStep) -> float:
        """It begins anew: jobs that come later, such as those of a nightly task, are moved as well."""
        match step.ended:
            case Ended.STOPPED:
                self._stopped = step.problem or "a server forgot what it had acknowledged"
                self._tell(self.wants.mover, step.problem, is_settled=False)
            case Ended.EMPTY | Ended.ROUND:
                self._done = self._found_everything()
                self._tell(self.wants.mover, None, is_settled=True)
            case Ended.FENCED | None:
                self._give_up_for_now(step.problem or "another mover works on this run")
                return _AGAIN_SECONDS
        self.close()
        return _AGAIN_SECONDS / 10

    def _found_everything(self) -> bool:
        """Whether what ended had seen all there was: on the way back, jobs that were held back have been let go before it began."""
        return not self._is_back or (self._held.gone_at is not None and self._held.gone_at < self._opened_at)

    def _tell(self, doing: MoverWant, problem: str | None, *, is_settled: bool) -> None:
        handover = self._handover
        if handover is None:
            facts = HandoverFacts(is_done=False, is_settled=is_settled, stopped=self._stopped, problem=problem)
            self.shown = replace(self.shown, doing=doing, facts=facts)
            return
        progress, remaining = handover.progress, handover.remaining
        jobs_left = 0 if remaining is None else remaining.queued + remaining.in_sorted_sets + remaining.private
        held = (self._held.count or 0) if self._is_back else held_in(handover)
        left = tuple(f"{one.part.value} {whole_name(one.name)}: {one.jobs:,}: {one.why.value[0]}" for one in progress.left)
        facts = HandoverFacts(self._done, is_settled, self._stopped, problem, jobs_left, left, held)
        jobs = self._jobs_before + progress.jobs
        self.shown = MovingShown(doing, facts, jobs, self._rate(jobs), progress.rounds, progress.to_go)

    def _rate(self, jobs: int) -> float:
        now = time.monotonic()
        self._rates.append((now, jobs))
        while self._rates[0][0] < now - _RATE_SECONDS:
            self._rates.pop(0)
        since, before = self._rates[0]
        return (jobs - before) / (now - since) if now > since else 0.0

    def close(self) -> None:
        """Close every connection; what is in outboxes is taken up by whoever goes on."""
        if self._handover is not None:
            self._jobs_before += self._handover.progress.jobs
            self._handover.close()
            self._handover = None
        self._held.close()
