"""Dates that have passed, asked where a person checks, plans or deploys.

It is the only question about settings that needs a clock, so neither reading nor synthesising them asks it: the same commit gives the same
templates on every day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from uplift.settings.environment import EnvironmentSettings
from uplift.settings.schedule_times import fire_times


def past_dates(settings: EnvironmentSettings, now: datetime) -> Iterator[str]:
    """One sentence for each date after which nothing can happen any more; none where the upgrade is not deployed."""
    upgrade = settings.upgrade
    if not settings.deploys_upgrade:
        return
    if upgrade.not_after <= now:
        yield f"upgrade.not_after is {_utc(upgrade.not_after)}, which is past; allowed: a time after {_utc(now)}"
        return
    schedule = upgrade.schedule
    if schedule.enabled and schedule.expression is not None:
        coming = next(fire_times(schedule.expression, schedule.time_zone, now, upgrade.not_after), None)
        if coming is None:
            yield (
                f"upgrade.schedule.expression is {schedule.expression} in {schedule.time_zone}, which does not fire any more; allowed: a "
                f"time after {_utc(now)} and before upgrade.not_after, {_utc(upgrade.not_after)}"
            )


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
