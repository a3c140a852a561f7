"""How fast the engine may go: what a foreign command waits on a server decides, and never the engine's own times."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

_CLIMBS_BELOW = 0.7
"""Of the limit: between this and the limit nothing changes, or two levels would alternate."""
_LOOK_AGAIN_SECONDS = 0.5
_LOWEST_SECONDS = 5.0
_CLIMBS_AFTER_SECONDS = 5.0
"""After it slowed down: a quicker level that was too much is not tried at once again."""
_STILL_SECONDS = 1.0
_NOT_OURS_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many keys a round, and so many seconds from the start of one round to that of the next."""

    most_keys: int
    pause_seconds: float


PACES = (
    Pace(1_000, 0.001),
    Pace(400, 0.001),
    Pace(200, 0.002),
    Pace(100, 0.004),
    Pace(50, 0.010),
    Pace(50, 0.025),
)
"""The last is the floor: 2,000 keys a second, however slow the servers are."""
STILL = Pace(0, 0.1)
"""Markers alone: what a server still takes long for is not this engine's doing."""


class Throttled(StrEnum):
    """NO; BY_LATENCY; TRYING: it stands still for a moment to see whose latency it is; NOT_OURS: the latency stayed then."""

    NO = "no"
    BY_LATENCY = "by latency"
    TRYING = "standing still to see whose latency it is"
    NOT_OURS = "no: the latency is not this engine's"


@dataclass(frozen=True, slots=True)
class Latency:
    """What a foreign command waits on a server: the 99th percentile of one second, and the limit, in seconds. `began_at`: when that
    second began, in monotonic seconds; a pace is judged by what was measured under it alone.
    """

    server: str
    p99: float
    limit: float
    began_at: float = math.inf

    @property
    def ratio(self) -> float:
        """Above 1 it is too long."""
        return self.p99 / self.limit


@dataclass(frozen=True, slots=True)
class Paced:
    """The pace and why. `level` is its place in PACES; times are monotonic seconds: `since` of `throttled`, `changed_at` of the
    level, `climbs_at` when a quicker one may be tried.
    """

    level: int = 0
    throttled: Throttled = Throttled.NO
    latency: Latency | None = None
    since: float = 0.0
    changed_at: float = 0.0
    climbs_at: float = 0.0

    @property
    def pace(self) -> Pace:
        """What the engine is given."""
        return STILL if self.throttled is Throttled.TRYING else PACES[self.level]


def next_pace(before: Paced, latencies: list[Latency], now: float) -> Paced:
    """The pace from now on; `latencies` empty: nothing is known, and nothing changes."""
    measured = [one for one in latencies if one.began_at >= before.changed_at]
    if not measured or now - before.changed_at < _LOOK_AGAIN_SECONDS:
        return before
    worst = max(measured, key=lambda one: one.ratio)
    match before.throttled:
        case Throttled.TRYING:
            return _tried(before, worst, now)
        case Throttled.NOT_OURS:
            if now - before.since < _NOT_OURS_SECONDS and worst.ratio > 1:
                return replace(before, latency=worst)
            return Paced(changed_at=now)
        case Throttled.NO | Throttled.BY_LATENCY:
            return _by_latency(before, worst, now)


def _tried(before: Paced, worst: Latency, now: float) -> Paced:
    if now - before.since < _STILL_SECONDS:
        return before
    if worst.ratio > 1:
        return Paced(0, Throttled.NOT_OURS, worst, now, now)
    return Paced(before.level, Throttled.BY_LATENCY, worst, now, now)


def _by_latency(before: Paced, worst: Latency, now: float) -> Paced:
    lowest = len(PACES) - 1
    since = before.since if before.throttled is Throttled.BY_LATENCY else now
    if worst.ratio > 1:
        if before.level < lowest:
            return Paced(before.level + 1, Throttled.BY_LATENCY, worst, since, now, now + _CLIMBS_AFTER_SECONDS)
        if now - before.changed_at > _LOWEST_SECONDS:
            return Paced(lowest, Throttled.TRYING, worst, now, now)
        return replace(before, latency=worst)
    if worst.ratio < _CLIMBS_BELOW and before.level and now >= before.climbs_at:
        level = before.level - 1
        return Paced(level, Throttled.BY_LATENCY, worst, since, now) if level else Paced(latency=worst, changed_at=now)
    return replace(before, latency=worst)
