"""How long to wait so that not more than so many jobs a second are moved."""

from __future__ import annotations

from collections.abc import Callable

_MOST_CREDIT_SECONDS = 1.0


class Pace:
    """`clock` gives seconds. What was not used is credit for a second at most."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due = clock()

    def wait_after(self, jobs: int, most_a_second: float) -> float:
        """Seconds to wait after so many jobs; 0 where there is no limit."""
        now = self._clock()
        if not most_a_second:
            self._due = now
            return 0.0
        self._due = max(self._due, now - _MOST_CREDIT_SECONDS) + jobs / most_a_second
        return max(0.0, self._due - now)
