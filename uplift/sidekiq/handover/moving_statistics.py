"""Statistics: counters `stat:processed`, `stat:failed` and those of a day, which are added to the target's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, Reply, as_time
from uplift.sidekiq.handover.asking import Ask, until_taken
from uplift.sidekiq.handover.left import Left, Why
from uplift.sidekiq.handover.wishes import Part
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.source_side import Taken, Taking
from uplift.sidekiq.run.interruptions import answered

PREFIX = b"stat:"
_AT_ONCE = 100
_NUMBER = re.compile(rb"-?[0-9]{1,14}")
_FOREVER = -1


def move_statistics(connection: Connection, target: Connection, names: tuple[bytes, ...], left: list[Left]) -> Iterator[Ask]:
    """Counters of these names, with the moment they expire at as it was read before."""
    counters = [name for name in names if name.startswith(PREFIX)]
    refusing = _refusing(target, counters)
    left.extend(Left(Part.STATISTICS, name, 1, Why.NO_PLACE) for name in refusing)
    counters = [name for name in counters if name not in refusing]
    for first in range(0, len(counters), _AT_ONCE):
        some = counters[first : first + _AT_ONCE]
        taking = Taking(Place(PlaceKind.STATISTICS, b""), counters=tuple(zip(some, _moments(connection, some), strict=True)))
        found: list[Taken] = []
        yield from until_taken(taking, 1, found)
        left.extend(Left(Part.STATISTICS, name, 1, Why.NO_NUMBER) for name in found[0].other_counters)


def _refusing(target: Connection, names: list[bytes]) -> list[bytes]:
    """Those that are no number on the target, or so big a one that what is added might not be exact (lua/apply_statistics.lua)."""
    found = target.call_all([pack("GET", name) for name in names]) if names else []
    return [name for name, value in zip(names, found, strict=True) if value is not None and not _may_be_added_to(value)]


def _may_be_added_to(value: Reply | ErrorReply) -> bool:
    return isinstance(value, bytes) and _NUMBER.fullmatch(value) is not None


def _moments(connection: Connection, names: list[bytes]) -> list[int]:
    """When they expire, in ms since 1970 of the server's clock."""
    time, *lives = connection.call_all([pack("TIME"), *[pack("PTTL", name) for name in names]])
    now = as_time(answered(time)) // 1000
    return [now + life if isinstance(life, int) and life >= 0 else _FOREVER for life in lives]
