"""ElastiCache's weekly maintenance window and daily snapshot window, both in UTC.

Sources: API reference, CreateReplicationGroup: `ddd:hh24:mi-ddd:hh24:mi`, at least 60 minutes;
`hh24:mi-hh24:mi`, at least 60 minutes; user guide: the two may not overlap.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
SHORTEST_WINDOW_MINUTES = 60
LONGEST_MAINTENANCE_MINUTES = MINUTES_A_DAY

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = "([01][0-9]|2[0-3]):([0-5][0-9])"
_DAILY = re.compile(f"{_TIME}-{_TIME}")
_WEEKLY = re.compile(f"({'|'.join(_DAYS)}):{_TIME}-({'|'.join(_DAYS)}):{_TIME}")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that repeats every `period` minutes."""

    start: int
    length: int
    period: int

    @classmethod
    def daily(cls, text: str) -> Self:
        """Read `hh:mm-hh:mm`. Raises ValueError naming the form and the least length."""
        match = _DAILY.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no daily window, allowed: hh:mm-hh:mm in UTC")
        start, end = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
        return cls._checked(text, start, end, MINUTES_A_DAY)

    @classmethod
    def weekly(cls, text: str) -> Self:
        """Read `ddd:hh:mm-ddd:hh:mm`. Raises ValueError naming the form and the allowed length."""
        match = _WEEKLY.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no weekly window, allowed: ddd:hh:mm-ddd:hh:mm in UTC")
        start, end = (_DAYS.index(match[i]) * MINUTES_A_DAY + int(match[i + 1]) * 60 + int(match[i + 2]) for i in (1, 4))
        window = cls._checked(text, start, end, MINUTES_A_WEEK)
        if window.length > LONGEST_MAINTENANCE_MINUTES:
            raise ValueError(f"{text!r} lasts {window.length} minutes, allowed: at most {LONGEST_MAINTENANCE_MINUTES}")
        return window

    @classmethod
    def _checked(cls, text: str, start: int, end: int, period: int) -> Self:
        length = (end - start) % period
        if length < SHORTEST_WINDOW_MINUTES:
            raise ValueError(f"{text!r} lasts {length} minutes, allowed: at least {SHORTEST_WINDOW_MINUTES}")
        return cls(start, length, period)

    def overlaps(self, other: Window) -> bool:
        """Whether the two ever share a minute."""
        common = min(self.period, other.period)
        if max(self.length, other.length) >= common:
            return True
        return (other.start - self.start) % common < self.length or (self.start - other.start) % common < other.length

    def moved(self, minutes: int) -> Window:
        """The same window in another time zone."""
        return Window((self.start + minutes) % self.period, self.length, self.period)
