"""The names a follow uses on the servers themselves; keys of a key map's own rules (keymap/own_keys.py), so nobody's data."""

from __future__ import annotations

PREFIX = b"uplift:follow:"
LEASE = PREFIX + b"lease"
CANARY = PREFIX + b"canary"
CANARY_TTL_MILLISECONDS = 7 * 24 * 3600 * 1000
"""It must not expire in a pause, nor stay for ever behind a run that nobody ended."""
FLUSHED = PREFIX + b"flushed"
"""On a server that lost its keys without events, until every key was compared since: an engine may die that alone has heard of it."""
PROBE_PREFIX = PREFIX + b"probe:"
TEMPORARY_PREFIX = PREFIX + b"temporary:"
"""Of big values that are built, with their owner behind it. Those of a copy are elsewhere, where `uplift clean` removes them."""


def channel_of(database: int) -> bytes:
    """The channel of a database: channels know no databases (src/pubsub.c)."""
    return PREFIX + b"%d" % database
