"""Why a schedule would never start the upgrade, decided without a clock: whoever synthesises tomorrow gets what they got today.

What a clock says of dates is in past_dates.py.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from uplift.settings.schedule_times import Cron, fire_times, is_skipped, read_at
from uplift.settings.values import YEARS

# Uplift is of that year: what was to run before it is past on every clock.
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_LAST_DAY = datetime(YEARS[1], 12, 30, tzinfo=UTC)


def is_past_for_everybody(moment: datetime) -> bool:
    """Whether a time was over before there was anything that could run then."""
    return moment < _FIRST_DAY


def why_never(expression: str, time_zone: str, not_after: datetime) -> str:
    """Why it does not fire before `not_after`, as the end of a sentence; empty where it does."""
    if next(fire_times(expression, time_zone, _FIRST_DAY, not_after), None) is not None:
        return ""
    zone = ZoneInfo(time_zone)
    if expression.startswith("at("):
        if is_skipped(read_at(expression), zone):
            return f"a local time that the clocks of {time_zone} skip; allowed: one that they show"
        if is_past_for_everybody(read_at(expression).replace(tzinfo=zone)):
            return "which is past; allowed: a time to come"
    else:
        cron = Cron.read(expression)
        if next(cron.dates(_FIRST_DAY.date(), _LAST_DAY.date()), None) is None:
            return f"whose days are past; allowed: a year to come, up to {YEARS[1]}"
    first = next(fire_times(expression, time_zone, _FIRST_DAY, _LAST_DAY), None)
    if first is None:
        return f"whose local times are those that the clocks of {time_zone} skip; allowed: times that they show"
    return f"which first fires at {first:%Y-%m-%d %H:%M} UTC; allowed: before not_after, {not_after.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
