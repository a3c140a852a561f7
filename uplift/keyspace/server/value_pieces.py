"""A big value in pieces: how each type is read a bit at a time, and how the pieces build it up elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import as_bytes, as_bytes_list, as_int, as_ints, as_scan

_FIRST_PIECE_ELEMENTS = 32
_DRAIN_ELEMENTS = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a value: flat arguments (fields and values alternate, scores come before members), and their bytes."""

    arguments: list[bytes]
    size: int


class NeedsWhole(Exception):
    """The value cannot be read in pieces: a stream, or a hash whose fields have TTLs of their own."""


def read_pieces(source: Connection, key: bytes, kind: bytes, limits: ReadLimits) -> Iterator[Piece]:
    """Every piece of a value; with sets, hashes and sorted sets an element can come twice, as SCAN promises no more.

    Raises NeedsWhole for what has no pieces.
    """
    match kind:
        case b"string":
            yield from _string_pieces(source, key, limits)
        case b"list":
            yield from _list_pieces(source, key, limits)
        case b"set" | b"hash" | b"zset":
            yield from _scanned_pieces(source, key, kind, limits)
        case _:
            raise NeedsWhole


def _string_pieces(source: Connection, key: bytes, limits: ReadLimits) -> Iterator[Piece]:
    """Up to the length it had: a value that grows as fast as it is read would never end."""
    start, end = 0, as_int(source.call("STRLEN", key))
    while start < end:
        data = as_bytes(source.call("GETRANGE", key, start, min(end, start + limits.piece_bytes) - 1))
        if not data:
            return
        yield Piece([data], len(data))
        start += len(data)


def _list_pieces(source: Connection, key: bytes, limits: ReadLimits) -> Iterator[Piece]:
    """Up to the length it had, as with strings."""
    start, count, end = 0, _FIRST_PIECE_ELEMENTS, as_int(source.call("LLEN", key))
    while start < end:
        elements = as_bytes_list(source.call("LRANGE", key, start, min(end, start + count) - 1))
        if not elements:
            return
        size = sum(map(len, elements))
        yield Piece(elements, size)
        start += len(elements)
        count = _next_count(len(elements), size, limits)


_SCANS = {b"set": "SSCAN", b"hash": "HSCAN", b"zset": "ZSCAN"}


def _scanned_pieces(source: Connection, key: bytes, kind: bytes, limits: ReadLimits) -> Iterator[Piece]:
    cursor, count = b"0", _FIRST_PIECE_ELEMENTS
    while True:
        cursor, flat = as_scan(source.call(_SCANS[kind], key, cursor, "COUNT", count))
        if flat:
            size = sum(map(len, flat))
            scores_first = kind == b"zset"
            yield Piece(list(chain.from_iterable(zip(flat[1::2], flat[::2], strict=True))) if scores_first else flat, size)
            count = _next_count(len(flat), size, limits)
        if cursor == b"0":
            return


def _next_count(elements: int, size: int, limits: ReadLimits) -> int:
    """How many elements the next piece may have, if they are as big as these were."""
    return max(1, min(limits.piece_elements, limits.piece_bytes * elements // max(1, size)))


def expiry_of_fields(source: Connection, key: bytes, fields: list[bytes]) -> list[int]:
    """When each of these fields of a hash expires, in ms since 1970; negative for never. For servers whose fields may expire."""
    return as_ints(source.call("HPEXPIRETIME", key, "FIELDS", len(fields), *fields))


_BUILDERS = {b"string": "APPEND", b"list": "RPUSH", b"set": "SADD", b"hash": "HMSET", b"zset": "ZADD"}


def build_request(kind: bytes, name: bytes, piece: Piece) -> bytes:
    """The packed command that adds a piece to the value under construction."""
    return pack(_BUILDERS[kind], name, *piece.arguments)


_REMOVERS = {b"set": "SREM", b"hash": "HDEL", b"zset": "ZREM"}


def drain(connection: Connection, name: bytes, *, has_unlink: bool) -> None:
    """Delete a value of any size without holding the server: UNLINK where it exists (4.0), else a piece at a time."""
    if has_unlink:
        connection.call("UNLINK", name)
        return
    kind = as_bytes(connection.call("TYPE", name))
    while kind == b"list" and connection.call("LLEN", name):
        connection.call("LTRIM", name, _DRAIN_ELEMENTS, -1)
    cursor = b"0"
    while kind in _REMOVERS:
        cursor, flat = as_scan(connection.call(_SCANS[kind], name, cursor, "COUNT", _DRAIN_ELEMENTS))
        # A page can be empty: a table that is being made smaller has long runs of empty slots (src/dict.c, dictScan).
        if flat:
            connection.call(_REMOVERS[kind], name, *(flat if kind == b"set" else flat[::2]))
        if cursor == b"0":
            break
    # What is left came while this ran, and is little.
    connection.call("DEL", name)
