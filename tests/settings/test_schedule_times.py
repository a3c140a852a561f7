"""When a schedule fires, against examples of the EventBridge Scheduler user guide and the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from uplift.settings.schedule_times import NotRead, fire_times
from uplift.settings.upgrade import ScheduleSettings

AFTER = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)  # a Monday
UNTIL = datetime(2027, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "first"),
    [
        ("at(2026-12-05T21:00:00)", "America/New_York", ["2026-12-06 02:00"]),
        ("at(2026-11-30T11:59:00)", "UTC", []),
        ("cron(0 10 * * ? *)", "UTC", ["2026-12-01 10:00", "2026-12-02 10:00"]),
        ("cron(30 2 ? * SUN *)", "UTC", ["2026-12-06 02:30", "2026-12-13 02:30"]),
        ("cron(30 2 ? * 1 *)", "UTC", ["2026-12-06 02:30", "2026-12-13 02:30"]),
        ("cron(0 18 ? * MON-FRI *)", "UTC", ["2026-11-30 18:00", "2026-12-01 18:00"]),
        ("cron(0/30 13 1,15 * ? 2026)", "UTC", ["2026-12-01 13:00", "2026-12-01 13:30"]),
        ("cron(0 2 1 JAN,MAR ? *)", "UTC", ["2027-01-01 02:00", "2027-03-01 02:00"]),
        # The clocks go forward on 2027-03-14: the same local time is an hour earlier in UTC.
        ("cron(0 21 13,14 3 ? 2027)", "America/New_York", ["2027-03-14 02:00", "2027-03-15 01:00"]),
    ],
)
def test_when_it_fires(expression: str, zone: str, first: list[str]) -> None:
    schedule = ScheduleSettings(expression=expression, time_zone=zone)
    found = [f"{moment:%Y-%m-%d %H:%M}" for moment in islice(fire_times(schedule, AFTER, UNTIL), 2)]
    assert found == first


@pytest.mark.parametrize("expression", ["cron(0 2 L * ? *)", "cron(0 2 ? * 6#3 *)", "cron(0 2 15W * ? *)"])
def test_what_is_not_read_is_said_so(expression: str) -> None:
    with pytest.raises(NotRead):
        next(fire_times(ScheduleSettings(expression=expression), AFTER, UNTIL))


def test_nothing_fires_after_the_end_or_without_an_expression() -> None:
    assert list(fire_times(ScheduleSettings(), AFTER, UNTIL)) == []
    assert list(fire_times(ScheduleSettings(expression="cron(0 10 * * ? *)"), AFTER, datetime(2026, 12, 1, 9, 59, tzinfo=UTC))) == []
