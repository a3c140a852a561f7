"""What a run measures of itself: lag, rates, and how old the oldest dirty key is."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

_LAGS_KEPT = 4_000
_LAG_SECONDS = 10.0
_MARKS_KEPT = 120


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from the moment a key was told of to the moment it was settled: half of the rounds were quicker, and 99 of 100."""

    p50: float
    p99: float


class Lags:
    """The lags of the rounds of the last ten seconds."""

    def __init__(self) -> None:
        self._lags: deque[tuple[float, float]] = deque(maxlen=_LAGS_KEPT)

    def add(self, seconds: float) -> None:
        """One round's."""
        self._lags.append((time.monotonic(), seconds))

    def lag(self) -> Lag | None:
        """None where nothing was told lately."""
        since = time.monotonic() - _LAG_SECONDS
        while self._lags and self._lags[0][0] < since:
            self._lags.popleft()
        values = sorted(seconds for _, seconds in self._lags)
        if not values:
            return None
        return Lag(values[len(values) // 2], values[min(len(values) - 1, len(values) * 99 // 100)])


class Rate:
    """How fast a count grows, from the latest two looks at it."""

    def __init__(self) -> None:
        self._at, self._count = time.monotonic(), 0
        self.a_second = 0.0

    def look(self, count: int) -> None:
        """Take the count as it is now."""
        now = time.monotonic()
        if now > self._at:
            self.a_second = max(0, count - self._count) / (now - self._at)
        self._at, self._count = now, count


class RoundTimes:
    """When rounds were, about once a second: what turns the round that a touch came after into an age."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=_MARKS_KEPT)

    def look(self, round_: int) -> None:
        """Now is this round."""
        self._marks.append((time.monotonic(), round_))

    def seconds_since(self, round_: int) -> float:
        """At least so long ago was the round; 0 for one since the latest look."""
        now = time.monotonic()
        return next((now - at for at, then in self._marks if then > round_), 0.0)

    def round_before(self, seconds: float) -> int | None:
        """The latest round known to be so long ago; None where none is."""
        before = time.monotonic() - seconds
        return next((round_ for at, round_ in reversed(self._marks) if at <= before), None)
