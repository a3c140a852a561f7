"""How many jobs a second come into a queue and leave it, from two looks at it.

Redis counts no pushes by key. New jobs stand in front, so the place at which the job that was the newest now stands says how many came;
with the lengths, that says how many left. Where that job has left, or stands behind more than is looked at, both are at least what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_bytes, as_int, as_list
from uplift.keyspace.server.scripts import lua_text, script_of

_QUEUE_MOVED = script_of(lua_text("queue_moved.lua", "uplift.sidekiq.status"))
_MOST_LOOKED_PAST = 1_000
_MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class QueueLook:
    """One look: `at` seconds of any clock that only goes on; the newest job by the length and the last 120 bytes of its payload.

    `came`: how many stand in front of the job that was the newest before; at least so many where that was not found.
    """

    at: float
    jobs: int
    came: int
    is_found: bool
    length: int
    tail: bytes


@dataclass(frozen=True, slots=True)
class QueueRate:
    """Jobs a second. `is_exact` False: at least so many."""

    came: float
    left: float
    is_exact: bool


def look(connection: Connection, name: bytes, before: QueueLook | None, at: float) -> QueueLook:
    """Look at a queue again. Raises what Connection.call raises."""
    length, tail = (before.length, before.tail) if before is not None else (-1, b"")
    answer = _QUEUE_MOVED.call(connection, [b"queue:" + name], length, tail, _MOST_LOOKED_PAST, _MOST_BYTES)
    jobs, came, is_found, newest, ends = as_list(answer)
    return QueueLook(at, as_int(jobs), as_int(came), as_int(is_found) == 1, as_int(newest), as_bytes(ends))


def rate_between(before: QueueLook, after: QueueLook) -> QueueRate | None:
    """What happened between two looks; None where no time passed."""
    seconds = after.at - before.at
    if seconds <= 0:
        return None
    came = max(after.came, after.jobs - before.jobs)
    return QueueRate(came / seconds, (before.jobs + came - after.jobs) / seconds, after.is_found or before.jobs == after.jobs == 0)
