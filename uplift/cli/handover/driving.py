"""Drives a handover to its end: settings are taken while it runs, and how it stands is written down and shown."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from uplift.cli.gate.turning import Turning
from uplift.cli.handover.state import HandoverDirectory
from uplift.cli.handover.status import HandoverStatus, StatusTaker, status_as_json
from uplift.cli.terminal.handover_view import HandoverView
from uplift.sidekiq.handover.handover import Ended, Handover, HandoverStep
from uplift.state_directory import write_whole

_TELL_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 1.0
_SETTLE_SECONDS = 5.0


@dataclass(slots=True)
class Driving:
    """Of one handover, in one directory."""

    handover: Handover
    directory: HandoverDirectory
    view: HandoverView
    taker: StatusTaker
    turning: Turning | None = None
    _told_at: float = 0.0
    _problem: str | None = None

    def to_its_end(self) -> HandoverStatus:
        """Until it ends by itself. Raises KeyboardInterrupt, HandoverRefused, NotWritten, BadInput."""
        while True:
            if time.monotonic() - self._told_at >= _TELL_SECONDS:
                self._take_settings()
                self.tell(self.taker.take(self._problem))
            step = self.handover.step()
            self._problem = step.problem
            self._turn_cron()
            if step.ended is not None and (step.ended is not Ended.EMPTY or self.turning is None or self.turning.is_over):
                return self._last(step)
            wait = _LONGEST_WAIT_SECONDS if step.ended is not None else step.wait_seconds
            if wait:
                time.sleep(min(wait, _LONGEST_WAIT_SECONDS if self.turning is None else self.turning.seconds_to_wait))

    def _turn_cron(self) -> None:
        """What the old side's last processes push by cron is moved as any other job, so that this may go on beside."""
        if self.turning is not None and (news := self.turning.step()) is not None:
            self.view.cron(*news)
            self.tell(self.taker.take(self._problem))

    def _take_settings(self) -> None:
        settings = self.directory.settings()
        self.handover.wishes = replace(
            self.handover.wishes, most_jobs_a_second=settings.throttle, is_paused=settings.stands_still(time.time())
        )

    def _last(self, step: HandoverStep) -> HandoverStatus:
        forgotten = (step.stop.numbers.start, step.stop.numbers.stop - 1) if step.stop is not None else ()
        last = self.taker.take(step.problem, step.ended, forgotten)
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
            time.sleep(min(step.wait_seconds, _LONGEST_WAIT_SECONDS) if step.problem is not None else 0)
        return self.handover.mover.is_idle
