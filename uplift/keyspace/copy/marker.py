"""A key of the run on each target, in each database: where it is gone while nothing was evicted, somebody flushed what the copy wrote.

The run id alone says that it is the same process, not that it holds the same data: FLUSHALL leaves it, and so does following another
server for a while.
"""

from __future__ import annotations

from uplift.errors import TargetRefused
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX
from uplift.keyspace.server.replies import ErrorReply
from uplift.keyspace.server.target import Target


def marker_name(run: str) -> bytes:
    """Its name: one of those that no copy copies and `uplift clean` removes."""
    return TEMPORARY_PREFIX + f"{run}:marker".encode()


def set_marker(target: Target, run: str) -> None:
    """Set it in the database the target's connection is in. Without a TTL: policies that evict by TTL leave it alone."""
    try:
        target.connection.ask("SET", marker_name(run), run)
    except ErrorReply as problem:
        raise TargetRefused(f"{target.name} ({target.connection.endpoint}) cannot be written: {problem.safe}") from None


def has_marker(target: Target, run: str) -> bool:
    """Whether it is in the database the target's connection is in."""
    return target.connection.ask("EXISTS", marker_name(run)) == 1


def remove_marker(target: Target, run: str) -> None:
    """Remove it from the database the target's connection is in."""
    target.connection.ask("DEL", marker_name(run))
