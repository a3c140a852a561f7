"""When an EventBridge schedule fires: `at(…)` and `cron(…)` with numbers, names, lists, ranges and steps.

Source: EventBridge Scheduler user guide, "Schedule types": six fields, days of the week from 1 (Sunday) to 7, in the schedule's time zone.
A local time that the clocks skip does not fire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)", re.ASCII)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NUMBER = re.compile(r"[0-9]{1,4}")
_ALLOWED = (
    "allowed: at(yyyy-mm-ddThh:mm:ss) or cron(minute hour day-of-month month day-of-week year) with ? for exactly one of day-of-month and "
    "day-of-week"
)


class NotRead(Exception):
    """A form of cron that AWS takes and that is not read here: L, W, #, ranges over the end."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The values of each field that fire."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    @classmethod
    def read(cls, expression: str) -> Self:
        """Raises NotRead, or ValueError for a value that no field has."""
        found = _CRON.fullmatch(expression)
        if found is None or (found[3] == "?") == (found[5] == "?"):
            raise ValueError(f"{expression!r} is no schedule, {_ALLOWED}")
        return cls(
            _values(expression, found[1], 0, 59),
            _values(expression, found[2], 0, 23),
            _values(expression, found[3], 1, 31),
            _values(expression, found[4], 1, 12, _MONTHS),
            _values(expression, found[5], 1, 7, _DAYS),
            _values(expression, found[6], 1970, 2199),
        )

    def times(self, first_day: datetime, until: datetime) -> Iterator[datetime]:
        """Local times from midnight of the first day on; days are compared with `until` in UTC."""
        day = first_day.replace(hour=0, minute=0, second=0, microsecond=0)
        while day.astimezone(UTC) <= until:
            # Python counts from Monday as 0, a schedule from Sunday as 1.
            if (
                day.day in self.days
                and day.month in self.months
                and (day.weekday() + 1) % 7 + 1 in self.weekdays
                and day.year in self.years
            ):
                yield from (day.replace(hour=hour, minute=minute) for hour in sorted(self.hours) for minute in sorted(self.minutes))
            day += timedelta(days=1)


def check_schedule(expression: str) -> None:
    """Raises ValueError, with what is allowed, for what EventBridge would refuse."""
    if expression.startswith("at("):
        _at(expression)
        return
    with suppress(NotRead):
        Cron.read(expression)


def fire_times(expression: str, time_zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every time in UTC from `after` until before `until`. Raises NotRead."""
    zone = ZoneInfo(time_zone)
    if expression.startswith("at("):
        moments: Iterator[datetime] = iter([_at(expression).replace(tzinfo=zone)])
    else:
        moments = Cron.read(expression).times(after.astimezone(zone), until)
    for moment in moments:
        in_utc = moment.astimezone(UTC)
        is_skipped = in_utc.astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None)
        if after <= in_utc < until and not is_skipped:
            yield in_utc


def _at(expression: str) -> datetime:
    found = _AT.fullmatch(expression)
    try:
        return datetime.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError(f"{expression!r} is no date and time, {_ALLOWED}") from None


def _values(expression: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in {"*", "?"}:
            first, last = str(low), str(high)
        begin = _number(first, low, names)
        end = _number(last, low, names) if last else high if step else begin
        every = _number(step, 0, ()) if step else 1
        if not (low <= begin <= high and low <= end <= high and every > 0):
            raise ValueError(f"{expression!r} has {part!r} in a field of {low} to {high}, {_ALLOWED}")
        if end < begin:
            raise NotRead(part)
        found.update(range(begin, end + 1, every))
    return frozenset(found)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    if not _NUMBER.fullmatch(text):
        raise NotRead(text)
    return int(text)
