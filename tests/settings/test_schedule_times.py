"""When a schedule fires, against examples of the EventBridge Scheduler user guide and the calendar."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice

import pytest

from uplift.settings.schedule_times import check_schedule, fire_times

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
        ("cron(0 2 L * ? *)", "UTC", ["2026-12-31 02:00", "2027-01-31 02:00"]),
        ("cron(0 2 L-2 2 ? *)", "UTC", ["2027-02-26 02:00"]),
        ("cron(0 2 LW * ? 2027)", "UTC", ["2027-01-29 02:00", "2027-02-26 02:00"]),
        ("cron(0 2 15W 5,8 ? 2027)", "UTC", ["2027-05-14 02:00", "2027-08-16 02:00"]),
        ("cron(0 2 1W 5 ? 2027)", "UTC", ["2027-05-03 02:00"]),
        ("cron(0 2 31W 1,10 ? 2027)", "UTC", ["2027-01-29 02:00", "2027-10-29 02:00"]),
        ("cron(0 2 ? * 6#3 *)", "UTC", ["2026-12-18 02:00", "2027-01-15 02:00"]),
        ("cron(0 2 ? * FRI#1 *)", "UTC", ["2026-12-04 02:00", "2027-01-01 02:00"]),
        ("cron(0 2 ? * L *)", "UTC", ["2026-12-05 02:00", "2026-12-12 02:00"]),
        ("cron(0 2 ? * 6L *)", "UTC", ["2026-12-25 02:00", "2027-01-29 02:00"]),
        ("cron(0 22-1 * * ? *)", "UTC", ["2026-11-30 22:00", "2026-11-30 23:00"]),
        ("cron(0 2 ? * sat-mon *)", "UTC", ["2026-12-05 02:00", "2026-12-06 02:00"]),
        ("cron(0 2 ? 1 MON/5 2027)", "UTC", ["2027-01-02 02:00", "2027-01-04 02:00"]),
    ],
)
def test_when_it_fires(expression: str, zone: str, first: list[str]) -> None:
    found = [f"{moment:%Y-%m-%d %H:%M}" for moment in islice(fire_times(expression, zone, AFTER, UNTIL), 2)]
    assert found == first


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
    ("expression", "message"),
    [
        ("cron(0 25 * * ? *)", "has '25' as hour, allowed there: 0 to 23"),
        ("cron(75 2 * * ? *)", "has '75' as minute, allowed there: 0 to 59"),
        ("cron(5-75 2 * * ? *)", "has '5-75' as minute"),
        ("cron(0/0 2 * * ? *)", "has '0/0' as minute"),
        ("cron(0/90 2 * * ? *)", "has '0/90' as minute"),
        ("cron(? 2 * * ? *)", "has '?' as minute"),
        ("cron(0 2 ? * 0 *)", "has '0' as day of week, allowed there: 1 to 7, SUN to SAT"),
        ("cron(0 2 ? * 8 *)", "has '8' as day of week"),
        ("cron(0 2 ? * 6#6 *)", "has '6#6' as day of week"),
        ("cron(0 2 ? * FUN#1 *)", "has 'FUN#1' as day of week"),
        ("cron(0 2 ? * 3#1,6#3 *)", "has '3#1' as day of week"),
        ("cron(0 2 ? * 5W *)", "has '5W' as day of week"),
        ("cron(0 2 32 * ? *)", "has '32' as day of month, allowed there: 1 to 31"),
        ("cron(0 2 0 * ? *)", "has '0' as day of month"),
        ("cron(0 2 32W * ? *)", "has '32W' as day of month"),
        ("cron(0 2 L-31 * ? *)", "has 'L-31' as day of month"),
        ("cron(0 2 WL * ? *)", "has 'WL' as day of month"),
        ("cron(0 2 FRI * ? *)", "has 'FRI' as day of month"),
        ("cron(0 2 1 13 ? *)", "has '13' as month, allowed there: 1 to 12, JAN to DEC"),
        ("cron(0 2 1 JUNE ? *)", "has 'JUNE' as month"),
        ("cron(0 2 1 L ? *)", "has 'L' as month"),
        ("cron(0 2 1 1 ? 1969)", "has '1969' as year, allowed there: 1970 to 2199"),
        ("cron(0 2 1 1 ? 2200)", "has '2200' as year"),
        ("cron(0 2 1 1 ? 2030-2027)", "has '2030-2027' as year"),
        ("cron(0 2 1,,3 * ? *)", "has '' as day of month"),
        ("cron(0 2 1- * ? *)", "has '1-' as day of month"),
        ("cron(0/ 2 1 * ? *)", "has '0/' as minute"),
        ("cron(*-5 2 1 * ? *)", "has '*-5' as minute"),
        ("cron(\u0665 2 * * ? *)", "as minute"),
        ("cron(\u00b2 2 * * ? *)", "as minute"),
    ],
)
def test_what_no_field_has_is_refused_with_its_place(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check_schedule(expression)


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 2 31 2 ? *)", "cron(0 2 31 FEB ? *)", "cron(0 2 30 2 ? *)", "cron(0 2 31 4,6,9,11 ? *)", "cron(0 2 29 2 ? 2027)"),
        *("cron(0 2 30W 2 ? *)", "cron(0 2 ? 2 SUN#5 2027)", "cron(0 2 L-30 2,4 ? *)"),
    ],
)
def test_days_that_never_come_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="names days that never come"):
        check_schedule(expression)


@pytest.mark.parametrize("expression", ["cron(0 2 29 2 ? *)", "cron(0 2 ? 2 SUN#5 *)", "cron(59 23 31 12 ? 2199)", "cron(0 2 L 2 ? *)"])
def test_days_that_come_rarely_are_days(expression: str) -> None:
    check_schedule(expression)


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(0 2)", "at(2026-13-01T00:00:00)", "rate(1 day)", "at()", "at(2026-12-05)"),
        *(
            "at(2026-02-30T00:00:00)",
            "at(2026-12-05T24:00:00)",
            "at(\u0662026-12-05T00:00:00)",
            "at(9999-12-31T23:59:59)",
            "cron(0 2 ? * 1)",
        ),
        *("at(2026-12-05T21:00:00Z)", "at(2026-12-05 21:00:00)", "cron(0 2 * * ? *) ", " at(2026-12-05T21:00:00)"),
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="allowed: "):
        check_schedule(expression)
