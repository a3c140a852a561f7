"""What a stream holds, out of the form of Redis 5 (redis/redis src/t_stream.c, the comment on "STREAM_ITEM_FLAG"; src/rdb.c)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from

from uplift.keyspace.rdb.encodings import Bytes, listpack

_DELETED, _SAME_FIELDS = 1, 2
_LARGEST = 2**64 - 1
_ID_BYTES, _TIME_BYTES = 16, 8

Entry = tuple[bytes, list[bytes]]
"""An id as XRANGE shows it, and fields and values by turns."""


@dataclass(frozen=True, slots=True)
class StreamGroup:
    """A group. `pending` are id, consumer and number of deliveries of each pending entry, by id."""

    name: bytes
    last_delivered: bytes
    pending: list[tuple[bytes, bytes, int]]
    consumers: list[bytes]


@dataclass(frozen=True, slots=True)
class StreamContent:
    """Entries in order, the last id, and the groups."""

    entries: list[Entry]
    last_id: bytes
    groups: list[StreamGroup]


def decode_stream(body: bytes) -> StreamContent:
    """The content of a StreamValue's body. Raises ValueError or IndexError for bytes that are none."""
    source = Bytes(body)
    entries = [entry for _ in range(source.length()) for entry in _entries(source.string(), listpack(source.string()))]
    source.length()
    return StreamContent(entries, _id(source.length(), source.length()), [_group(source) for _ in range(source.length())])


def _entries(master: bytes, flat: list[bytes]) -> list[Entry]:
    """The entries of one node. Ids are differences from its first one's, and fields are left out where they are that one's."""
    if len(master) != _ID_BYTES:
        raise ValueError(f"no id of a stream's node: {len(master)} bytes")
    milliseconds, sequence = unpack_from(">QQ", master)
    count = int(flat[2])
    fields = flat[3 : 3 + count]
    found: list[Entry] = []
    position = 4 + count
    while position < len(flat):
        flags = int(flat[position])
        identifier = _id(milliseconds + int(flat[position + 1]) & _LARGEST, sequence + int(flat[position + 2]) & _LARGEST)
        position += 3
        if flags & _SAME_FIELDS:
            values = flat[position : position + count]
            content = [part for pair in zip(fields, values, strict=True) for part in pair]
            position += count
        else:
            size = 2 * int(flat[position])
            content = flat[position + 1 : position + 1 + size]
            position += 1 + size
        # Behind each entry stands how many parts it has, for walking back.
        position += 1
        if not flags & _DELETED:
            found.append((identifier, content))
    return found


def _group(source: Bytes) -> StreamGroup:
    name, last_delivered = source.string(), _id(source.length(), source.length())
    deliveries: dict[bytes, int] = {}
    for _ in range(source.length()):
        identifier = source.take(_ID_BYTES)
        source.take(_TIME_BYTES)
        deliveries[identifier] = source.length()
    owners: dict[bytes, bytes] = {}
    consumers: list[bytes] = []
    for _ in range(source.length()):
        consumer = source.string()
        consumers.append(consumer)
        source.take(_TIME_BYTES)
        owners.update({source.take(_ID_BYTES): consumer for _ in range(source.length())})
    if owners.keys() != deliveries.keys():
        raise ValueError("a pending entry that no consumer has, or that is not pending")
    pending = [(_id(*unpack_from(">QQ", one)), owners[one], deliveries[one]) for one in sorted(deliveries)]
    return StreamGroup(name, last_delivered, pending, consumers)


def _id(milliseconds: int, sequence: int) -> bytes:
    return b"%d-%d" % (milliseconds, sequence)
