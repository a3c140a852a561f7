"""When an EventBridge schedule fires: `at(…)` and `cron(…)`.

Source: EventBridge Scheduler user guide, "Schedule types": six fields, days of the week from 1 (Sunday) to 7, in the schedule's time zone.
A local time that the clocks skip does not fire.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import product
from typing import Self
from zoneinfo import ZoneInfo

from uplift.settings.cron_fields import HOUR, MINUTE, MONTH, YEAR, DaysOfMonth, DaysOfWeek, NoSuchValue
from uplift.settings.values import YEARS

_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_AT = re.compile(r"at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\)")
_ALLOWED = (
    "allowed: at(yyyy-mm-ddThh:mm:ss) or cron(minute hour day-of-month month day-of-week year) with ? for exactly one of day-of-month and "
    "day-of-week"
)
_ALWAYS = date(YEARS[0], 1, 1), date(YEARS[1], 12, 31)


@dataclass(frozen=True, slots=True)
class Cron:
    """The values of each field that fire; of the two fields of days the one that is not `?`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: DaysOfMonth | DaysOfWeek
    months: frozenset[int]
    years: frozenset[int]

    @classmethod
    def read(cls, expression: str) -> Self:
        """Raises ValueError for what is no schedule, and for a value that its field cannot hold."""
        found = _CRON.fullmatch(expression)
        if found is None or (found[3] == "?") == (found[5] == "?"):
            raise ValueError(f"{expression!r} is no schedule, {_ALLOWED}")
        minute, hour, day, month, weekday, year = (found[number].upper() for number in range(1, 7))
        try:
            return cls(
                MINUTE.values(minute),
                HOUR.values(hour),
                DaysOfWeek.read(weekday) if day == "?" else DaysOfMonth.read(day),
                MONTH.values(month),
                YEAR.values(year),
            )
        except NoSuchValue as part:
            raise ValueError(f"{expression!r} has {part}") from None

    def dates(self, first: date, last: date) -> Iterator[date]:
        """The days on which it fires, from the first to the last."""
        for year, month in product(sorted(self.years), sorted(self.months)):
            if not (first.year, first.month) <= (year, month) <= (last.year, last.month):
                continue
            days = (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
            yield from (day for day in days if first <= day <= last and self.days.match(day))

    def times(self, first: date, last: date) -> Iterator[datetime]:
        """Local times, without their zone."""
        for day in self.dates(first, last):
            yield from (datetime.combine(day, time(hour, minute)) for hour in sorted(self.hours) for minute in sorted(self.minutes))


def check_schedule(expression: str) -> None:
    """Raises ValueError, with what is allowed, for what EventBridge would refuse and for days that never come."""
    if expression.startswith("at("):
        read_at(expression)
    elif next(Cron.read(expression).dates(*_ALWAYS), None) is None:
        raise ValueError(f"{expression!r} names days that never come, allowed: days that the calendar has")


def fire_times(expression: str, time_zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every time in UTC from `after` until before `until`."""
    zone = ZoneInfo(time_zone)
    if expression.startswith("at("):
        moments: Iterator[datetime] = iter([read_at(expression)])
    else:
        moments = Cron.read(expression).times(after.astimezone(zone).date(), until.astimezone(zone).date())
    for moment in moments:
        in_utc = moment.replace(tzinfo=zone).astimezone(UTC)
        if after <= in_utc < until and not is_skipped(moment, zone):
            yield in_utc


def is_skipped(local: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks go over this time, as when daylight saving begins."""
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local


def read_at(expression: str) -> datetime:
    """The local time of `at(…)`. Raises ValueError."""
    found = _AT.fullmatch(expression)
    try:
        moment = datetime.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError(f"{expression!r} is no date and time, {_ALLOWED}") from None
    if not YEARS[0] < moment.year < YEARS[1]:
        raise ValueError(f"{expression!r} is no date and time that can come, allowed: a year between {YEARS[0]} and {YEARS[1]}")
    return moment
