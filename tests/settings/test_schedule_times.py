"""When a schedule fires, against examples of the EventBridge Scheduler user guide and the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from uplift.settings.schedule_times import NotRead, check_schedule, fire_times

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
    found = [f"{moment:%Y-%m-%d %H:%M}" for moment in islice(fire_times(expression, zone, AFTER, UNTIL), 2)]
    assert found == first


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 L * ? *)",
        "cron(0 2 ? * 6#3 *)",
        "cron(0 2 15W * ? *)",
        "cron(0 22-2 * * ? *)",
        "cron(0 2 ? * FRI-MON *)",
        "cron(² 2 * * ? *)",
    ],
)
def test_what_is_not_read_is_said_so(expression: str) -> None:
    with pytest.raises(NotRead):
        next(fire_times(expression, "UTC", AFTER, UNTIL))


def test_nothing_fires_at_the_end_or_after_it() -> None:
    daily = "cron(0 10 * * ? *)"
    assert list(fire_times(daily, "UTC", AFTER, datetime(2026, 12, 1, 10, 0, tzinfo=UTC))) == []
    assert len(list(fire_times(daily, "UTC", AFTER, datetime(2026, 12, 1, 10, 1, tzinfo=UTC)))) == 1


def test_a_time_that_the_clocks_skip_does_not_fire() -> None:
    assert list(fire_times("cron(30 2 14 3 ? 2027)", "America/New_York", AFTER, UNTIL)) == []


def test_a_leap_day_far_ahead() -> None:
    found = next(fire_times("cron(0 6 29 2 ? *)", "UTC", AFTER, datetime(2029, 1, 1, tzinfo=UTC)))
    assert found == datetime(2028, 2, 29, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    ["cron(0 25 * * ? *)", "cron(75 2 * * ? *)", "cron(0/0 2 * * ? *)", "cron(0 2 ? * 0 *)", "cron(0 2 ? * 8 *)", "cron(0 2 32 * ? *)"],
)
def test_what_no_field_has_is_refused_with_its_place(expression: str) -> None:
    with pytest.raises(ValueError, match=r"in a field of \d+ to \d+, allowed: at\("):
        check_schedule(expression)


@pytest.mark.parametrize(
    "expression", ["cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(0 2)", "at(2026-13-01T00:00:00)", "rate(1 day)", "at()"]
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="allowed: at"):
        check_schedule(expression)
