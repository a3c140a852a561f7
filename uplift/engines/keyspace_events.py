"""The letters of `notify-keyspace-events`.

Source: redis/redis 5.0.6 src/notify.c, keyspaceEventsStringToFlags; later letters are not offered by
ElastiCache for these versions.
"""

from __future__ import annotations

_CHANNELS = "KE"
_CLASSES = "g$lshzxeA"


def problem_with_event_letters(value: str) -> str | None:
    """Why `value` is no useful setting; None when it is empty (off) or names a channel and a class."""
    if not value:
        return None
    unknown = sorted(set(value) - set(_CHANNELS + _CLASSES))
    if unknown:
        return f"is {value!r}: no letter {', '.join(unknown)}, allowed: {' '.join(_CHANNELS + _CLASSES)}"
    if not set(value) & set(_CHANNELS):
        return f"is {value!r}, which sends nothing: it needs K or E"
    if not set(value) & set(_CLASSES):
        return f"is {value!r}, which sends nothing: it needs one of {' '.join(_CLASSES)}"
    return None
