"""The gate's times, in seconds."""

from __future__ import annotations

MARKED_BEFORE = 120
"""The taking side is marked from so long before its marks are written: sidekiq-cron fires up to 60 s late."""
MARKED_AFTER = 3_600
"""The giving side is marked for so long behind the instant; a mover that is dead all the while must come back before that."""
SETTLED_AFTER = 120
"""So long behind the instant everything before it was fired, by whoever fires late."""
WRITTEN_AHEAD = 30
"""Marks are begun only where the instant is at least so far away."""
READY_AHEAD = 10
"""Whoever is not ready so long before the instant chooses a later one."""
MARKED_AT_MOST_AHEAD = 900
"""An instant that is farther away is waited for, or there would be too many marks."""
POSTPONED_BY = 120
GONE_AFTER = 65
"""A process that died is seen for 60 s longer; one that restarts is gone for some seconds."""
EMPTY_AFTER = 5
"""A side where no process has a heartbeat for so long is left: whoever comes back there within the hour is held back by its marks."""
RENEWED_WITHIN = 1_800
"""Marks of the giving side whose end is nearer are extended while its processes live."""
_WITHIN_MINUTE = 30


def next_instant(moment: float) -> int:
    """The first second :30 of a minute that is not before a moment.

    sidekiq-scheduler up to 5.0.3 may notice an instance one second late; schedules fire at full minutes.
    """
    second = int(-(-moment // 1))
    return second + (_WITHIN_MINUTE - second) % 60
