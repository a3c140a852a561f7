"""Does a scheduled run overlap legacy's backups or its maintenance? A pure comparison, for a person who can still move one of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from uplift.inplace.records.observation import Observation
from uplift.settings.windows import MINUTES_A_WEEK, Window


def window_overlaps(first: datetime | None, not_after: datetime, longest_minutes: int, observation: Observation) -> Iterator[str]:
    """What a run has in common with legacy's windows, from its start until an engine change that begins at the last moment is over.

    `first`: when the schedule fires next, None where it does not before `not_after`.
    """
    until = not_after.astimezone(UTC)
    if first is None:
        yield f"the schedule does not fire any more before upgrade.not_after {until:%Y-%m-%d %H:%M} UTC"
        return
    end = until + timedelta(minutes=longest_minutes)
    run = (
        f"the schedule starts the run at {first:%Y-%m-%d %H:%M} UTC, and an engine change begun just before upgrade.not_after may last "
        f"until {end:%Y-%m-%d %H:%M} UTC"
    )
    backup = observation.backup_window
    if backup and _span(first, end).overlaps(Window.daily(backup)):
        yield f"{run}: that overlaps legacy's backup window {backup} UTC, and the run waits while a backup is made"
    for window in sorted({member.maintenance_window for member in observation.members if member.maintenance_window}):
        if _span(first, end).overlaps(Window.weekly(window)):
            yield (
                f"{run}: that overlaps legacy's maintenance window {window} UTC, in which ElastiCache may replace a node; "
                "move upgrade.schedule or the window"
            )


def _span(start: datetime, end: datetime) -> Window:
    minute = start.weekday() * 24 * 60 + start.hour * 60 + start.minute
    length = int((end - start).total_seconds() // 60)
    return Window(minute, min(max(length, 1), MINUTES_A_WEEK), MINUTES_A_WEEK)
