"""A gate that is stepped beside something else: when its next step is due, and what is news."""

from __future__ import annotations

import time
from dataclasses import dataclass

from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateStep

_LOOK_SECONDS = 1.0
_OVER = frozenset({GateOutcome.ENDED, GateOutcome.FENCED})


@dataclass(slots=True)
class Turning:
    """`last` is the newest step; `is_doubtful`: instances are missing, or may have fired twice."""

    gate: Gate
    last: GateStep | None = None
    is_doubtful: bool = False
    _due_at: float = 0.0
    _told: tuple[object, ...] | None = None
    _notices: tuple[object, ...] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do, or another gate does it."""
        return self.last is not None and self.last.outcome in _OVER

    @property
    def seconds_to_wait(self) -> float:
        """Until the next step is due."""
        return max(0.0, self._due_at - time.monotonic())

    @property
    def is_fenced(self) -> bool:
        """Whether another gate works on this run."""
        return self.last is not None and self.last.outcome is GateOutcome.FENCED

    def step(self) -> tuple[GateStep, bool] | None:
        """The next step, where it is due and says something new; with it whether what is to be done by hand is new."""
        if self.is_over or self.seconds_to_wait:
            return None
        step = self.last = self.gate.step(time.time())
        self.is_doubtful = self.is_doubtful or bool(step.doubtful)
        if step.outcome in {GateOutcome.WAITING, GateOutcome.AGAIN}:
            self._due_at = time.monotonic() + _LOOK_SECONDS
        told = (step.record and (step.record.phase, step.record.instant), step.reason)
        notices = (step.by_hand, step.only_giving)
        is_news, has_notices = told != self._told or bool(step.doubtful) or notices != self._notices, notices != self._notices
        self._told, self._notices = told, notices
        return (step, has_notices) if is_news else None
