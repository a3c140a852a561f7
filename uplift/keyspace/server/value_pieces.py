"""A big value in pieces: how each type is read a bit at a time, and how the pieces build it up elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.pieces_under_way import answers
from uplift.keyspace.server.replies import as_bytes, as_bytes_list, as_ints, as_scan
from uplift.keyspace.server.scan_partition import next_cursor

LENGTHS = {b"string": "STRLEN", b"list": "LLEN", b"set": "SCARD", b"hash": "HLEN", b"zset": "ZCARD"}
"""What asks for the length of each type that has pieces."""
_FIRST_PIECE_ELEMENTS = 32
_DRAIN_ELEMENTS = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a value: flat arguments (fields and values alternate, scores come before members), and their bytes.

    `at_border`: its elements may come again with the piece on the other side of a border between two partitions of the scan.
    """

    arguments: list[bytes]
    size: int
    at_border: bool = False


class NeedsWhole(Exception):
    """The value cannot be read in pieces: a stream, or a hash whose fields have TTLs of their own."""


def read_pieces(source: Connection, key: bytes, kind: bytes, limits: ReadLimits, length: int) -> Generator[Piece, None, None]:
    """Every piece of a value that is `length` long (LENGTHS): a value that grows as fast as it is read would never end.

    With sets, hashes and sorted sets an element can come twice, as SCAN promises no more.

    Nothing else may be asked over this connection where `limits.pieces_under_way` is more than 1. Whoever stops in between closes the
    iterator. Raises NeedsWhole for what has no pieces, or what `pieces_under_way.answers` raises.
    """
    match kind:
        case b"string":
            yield from _string_pieces(source, key, limits, length)
        case b"list":
            yield from _list_pieces(source, key, limits, length)
        case b"set" | b"hash" | b"zset":
            yield from _scanned_pieces(source, key, kind, limits, length)
        case _:
            raise NeedsWhole


def _string_pieces(source: Connection, key: bytes, limits: ReadLimits, end: int) -> Generator[Piece, None, None]:
    starts = iter(range(0, end, limits.piece_bytes))

    def following() -> bytes | None:
        start = next(starts, None)
        return None if start is None else pack("GETRANGE", key, start, min(end, start + limits.piece_bytes) - 1)

    with closing(answers(source, following, limits.pieces_under_way)) as replies:
        for data in map(as_bytes, replies):
            if data:
                yield Piece([data], len(data))


def _list_pieces(source: Connection, key: bytes, limits: ReadLimits, end: int) -> Generator[Piece, None, None]:
    start, count = 0, _FIRST_PIECE_ELEMENTS

    def following() -> bytes | None:
        nonlocal start
        if start >= end:
            return None
        first, start = start, min(end, start + count)
        return pack("LRANGE", key, first, start - 1)

    with closing(answers(source, following, limits.pieces_under_way)) as replies:
        for elements in map(as_bytes_list, replies):
            if elements:
                size = sum(map(len, elements))
                count = _next_count(len(elements), size, limits)
                yield Piece(elements, size)


_ARGUMENTS_AN_ELEMENT = {b"set": 1, b"hash": 2, b"zset": 2}
_SCANS = {b"set": "SSCAN", b"hash": "HSCAN", b"zset": "ZSCAN"}


def _scanned_pieces(source: Connection, key: bytes, kind: bytes, limits: ReadLimits, elements: int) -> Generator[Piece, None, None]:
    """By one scan, or by several partitions of it at once (scan_partition.py): the tables of values are those of the keyspace."""
    partitions = _partitions(elements, limits)
    count = _FIRST_PIECE_ELEMENTS
    waiting = deque((partition, partition) for partition in range(partitions))
    asked: deque[int] = deque()
    # Of each partition, how many elements came: the last piece of the one before runs into it by less than a whole piece.
    given = [0] * partitions

    def following() -> bytes | None:
        if not waiting:
            return None
        partition, cursor = waiting.popleft()
        asked.append(partition)
        return pack(_SCANS[kind], key, cursor, "COUNT", count)

    with closing(answers(source, following, partitions)) as replies:
        for answered, flat in map(as_scan, replies):
            partition = asked.popleft()
            further = next_cursor(int(answered), partition, partitions)
            if further is not None:
                waiting.append((partition, further))
            if flat:
                size = sum(map(len, flat))
                count = _next_count(len(flat), size, limits)
                arguments = list(chain.from_iterable(zip(flat[1::2], flat[::2], strict=True))) if kind == b"zset" else flat
                is_at_border = partitions > 1 and (given[partition] < limits.piece_elements or further is None)
                given[partition] += len(flat) // _ARGUMENTS_AN_ELEMENT[kind]
                yield Piece(arguments, size, is_at_border)


def _partitions(elements: int, limits: ReadLimits) -> int:
    """A power of two. A partition shorter than a piece would run into the next with much of what it returns."""
    partitions = 1
    while partitions < limits.pieces_under_way and elements // (2 * partitions) >= limits.piece_elements:
        partitions *= 2
    return partitions


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


def drain(connection: Connection, names: list[bytes], *, has_unlink: bool) -> None:
    """Delete values of any size without holding the server: UNLINK where it exists (4.0), else a piece at a time."""
    if has_unlink:
        connection.call("UNLINK", *names)
        return
    for name in names:
        _drain_in_pieces(connection, name)


def _drain_in_pieces(connection: Connection, name: bytes) -> None:
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
