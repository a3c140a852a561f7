"""Sixteen bytes that stand for a value, the same on every version and whether it was read at once or in pieces."""

from __future__ import annotations

import hashlib
from itertools import chain

from uplift.keyspace.server.big_value_reader import BigDigest, BigValueReader
from uplift.keyspace.server.canonical_value import without_hll_cache
from uplift.keyspace.server.page_reply import Value
from uplift.keyspace.server.replies import ErrorReply, as_bytes_list
from uplift.keyspace.server.value_pieces import Piece

BYTES = 16
CHANGING = b"\0" * BYTES


def value_digest(kind: bytes, value: Value) -> bytes:
    """The digest of a value as lua/read_page.lua serves it in the form VALUE."""
    if isinstance(value, bytes):
        return _digest(kind, _in_pieces(kind, [without_hll_cache(value)]) if kind == b"string" else (_of_reply(value), 0, 0))
    match kind:
        case b"list" | b"set":
            return _digest(kind, _in_pieces(kind, as_bytes_list(value)))
        case b"hash" if not (value and isinstance(value[0], list)):
            return _digest(kind, _in_pieces(kind, as_bytes_list(value)))
        case b"zset":
            # Pieces have the score first, ZRANGE the member.
            flat = as_bytes_list(value)
            return _digest(kind, _in_pieces(kind, list(chain.from_iterable(zip(flat[1::2], flat[::2], strict=True)))))
        case _:
            return _digest(kind, (_of_reply(value), 0, 0))


def big_value_digest(reader: BigValueReader, key: bytes, kind: bytes) -> bytes:
    """The digest of a value too big for a page; CHANGING for one whose type changed while it was read."""
    try:
        return _digest(kind, reader.stream_digest(key) if kind == b"stream" else reader.digest(key, kind))
    except ErrorReply:
        return CHANGING


def _of_reply(value: Value) -> bytes:
    return hashlib.blake2b(repr(value).encode(), digest_size=16).digest()


def _in_pieces(kind: bytes, arguments: list[bytes]) -> tuple[bytes, int, int]:
    digest = BigDigest(kind, remembers=False)
    digest.add(Piece(arguments, 0))
    return digest.value


def _digest(kind: bytes, parts: tuple[bytes, int, int]) -> bytes:
    ordered, unordered, elements = parts
    return hashlib.blake2b(b"%b %d %d " % (kind, unordered, elements) + ordered, digest_size=BYTES).digest()
