"""Drives a handover to its end: settings are taken while it runs, and how it stands is written down and shown."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from uplift.cli.gate.turning import Turning
from uplift.cli.handover.chunk_size import limits_under
from uplift.cli.handover.state import HandoverDirectory
from uplift.cli.handover.status import HandoverStatus, StatusTaker, status_as_json
from uplift.cli.terminal.handover_view import HandoverView
from uplift.sidekiq.handover.handover import Ended, Handover, HandoverStep
from uplift.sidekiq.mover.resuming import Stop
from uplift.state_directory import write_whole

_TELL_SECONDS = 1.0
_SETTLE_SECONDS = 5.0


@dataclass(slots=True)
class Driving:
    """Of one handover, in one directory."""

    handover: Handover
    directory: HandoverDirectory
    view: HandoverView
    taker: StatusTaker
    turning: Turning | None = None
    stop: Stop | None = None
    _told_at: float = 0.0
    _problem: str | None = None

    def to_its_end(self) -> HandoverStatus:
        """Until it ends by itself. Raises KeyboardInterrupt, HandoverRefused, NotWritten, BadInput."""
        while True:
            self._look_around()
            step = self._brought_over(self.handover.step())
            self._problem = step.problem
            self._turn_cron()
            if step.ended is not None and (step.ended is not Ended.EMPTY or self.turning is None or self.turning.is_over):
                return self._last(step)
            self._wait(_TELL_SECONDS if step.ended is not None else step.wait_seconds)

    def _brought_over(self, step: HandoverStep) -> HandoverStep:
        """Before a long wait: what was taken goes to the other side first, since nobody could run it meanwhile."""
        while step.ended is None and step.problem is None and step.wait_seconds > _TELL_SECONDS and self.handover.mover.has_taken:
            step = self.handover.settle()
        return step

    def _wait(self, seconds: float) -> None:
        """As long as that, while what is set is taken every second. A pause ends it, and a higher throttle has it shorter."""
        due = time.monotonic() + seconds
        was_paused = self.handover.wishes.is_paused
        while (left := due - time.monotonic()) > 0:
            throttle = self.handover.wishes.most_jobs_a_second
            time.sleep(max(0.0, min(left, self._seconds_until_due)))
            self._look_around()
            self._turn_cron()
            if was_paused or self.handover.wishes.is_paused:
                return
            now = time.monotonic()
            due = min(due, now + (due - now) * _share(throttle, self.handover.wishes.most_jobs_a_second))

    @property
    def _seconds_until_due(self) -> float:
        """Until something is to be told, or the gate is to be stepped."""
        until_told = self._told_at + _TELL_SECONDS - time.monotonic()
        return until_told if self.turning is None or self.turning.is_over else min(until_told, self.turning.seconds_to_wait)

    def _look_around(self) -> None:
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            self._take_settings()
            self.tell(self.taker.take(self._problem))

    def _turn_cron(self) -> None:
        """What the old side's last processes push by cron is moved as any other job, so that this may go on beside."""
        if self.turning is not None and (news := self.turning.step()) is not None:
            self.view.cron(*news)
            self.tell(self.taker.take(self._problem))

    def _take_settings(self) -> None:
        settings = self.directory.settings()
        wishes = self.handover.wishes
        self.handover.wishes = replace(wishes, most_jobs_a_second=settings.throttle, is_paused=settings.stands_still(time.time()))
        mover, limits = self.handover.mover, limits_under(settings.throttle)
        # A single round takes a chunk that is smaller than what it began with for the last one of its queue.
        if limits.jobs > mover.limits.jobs or (limits.jobs < mover.limits.jobs and wishes.until_empty):
            mover.limits = limits
            mover.forget()

    def _last(self, step: HandoverStep) -> HandoverStatus:
        forgotten = (step.stop.numbers.start, step.stop.numbers.stop - 1) if step.stop is not None else ()
        last = self.taker.take(step.problem, step.ended, forgotten)
        self.stop = step.stop
        self.tell(last)
        return last

    def tell(self, status: HandoverStatus) -> None:
        """To whoever asks and to whoever watches. Raises NotWritten."""
        self._told_at = time.monotonic()
        write_whole(self.directory.status_path, status_as_json(status))
        self.view.status(status)

    def settle(self) -> bool:
        """After Ctrl-C: bring what was taken to the other side. Whether nothing is in an outbox."""
        # It may have come in the middle of a request, whose answer nobody reads any more.
        self.handover.mover.forget()
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not self.handover.mover.is_idle and time.monotonic() < deadline:
            step = self.handover.settle()
            if step.ended is not None:
                return False
            time.sleep(min(step.wait_seconds, _TELL_SECONDS) if step.problem is not None else 0)
        return self.handover.mover.is_idle


def _share(before: float, now: float) -> float:
    """Of a wait under a throttle, what is left of it under another one."""
    if not before or before == now:
        return 1.0
    return before / now if now else 0.0
