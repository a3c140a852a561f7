"""Values too big for a page, read from one server in a form that compares: whole where that fits into memory, else by a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from struct import pack

from uplift.errors import SourceUnreachable
from uplift.keyspace.server.canonical_value import hashable, score_bits, without_hll_cache
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.replies import ErrorReply, as_int
from uplift.keyspace.server.stream_pieces import read_stream
from uplift.keyspace.server.value_pieces import LENGTHS, Piece, expiry_of_fields, read_pieces

_SUM_BITS = 256
_UNORDERED = frozenset({b"set", b"hash", b"zset"})
_READINGS = 3
_MOST_IN_MEMORY_BYTES = 16 * 1024 * 1024
_MOST_IN_MEMORY_ELEMENTS = 200_000
"""Python needs 50 to 100 bytes an element beside its own; a million elements of both sides took 390 MB."""


@dataclass(frozen=True)
class InMemory:
    """A value read in pieces and held whole; faster to compare than digests, which cost a microsecond an element."""

    value: object


@dataclass(frozen=True, slots=True)
class BigValueReader:
    """Reads values too big for a page from one server, in a form that compares. `field_ttls`: ServerFacts.fields_may_expire."""

    connection: Connection
    limits: ReadLimits
    field_ttls: bool

    def read(self, key: bytes, kind: bytes, *, in_memory: bool) -> object:
        """A value of any size: held where that is asked for and fits, else its digest.

        A value whose type changes while it is read equals nothing.
        """
        for reading in range(_READINGS):
            try:
                return self._read(key, kind, in_memory=in_memory)
            except ErrorReply as problem:
                if problem.word != "WRONGTYPE":
                    raise
                return object()
            except SourceUnreachable:
                if reading == _READINGS - 1:
                    raise
                self.connection.reconnect()
        raise AssertionError

    def _read(self, key: bytes, kind: bytes, *, in_memory: bool) -> object:
        if kind == b"stream":
            return self.stream_digest(key)
        if in_memory:
            held = self._held(key, kind)
            if held is not None:
                return held
        return self.digest(key, kind)

    def _held(self, key: bytes, kind: bytes) -> InMemory | None:
        flat: list[bytes] = []
        size = 0
        with closing(self._pieces(key, kind)) as pieces:
            for piece in pieces:
                flat += piece.arguments
                size += piece.size
                if size > _MOST_IN_MEMORY_BYTES or len(flat) > _MOST_IN_MEMORY_ELEMENTS:
                    return None
        match kind:
            case b"string":
                return InMemory(without_hll_cache(b"".join(flat)))
            case b"zset":
                # Pieces have the score first.
                return InMemory({member: score_bits(score) for score, member in zip(flat[::2], flat[1::2], strict=True)})
            case b"set":
                return InMemory(frozenset(flat))
            case b"hash":
                return InMemory(dict(zip(flat[::2], flat[1::2], strict=True)))
            case _:
                return InMemory(flat)

    def digest(self, key: bytes, kind: bytes) -> tuple[bytes, int, int]:
        """The digest of a value of any size, in the memory of one piece.

        A scan may give an element twice while a table grows; then the elements seen are more than the server counts, and a second
        reading remembers which it has seen (44 bytes each). At the borders of partitions they are always remembered.

        Raises NeedsWhole or ErrorReply.
        """
        digest = self._read_digest(key, kind, BigDigest(kind, remembers=False))
        if kind in _UNORDERED and digest.elements != self.connection.call(LENGTHS[kind], key):
            digest = self._read_digest(key, kind, BigDigest(kind, remembers=True))
        return digest.value

    def _read_digest(self, key: bytes, kind: bytes, digest: BigDigest) -> BigDigest:
        for piece in self._pieces(key, kind):
            digest.add(piece)
        return digest

    def _pieces(self, key: bytes, kind: bytes) -> Generator[Piece, None, None]:
        length = as_int(self.connection.call(LENGTHS[kind], key))
        if kind != b"hash" or not self.field_ttls:
            yield from read_pieces(self.connection, key, kind, self.limits, length)
            return
        # The times of the fields are asked for in between.
        for piece in read_pieces(self.connection, key, kind, replace(self.limits, pieces_under_way=1), length):
            times = expiry_of_fields(self.connection, key, piece.arguments[::2])
            yield replace(piece, arguments=_with_times(piece.arguments, times))

    def stream_digest(self, key: bytes) -> tuple[bytes, int, int]:
        """The digest of a stream: its entries a page at a time, its last id and its groups with all that is pending."""
        running = hashlib.blake2b(digest_size=32)
        entries = 0
        for part in read_stream(self.connection, key, self.limits):
            running.update(repr(hashable(part.reply)).encode())
            entries += part.entries
        return running.digest(), 0, entries


def _with_times(arguments: list[bytes], times: list[int]) -> list[bytes]:
    """Values of fields that expire, with the time behind them."""
    flat = list(arguments)
    for position, time in enumerate(times):
        if time > 0:
            flat[2 * position + 1] = pack("<q", time) + flat[2 * position + 1]
    return flat


class BigDigest:
    """The same for a value that comes in pieces, order-free where the type is; one that `remembers` counts an element once."""

    def __init__(self, kind: bytes, *, remembers: bool) -> None:
        self._kind = kind
        self._remembers = remembers
        self._running = hashlib.blake2b(digest_size=32)
        self._sum = 0
        self._seen: set[bytes] = set()
        self.elements = 0

    def add(self, piece: Piece) -> None:
        """Take in a piece, as value_pieces.read_pieces gives it."""
        arguments, remembers = piece.arguments, self._remembers or piece.at_border
        match self._kind:
            case b"string" | b"list":
                for element in arguments:
                    self._add_in_order(element)
            case b"set":
                self._add_free(((member, member) for member in arguments), remembers=remembers)
            case b"zset":
                scored = zip(arguments[::2], arguments[1::2], strict=True)
                self._add_free(((member, score_bits(score) + member) for score, member in scored), remembers=remembers)
            case _:
                fields = zip(arguments[::2], arguments[1::2], strict=True)
                self._add_free(((name, pack("<I", len(name)) + name + data) for name, data in fields), remembers=remembers)

    def _add_in_order(self, element: bytes) -> None:
        """A string's pieces are joined without a border, since both sides may cut at other places."""
        if self._kind == b"list":
            self._running.update(pack("<Q", len(element)))
            self.elements += 1
        else:
            self.elements += len(element)
        self._running.update(element)

    def _add_free(self, elements: Iterable[tuple[bytes, bytes]], *, remembers: bool) -> None:
        """Sums keep all their bits: a sum cut to the width of its terms would let chosen elements cancel out."""
        for name, element in elements:
            if remembers:
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
