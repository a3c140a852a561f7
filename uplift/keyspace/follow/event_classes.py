"""The classes of key events, and the proof that each is on: a server's notify-keyspace-events names them by letters."""

from __future__ import annotations

from uplift.keyspace.follow.own_names import PROBE_PREFIX, channel_of
from uplift.keyspace.follow.scripts import PROBE_CLASSES

_CLASSES = "$lshz"
PROBE_NAMES = {PROBE_PREFIX + letter.encode(): letter for letter in _CLASSES}
"""What a probe writes, by the class of its event (redis/redis src/server.h, NOTIFY_STRING and the like)."""
_TTL_MILLISECONDS = 60_000
SECONDS_BETWEEN_PROBES = 1.0


def probe_request(database: int, owner: bytes) -> bytes:
    """The packed request of one probe; its message comes over the subscription behind its events."""
    return PROBE_CLASSES.request(list(PROBE_NAMES), channel_of(database), b"p %b " % owner, _TTL_MILLISECONDS)


def missing_classes(written: str, heard: frozenset[str]) -> str:
    """The classes that were written to and not heard of, in the order of their letters' usual list."""
    return "".join(letter for letter in _CLASSES if letter in written and letter not in heard)


def are_all(written: str) -> bool:
    """Whether a probe wrote to every class."""
    return set(written) == set(_CLASSES)
