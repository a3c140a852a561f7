"""Streams: the later forms differ from that of Redis 5 by facts it does not keep (redis/redis src/rdb.c, rdbSaveObject)."""

from __future__ import annotations

from uplift.keyspace.rdb.encodings import Bytes
from uplift.keyspace.rdb.types import RdbType

_ID_BYTES = 16
_TIME_BYTES = 8


def as_first_form(kind: RdbType, source: Bytes) -> bytes:
    """The body of a stream as Redis 5 writes it; `source` ends up behind the value.

    What is dropped: the first id, the highest deleted id, the number of entries ever added and read, and when a consumer was last active.
    """
    out: list[bytes] = []
    for _ in range(_copied_length(source, out)):
        _copy_string(source, out)
        _copy_string(source, out)
    for _ in range(3):
        _copied_length(source, out)
    if kind is not RdbType.STREAM_LISTPACKS:
        for _ in range(5):
            source.length()
    for _ in range(_copied_length(source, out)):
        _copy_group(kind, source, out)
    return b"".join(out)


def _copy_group(kind: RdbType, source: Bytes, out: list[bytes]) -> None:
    _copy_string(source, out)
    _copied_length(source, out)
    _copied_length(source, out)
    if kind is not RdbType.STREAM_LISTPACKS:
        source.length()
    for _ in range(_copied_length(source, out)):
        out.append(source.take(_ID_BYTES + _TIME_BYTES))
        _copied_length(source, out)
    for _ in range(_copied_length(source, out)):
        _copy_string(source, out)
        out.append(source.take(_TIME_BYTES))
        if kind is RdbType.STREAM_LISTPACKS_3:
            source.take(_TIME_BYTES)
        for _ in range(_copied_length(source, out)):
            out.append(source.take(_ID_BYTES))


def _copied_length(source: Bytes, out: list[bytes]) -> int:
    start = source.position
    length = source.length()
    out.append(source.data[start : source.position])
    return length


def _copy_string(source: Bytes, out: list[bytes]) -> None:
    start = source.position
    source.string()
    out.append(source.data[start : source.position])
