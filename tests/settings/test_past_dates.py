"""What a clock says of the dates: asked where a person checks, plans or deploys, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.settings.whole import whole_content
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.past_dates import past_dates


def _settings(**changes: Any) -> EnvironmentSettings:
    content = whole_content()
    schedule = {"enabled": True, "expression": "at(2026-12-12T21:00:00)", "time_zone": "America/New_York"}
    content["upgrade"] |= {"not_after": "2026-12-13T06:00:00Z", "schedule": schedule | changes.pop("schedule", {})}
    return EnvironmentSettings.model_validate(content | changes)


@pytest.mark.parametrize(
    ("now", "changes", "message"),
    [
        ("2026-12-13T01:59:00", {}, ""),
        (
            "2026-12-13T02:01:00",
            {},
            "upgrade.schedule.expression is at(2026-12-12T21:00:00) in America/New_York, which does not fire any more; allowed: a time after "
            "2026-12-13 02:01 UTC and before upgrade.not_after, 2026-12-13 06:00 UTC",
        ),
        ("2026-12-13T02:01:00", {"schedule": {"enabled": False}}, ""),
        (
            "2026-12-13T06:00:00",
            {"schedule": {"enabled": False}},
            "upgrade.not_after is 2026-12-13 06:00 UTC, which is past; allowed: a time ",
        ),
        ("2026-12-13T06:00:00", {}, "upgrade.not_after is 2026-12-13 06:00 UTC, which is past"),
        ("2026-12-13T06:00:00", {"stacks": "groups"}, ""),
        ("2026-12-06T02:01:00", {"schedule": {"expression": "cron(0 21 ? * SAT *)"}}, ""),
        (
            "2026-12-13T02:01:00",
            {"schedule": {"expression": "cron(0 21 ? * SAT *)"}},
            "upgrade.schedule.expression is cron(0 21 ? * SAT *)",
        ),
    ],
)
def test_dates_that_have_passed(now: str, changes: dict[str, Any], message: str) -> None:
    found = list(past_dates(_settings(**changes), datetime.fromisoformat(now).replace(tzinfo=UTC)))
    assert [one.startswith(message) for one in found] == ([True] if message else [])
