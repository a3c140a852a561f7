"""Batches of Sidekiq Pro, as far as their keys tell: `b-BID` is a hash, and everything else of a batch is below that name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from uplift.keyspace.server.connection import Connection, pack
from uplift.sidekiq.wrong_type import unless_wrong_type

# Parts of a batch (Pro is closed: sidekiq#3083, #4344, #4914, and what its users saw).
_PARTS = re.compile(rb"-(jids|failinfo|failed|notify|complete|success|cbsucc|cbcomp|died|death|pending|kids|deaths)")
_PAGE = 500


def batch_names(keys: Iterable[bytes]) -> tuple[bytes, ...]:
    """The batches that keys beginning with `b-` are of, each by the name of its hash."""
    found = set()
    for key in keys:
        if key.startswith(b"b-"):
            part = _PARTS.search(key, 2)
            found.add(key[: part.start()] if part is not None and part.end() == len(key) else key)
    return tuple(sorted(found))


def open_batches(connection: Connection, keys: Iterable[bytes]) -> int:
    """How many batches still wait for jobs. One whose hash does not say so counts as open. Raises what Connection.call raises."""
    names = batch_names(keys)
    done = 0
    for first in range(0, len(names), _PAGE):
        answers = connection.call_all([pack("HGET", name, "pending") for name in names[first : first + _PAGE]])
        done += sum(unless_wrong_type(answer) == b"0" for answer in answers)
    return len(names) - done
