"""A big value in pieces: how each type is read a bit at a time, and how the pieces build it up elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.page_reader import ReadLimits

_FIRST_PIECE_ELEMENTS = 32
_DRAIN_ELEMENTS = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a value: flat arguments (fields and values alternate, scores come before members), and their bytes."""

    arguments: list[bytes]
    size: int


class NeedsWhole(Exception):
    """The value cannot be read in pieces: a stream, or a hash whose fields have TTLs of their own."""


def read_pieces(source: Connection, key: bytes, kind: bytes, limits: ReadLimits, *, fields_may_expire: bool) -> Iterator[Piece]:
    """Every piece of a value; with sets, hashes and sorted sets an element can come twice, as SCAN promises no more.

    Raises NeedsWhole for what has no pieces.
    """
    match kind:
        case b"string":
            yield from _string_pieces(source, key, limits)
        case b"list":
            yield from _list_pieces(source, key, limits)
        case b"set" | b"hash" | b"zset":
            for piece in _scanned_pieces(source, key, kind, limits):
                if kind == b"hash" and fields_may_expire:
                    _refuse_ttls_of_fields(source, key, piece.arguments[::2])
                yield piece
        case _:
            raise NeedsWhole


def _string_pieces(source: Connection, key: bytes, limits: ReadLimits) -> Iterator[Piece]:
    """Up to the length it had: a value that grows as fast as it is read would never end."""
    start, end = 0, cast("int", source.call("STRLEN", key))
    while start < end:
        data = cast("bytes", source.call("GETRANGE", key, start, min(end, start + limits.piece_bytes) - 1))
        if not data:
            return
        yield Piece([data], len(data))
        start += len(data)


def _list_pieces(source: Connection, key: bytes, limits: ReadLimits) -> Iterator[Piece]:
    """Up to the length it had, as with strings."""
    start, count, end = 0, _FIRST_PIECE_ELEMENTS, cast("int", source.call("LLEN", key))
    while start < end:
        elements = cast("list[bytes]", source.call("LRANGE", key, start, min(end, start + count) - 1))
        if not elements:
            return
        size = sum(map(len, elements))
        yield Piece(elements, size)
        start += len(elements)
        count = _next_count(len(elements), size, limits)


def _scanned_pieces(source: Connection, key: bytes, kind: bytes, limits: ReadLimits) -> Iterator[Piece]:
    command = {b"set": "SSCAN", b"hash": "HSCAN", b"zset": "ZSCAN"}[kind]
    cursor, count = b"0", _FIRST_PIECE_ELEMENTS
    while True:
        cursor, flat = cast("tuple[bytes, list[bytes]]", source.call(command, key, cursor, "COUNT", count))
        if flat:
            size = sum(map(len, flat))
            yield Piece(
                [part for member, score in zip(flat[::2], flat[1::2], strict=True) for part in (score, member)]
                if kind == b"zset"
                else flat,
                size,
            )
            count = _next_count(len(flat), size, limits)
        if cursor == b"0":
            return


def _next_count(elements: int, size: int, limits: ReadLimits) -> int:
    """How many elements the next piece may have, if they are as big as these were."""
    return max(1, min(limits.piece_elements, limits.piece_bytes * elements // max(1, size)))


def _refuse_ttls_of_fields(source: Connection, key: bytes, fields: list[bytes]) -> None:
    ttls = cast("list[int]", source.call("HPTTL", key, "FIELDS", len(fields), *fields))
    if any(ttl >= 0 for ttl in ttls):
        raise NeedsWhole


_BUILDERS = {b"string": "APPEND", b"list": "RPUSH", b"set": "SADD", b"hash": "HMSET", b"zset": "ZADD"}


def build_request(kind: bytes, name: bytes, piece: Piece) -> bytes:
    """The packed command that adds a piece to the value under construction."""
    return pack(_BUILDERS[kind], name, *piece.arguments)


def drain(connection: Connection, name: bytes, *, has_unlink: bool) -> None:
    """Delete a value of any size without holding the server: UNLINK where it exists (4.0), else a piece at a time."""
    if has_unlink:
        connection.call("UNLINK", name)
        return
    while True:
        kind = connection.call("TYPE", name)
        if kind == b"list":
            connection.call("LTRIM", name, _DRAIN_ELEMENTS, -1)
        elif kind == b"set":
            connection.call("SPOP", name, _DRAIN_ELEMENTS)
        elif kind == b"zset":
            connection.call("ZREMRANGEBYRANK", name, 0, _DRAIN_ELEMENTS - 1)
        elif kind == b"hash":
            _, flat = cast("tuple[bytes, list[bytes]]", connection.call("HSCAN", name, 0, "COUNT", _DRAIN_ELEMENTS))
            connection.call("HDEL", name, *flat[::2])
        else:
            connection.call("DEL", name)
            return
