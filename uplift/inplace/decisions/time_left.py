"""May a run still go on towards its modify? A pure decision on time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from uplift.settings.upgrade import MINUTES_BEFORE_THE_MODIFY


def why_out_of_time(started_at: int, now: datetime, not_after: datetime) -> str:
    """Why a run that began at `started_at` (seconds since 1970) must not send its modify any more; empty where it may.

    The state machine has a time limit of its own: what is used up before the modify would be missing to watch the engine change.
    """
    if now >= not_after:
        return f"past upgrade.not_after {not_after.isoformat()}"
    passed = now - datetime.fromtimestamp(started_at, UTC)
    if started_at and passed > timedelta(minutes=MINUTES_BEFORE_THE_MODIFY):
        return (
            f"this run began {int(passed.total_seconds() // 60)} minutes ago, allowed before the modify: {MINUTES_BEFORE_THE_MODIFY}, "
            "so that the engine change can be watched to its end: start again"
        )
    return ""
