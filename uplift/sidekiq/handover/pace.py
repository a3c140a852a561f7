"""How long to wait so that not more than so many jobs a second are moved."""

from __future__ import annotations

from collections.abc import Callable

_MOST_CREDIT_SECONDS = 1.0


class Pace:
    """`clock` gives seconds. What was not used is credit for a second at most.

    What is owed is counted in jobs: in seconds it would hold a throttle that was set since to what an earlier one was.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock()
        self._owed = 0.0

    def wait_after(self, jobs: int, most_a_second: float) -> float:
        """Seconds to wait after so many jobs; 0 where there is no limit."""
        now = self._clock()
        passed, self._at = now - self._at, now
        if not most_a_second:
            self._owed = 0.0
            return 0.0
        self._owed = max(self._owed - passed * most_a_second, -_MOST_CREDIT_SECONDS * most_a_second) + jobs
        return max(0.0, self._owed / most_a_second)
