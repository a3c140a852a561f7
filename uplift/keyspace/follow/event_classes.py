"""The classes of key events that a write of an own key proves to be on: a server's notify-keyspace-events names them by letters."""

from __future__ import annotations

from uplift.keyspace.follow.own_names import PROBE_PREFIX, channel_of
from uplift.keyspace.follow.scripts import PROBE_CLASSES
from uplift.keyspace.server.facts import ServerFacts

CLASSES = {"$": "strings", "l": "lists", "s": "sets", "h": "hashes", "z": "sorted sets", "t": "streams"}
"""What each is of, by letter (redis/redis src/server.h, NOTIFY_STRING and the like)."""
PROBE_NAMES = {PROBE_PREFIX + letter.encode(): letter for letter in CLASSES}
"""What a probe writes, by the class of its event. Engines share them: a probe is one script, so nobody's comes between another's."""
_TTL_MILLISECONDS = 60_000
_STREAMS_SINCE = (5, 0)
SECONDS_BETWEEN_PROBES = 1.0


def classes_on(facts: ServerFacts) -> str:
    """The letters of those that a server of this version has."""
    return "".join(letter for letter in CLASSES if letter != "t" or facts.compatible_version >= _STREAMS_SINCE)


def probe_request(database: int, owner: bytes, classes: str) -> bytes:
    """The packed request of one probe; its message comes over the subscription behind its events. The answer: letters it wrote to."""
    names = [name for name, letter in PROBE_NAMES.items() if letter in classes]
    return PROBE_CLASSES.request(names, channel_of(database), b"p %b %b " % (owner, classes.encode()), _TTL_MILLISECONDS, classes)


def missing_classes(written: str, heard: frozenset[str]) -> str:
    """The classes that were written to and not heard of, in the order of their letters' usual list."""
    return "".join(letter for letter in CLASSES if letter in written and letter not in heard)
