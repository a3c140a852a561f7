"""When an EventBridge schedule fires: `at(…)` and `cron(…)` with numbers, names, lists, ranges and steps.

Source: EventBridge Scheduler user guide, "Schedule types": six fields, days of the week from 1 (Sunday) to 7, in the schedule's time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from uplift.settings.upgrade import ScheduleSettings

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MOST_DAYS = 400


class NotRead(Exception):
    """A form of cron that is not read here: L, W, #."""


def fire_times(schedule: ScheduleSettings, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every time in UTC from `after` up to `until`, over a year ahead at most. Raises NotRead. Nothing without an expression."""
    if schedule.expression is None:
        return
    zone = ZoneInfo(schedule.time_zone)
    kind, _, rest = schedule.expression.removesuffix(")").partition("(")
    if kind == "at":
        moments: Iterator[datetime] = iter([datetime.fromisoformat(rest).replace(tzinfo=zone)])
    else:
        moments = _cron_times(rest.split(), after.astimezone(zone), until)
    for moment in moments:
        in_utc = moment.astimezone(UTC)
        if after <= in_utc <= until:
            yield in_utc


def _cron_times(fields: list[str], local: datetime, until: datetime) -> Iterator[datetime]:
    minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
    days, months = _values(fields[2], 1, 31), _values(fields[3], 1, 12, _MONTHS)
    weekdays, years = _values(fields[4], 1, 7, _DAYS), _values(fields[5], 1970, 2199)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(_MOST_DAYS):
        day = midnight + timedelta(days=ahead)
        if day.astimezone(UTC) > until:
            return
        # Python counts from Monday as 0, a schedule from Sunday as 1.
        if day.day in days and day.month in months and (day.weekday() + 1) % 7 + 1 in weekdays and day.year in years:
            yield from (day.replace(hour=hour, minute=minute) for hour in sorted(hours) for minute in sorted(minutes))


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in {"*", "?"}:
            first, last = str(low), str(high)
        begin = _number(first, low, names)
        end = _number(last, low, names) if last else high if step else begin
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isdigit():
        raise NotRead(text)
    return int(text)
