"""The names of time zones: EventBridge Scheduler takes those of the IANA database, in its own capitals (user guide, "Time zones")."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from uplift.settings.values import did_you_mean


@cache
def _names() -> frozenset[str]:
    # The two that are no place: one of the database's own, and whatever this machine is set to.
    return frozenset(available_timezones() - {"Factory", "localtime"})


def check_time_zone(name: str) -> None:
    """Raises ValueError with the nearest name."""
    if name not in _names():
        near = did_you_mean(name, tuple(sorted(_names())))
        raise ValueError(f"{name!r} is no time zone, allowed: an IANA name such as America/New_York{near}")
