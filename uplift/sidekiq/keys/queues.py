"""Queues: lists `queue:NAME` whose names are in `queues`, or listed by a live process; the newest job in front, the oldest at the end."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import Reply, as_bytes_list, as_int, as_optional_bytes
from uplift.sidekiq.keys.processes import Process
from uplift.sidekiq.keys.wrong_type import unless_wrong_type


@dataclass(frozen=True, slots=True)
class Queue:
    """`jobs` None: what is under its name is no list. `oldest`: the payload that runs next, None where it is empty or was not asked for."""

    name: bytes
    jobs: int | None
    is_paused: bool = False
    oldest: bytes | None = None


def public_names(connection: Connection, processes: tuple[Process, ...]) -> frozenset[bytes]:
    """Names in `queues`, and what live processes work on. Raises what Connection.call raises."""
    named = as_bytes_list(connection.call("SMEMBERS", "queues"))
    return frozenset(named) | {queue for process in processes if process.is_alive for queue in process.queues}


def read_queues(connection: Connection, names: frozenset[bytes], *, with_oldest: bool = False) -> tuple[Queue, ...]:
    """By name. Raises what Connection.call raises."""
    ordered = sorted(names)
    paused = set(as_bytes_list(connection.call("SMEMBERS", "paused")))
    lengths = connection.call_all([pack("LLEN", b"queue:" + name) for name in ordered]) if ordered else []
    ends = (
        connection.call_all([pack("LINDEX", b"queue:" + name, -1) for name in ordered])
        if ordered and with_oldest
        else [None] * len(ordered)
    )
    return tuple(
        Queue(name, _optional_int(unless_wrong_type(length)), name in paused, as_optional_bytes(unless_wrong_type(end)))
        for name, length, end in zip(ordered, lengths, ends, strict=True)
    )


def _optional_int(answer: Reply) -> int | None:
    return None if answer is None else as_int(answer)
