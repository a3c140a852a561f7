"""When two values are the same value, whatever form each server keeps them in.

Strings by their bytes, save the cached cardinality behind a valid HyperLogLog header; lists in order; sets and hashes in any order;
scores by their IEEE bits; of streams the entries, the last id, and each group's name, last delivered id and number of pending entries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from struct import pack
from typing import Any

from uplift.keyspace.server.connection import Connection, ErrorReply
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.value_pieces import NeedsWhole, read_pieces

_HLL_MAGIC = b"HYLL"
_HLL_HEADER_BYTES = 16
_HLL_DENSE_BYTES = 16 + 12288
_HLL_CACHE = slice(8, 16)
_SUM_BITS = 256
_GROUP_FIELDS = (b"name", b"last-delivered-id", b"pending")


def comparable(kind: bytes, value: Any) -> object:
    """A value read by its type's own command, in a form that `==` compares rightly."""
    match kind:
        case b"string":
            return _without_hll_cache(value)
        case b"list":
            return value
        case b"set":
            return frozenset(value)
        case b"hash":
            return dict(zip(value[::2], value[1::2], strict=True))
        case b"zset":
            return {member: pack("<d", float(score)) for member, score in zip(value[::2], value[1::2], strict=True)}
        case b"stream":
            entries, last_id, groups = value
            return (_hashable(entries), last_id, frozenset(_group(group) for group in groups))
        case _:
            return value


def _without_hll_cache(value: bytes) -> bytes:
    """PFCOUNT rewrites bytes 8 to 15, the cached cardinality, without changing the value (redis/redis src/hyperloglog.c, struct hllhdr)."""
    if value[:4] != _HLL_MAGIC or len(value) < _HLL_HEADER_BYTES:
        return value
    encoding = value[4]
    if encoding > 1 or value[5:8] != b"\0\0\0" or (encoding == 0 and len(value) != _HLL_DENSE_BYTES):
        return value
    return value[:8] + value[_HLL_HEADER_BYTES:]


def _hashable(value: Any) -> object:
    return tuple(_hashable(part) for part in value) if isinstance(value, list) else value


def _group(flat: list[Any]) -> tuple[object, ...]:
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return tuple(fields.get(name) for name in _GROUP_FIELDS)


def digest_of_reply(reply: Any) -> bytes:
    """A digest of any nested reply, in order."""
    return hashlib.blake2b(repr(reply).encode(), digest_size=16).digest()


_MOST_IN_MEMORY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class InMemory:
    """A value read in pieces and held whole; faster to compare than digests, which cost a microsecond an element."""

    value: object


def big_value(connection: Connection, key: bytes, kind: bytes, limits: ReadLimits, *, in_memory: bool) -> object:
    """A value of any size in a form that compares: held where that is asked for and fits, else its digest."""
    try:
        if in_memory:
            held = _held(connection, key, kind, limits)
            if held is not None:
                return held
        return digest_in_pieces(connection, key, kind, limits)
    except NeedsWhole:
        return digest_of_reply(connection.call("XRANGE", key, "-", "+"))
    except ErrorReply:
        # The type changed while it was read; the comparison that follows finds the key changing.
        return object()


def _held(connection: Connection, key: bytes, kind: bytes, limits: ReadLimits) -> InMemory | None:
    flat: list[bytes] = []
    size = 0
    for piece in read_pieces(connection, key, kind, limits, fields_may_expire=False):
        flat += piece.arguments
        size += piece.size
        if size > _MOST_IN_MEMORY_BYTES:
            return None
    if kind == b"string":
        return InMemory(comparable(kind, b"".join(flat)))
    if kind == b"zset":
        # Pieces have the score first.
        return InMemory({member: pack("<d", float(score)) for score, member in zip(flat[::2], flat[1::2], strict=True)})
    return InMemory(comparable(kind, flat))


_LENGTHS = {b"set": "SCARD", b"hash": "HLEN", b"zset": "ZCARD"}


def digest_in_pieces(connection: Connection, key: bytes, kind: bytes, limits: ReadLimits) -> tuple[bytes, int, int]:
    """The digest of a value of any size, in the memory of one piece.

    A scan may give an element twice while a table grows; then the elements seen are more than the server counts, and a second reading
    remembers which it has seen (44 bytes each). Raises NeedsWhole or ErrorReply.
    """
    digest = _read_digest(connection, key, kind, limits, BigDigest(kind, remembers=False))
    if kind in _LENGTHS and digest.elements != connection.call(_LENGTHS[kind], key):
        digest = _read_digest(connection, key, kind, limits, BigDigest(kind, remembers=True))
    return digest.value


def _read_digest(connection: Connection, key: bytes, kind: bytes, limits: ReadLimits, digest: BigDigest) -> BigDigest:
    for piece in read_pieces(connection, key, kind, limits, fields_may_expire=False):
        digest.add(piece.arguments)
    return digest


class BigDigest:
    """The same for a value that comes in pieces, order-free where the type is; one that `remembers` counts an element once."""

    def __init__(self, kind: bytes, *, remembers: bool) -> None:
        self._kind = kind
        self._remembers = remembers
        self._running = hashlib.blake2b(digest_size=32)
        self._sum = 0
        self._seen: set[bytes] = set()
        self.elements = 0

    def add(self, arguments: list[bytes]) -> None:
        """Take in a piece, as pieces.read_pieces gives it."""
        match self._kind:
            case b"string" | b"list":
                for element in arguments:
                    self._add_in_order(element)
            case b"set":
                self._add_free((member, member) for member in arguments)
            case b"zset":
                self._add_free(
                    (member, pack("<d", float(score)) + member) for score, member in zip(arguments[::2], arguments[1::2], strict=True)
                )
            case _:
                self._add_free(
                    (name, pack("<I", len(name)) + name + data) for name, data in zip(arguments[::2], arguments[1::2], strict=True)
                )

    def _add_in_order(self, element: bytes) -> None:
        """A string's pieces are joined without a border, since both sides may cut at other places."""
        if self._kind == b"list":
            self._running.update(pack("<Q", len(element)))
            self.elements += 1
        else:
            self.elements += len(element)
        self._running.update(element)

    def _add_free(self, elements: Iterable[tuple[bytes, bytes]]) -> None:
        """Sums keep all their bits: a sum cut to the width of its terms would let chosen elements cancel out."""
        for name, element in elements:
            if self._remembers:
                mark = hashlib.blake2b(name, digest_size=12).digest()
                if mark in self._seen:
                    continue
                self._seen.add(mark)
            self._sum += int.from_bytes(hashlib.blake2b(element, digest_size=_SUM_BITS // 8).digest(), "little")
            self.elements += 1

    @property
    def value(self) -> tuple[bytes, int, int]:
        """What is compared: the ordered part, the order-free sum, the number of elements (bytes of a string)."""
        return (self._running.digest(), self._sum, self.elements)
