"""A stream of any size, a page of entries at a time, and then its groups with everything that is pending."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import Reply, as_bytes, as_int, as_list

_LAST_SEQUENCE = 2**64 - 1


@dataclass(frozen=True, slots=True)
class StreamPart:
    """Some of a stream; `entries` is how many of its entries it holds."""

    reply: list[Reply]
    entries: int


def read_stream(connection: Connection, key: bytes, limits: ReadLimits) -> Iterator[StreamPart]:
    """Entry by entry as XRANGE has them, the last id, and each group, by name: what XGROUP and XCLAIM would need to make it again."""
    for entry in _entries(connection, key, limits):
        yield StreamPart([entry], 1)
    yield StreamPart([_named(connection.call("XINFO", "STREAM", key), b"last-generated-id")], 0)
    groups = [as_list(group) for group in as_list(connection.call("XINFO", "GROUPS", key))]
    for name, last in sorted((as_bytes(_named(group, b"name")), as_bytes(_named(group, b"last-delivered-id"))) for group in groups):
        consumers = [as_list(consumer) for consumer in as_list(connection.call("XINFO", "CONSUMERS", key, name))]
        yield StreamPart([name, last, *sorted(as_bytes(_named(consumer, b"name")) for consumer in consumers)], 0)
        for pending in _pending(connection, key, name, limits):
            yield StreamPart(pending, 0)


def _entries(connection: Connection, key: bytes, limits: ReadLimits) -> Iterator[Reply]:
    start = b"-"
    while True:
        entries = as_list(connection.call("XRANGE", key, start, "+", "COUNT", limits.piece_elements))
        yield from entries
        if len(entries) < limits.piece_elements:
            return
        start = _after(as_bytes(as_list(entries[-1])[0]))


def _pending(connection: Connection, key: bytes, group: bytes, limits: ReadLimits) -> Iterator[list[Reply]]:
    """Id, consumer and deliveries of each pending entry; how long it is idle is another at every reading."""
    start = b"-"
    while True:
        entries = [as_list(entry) for entry in as_list(connection.call("XPENDING", key, group, start, "+", limits.piece_elements))]
        for identifier, consumer, _, deliveries in entries:
            yield [identifier, consumer, deliveries]
        if len(entries) < limits.piece_elements:
            return
        start = _after(as_bytes(entries[-1][0]))


def _after(identifier: bytes) -> bytes:
    """The id right after one: exclusive ranges came with 6.2."""
    milliseconds, _, sequence = identifier.partition(b"-")
    if int(sequence) == _LAST_SEQUENCE:
        return b"%d-0" % (int(milliseconds) + 1)
    return b"%b-%d" % (milliseconds, int(sequence) + 1)


def _named(facts: Reply, name: bytes) -> Reply:
    flat = as_list(facts)
    return flat[flat.index(name) + 1]


def memory_bytes(connection: Connection, key: bytes) -> int:
    """Bytes a stream takes in memory, which is about what its DUMP takes; servers that have streams have MEMORY USAGE (5.0, 4.0)."""
    found = connection.call("MEMORY", "USAGE", key)
    return 0 if found is None else as_int(found)
