"""Batches of Sidekiq Pro, as far as their keys tell: `b-BID` is a hash, and everything else of a batch is below that name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from uplift.keyspace.server.connection import Connection, pack
from uplift.sidekiq.keys.wrong_type import unless_wrong_type

# Parts of a batch (Pro is closed: sidekiq#3083, #4344, #4914, and what its users saw).
_PARTS = re.compile(rb"-(jids|failinfo|failed|notify|complete|success|cbsucc|cbcomp|died|death|pending|kids|deaths)")
PREFIX = b"b-"
_PAGE = 500


def keys_by_batch(keys: Iterable[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """The keys that begin with `b-` by the name of the hash of their batch; the lists `batches` and `dead-batches` are of none."""
    found: dict[bytes, list[bytes]] = {}
    for key in keys:
        if key.startswith(PREFIX):
            part = _PARTS.search(key, len(PREFIX))
            found.setdefault(key[: part.start()] if part is not None and part.end() == len(key) else key, []).append(key)
    return {name: tuple(some) for name, some in sorted(found.items())}


def open_batches(connection: Connection, keys: Iterable[bytes]) -> int:
    """How many batches still wait for jobs. One whose hash does not say so counts as open. Raises what Connection.call raises."""
    names = tuple(keys_by_batch(keys))
    done = 0
    for first in range(0, len(names), _PAGE):
        answers = connection.call_all([pack("HGET", name, "pending") for name in names[first : first + _PAGE]])
        done += sum(unless_wrong_type(answer) == b"0" for answer in answers)
    return len(names) - done
