"""What a scheduled run has in common with legacy's backups and maintenance, minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.inplace.builders import member, observation
from uplift.inplace.decisions.window_overlaps import window_overlaps

START = datetime(2026, 12, 6, 2, 0, tzinfo=UTC)  # a Sunday
END = datetime(2026, 12, 6, 5, 0, tzinfo=UTC)
LONGEST_MINUTES = 60  # so that the run may last until 06:00


def _met(backup: str = "", maintenance: str = "", start: datetime = START, end: datetime = END) -> list[str]:
    seen = observation(member(1, maintenance_window=maintenance), member(2), backup_window=backup)
    return list(window_overlaps(start, end, LONGEST_MINUTES, seen))


@pytest.mark.parametrize(
    ("backup", "meets"),
    [
        ("03:00-04:00", True),
        ("05:59-06:59", True),
        ("06:00-07:00", False),
        ("01:00-02:00", False),
        ("01:00-02:01", True),
        ("23:30-02:30", True),
    ],
)
def test_the_backup_window(backup: str, meets: bool) -> None:
    found = _met(backup=backup)
    assert bool(found) is meets
    assert not meets or found == [
        "the schedule starts the run at 2026-12-06 02:00 UTC, and an engine change begun just before upgrade.not_after may last until "
        "2026-12-06 06:00 UTC: "
        f"that overlaps legacy's backup window {backup} UTC, and the run waits while a backup is made"
    ]


@pytest.mark.parametrize(
    ("maintenance", "meets"),
    [("sun:05:00-sun:06:00", True), ("sun:06:00-sun:07:00", False), ("mon:03:00-mon:04:00", False), ("sat:23:00-sun:02:30", True)],
)
def test_the_maintenance_window(maintenance: str, meets: bool) -> None:
    found = _met(maintenance=maintenance)
    assert [f"overlaps legacy's maintenance window {maintenance} UTC, in which ElastiCache may replace a node" in one for one in found] == [
        True
    ] * meets


def test_a_run_of_more_than_a_day_meets_every_backup() -> None:
    assert _met(backup="01:00-02:00", end=datetime(2026, 12, 7, 3, 0, tzinfo=UTC))
    assert _met(maintenance="tue:00:00-tue:01:00", end=datetime(2026, 12, 14, 3, 0, tzinfo=UTC))


def test_a_schedule_that_is_over() -> None:
    assert list(window_overlaps(None, END, LONGEST_MINUTES, observation())) == [
        "the schedule does not fire any more before upgrade.not_after 2026-12-06 05:00 UTC"
    ]
    assert _met() == []
