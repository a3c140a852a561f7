"""Jobs that a handover to the new side holds back there, since the new side has the same job with another score. On the way back the other
one is moved away, and they are to follow it: the handover that holds them goes on, and takes nothing more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from uplift.sidekiq.handover.beginning import prepare
from uplift.sidekiq.handover.handover import Handover
from uplift.sidekiq.handover.left import Why
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.mover.mover import MoverServers
from uplift.split.run.sidekiq_sides import SidekiqSides

OpenHandover = Callable[[MoverServers, bool, Wishes], Handover]
"""Of these servers, whether it takes from the new side, and what is wanted."""
_AGAIN_SECONDS = 2.0
_MOST_PIECES = 200


def held_in(handover: Handover) -> int:
    """How many jobs it holds back, as of its latest round."""
    return sum(one.jobs for one in handover.progress.left if one.why is Why.HELD)


class HeldJobs:
    """Of the handover to the new side, while jobs are moved back: it takes nothing any more, so that what it holds only becomes less.

    `count` as of its latest round; None before the first. `gone_at`: when a round had found none (monotonic seconds); what it let go
    before is where the other one finds it from then on.
    """

    def __init__(self, sides: SidekiqSides, open_handover: OpenHandover) -> None:
        self.count: int | None = None
        self.gone_at: float | None = None
        self._sides, self._open_handover = sides, open_handover
        self._handover: Handover | None = None
        self._due_at = 0.0

    def step(self) -> None:
        """A round now and then. Raises what `prepare` and Handover.step raise."""
        if self.gone_at is not None or time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _AGAIN_SECONDS
        if self._handover is None:
            prepared = prepare(self._sides.old, self._sides.new, self._sides.database, waits=self._sides.waits)
            self._handover = self._open_handover(prepared.servers, False, Wishes(parts=frozenset(), until_empty=True))
        self._take_round(self._handover)

    def _take_round(self, handover: Handover) -> None:
        rounds = handover.progress.rounds
        for _ in range(_MOST_PIECES):
            step = handover.step()
            if step.problem is not None or step.ended is not None or handover.progress.rounds > rounds:
                break
        if handover.progress.rounds > rounds:
            self.count = held_in(handover)
            self.gone_at = time.monotonic() if not self.count else None
        if step.ended is not None or self.gone_at is not None:
            self.close()

    def close(self) -> None:
        """Close every connection. Safe to call twice."""
        if self._handover is not None:
            self._handover.close()
            self._handover = None
