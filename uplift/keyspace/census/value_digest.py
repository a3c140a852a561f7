"""Sixteen bytes that stand for a value, the same on every version and whether it was read at once or in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from typing import Any

from uplift.keyspace.server.canonical_value import BigDigest, comparable, digest_in_pieces, digest_of_reply
from uplift.keyspace.server.connection import Connection, ErrorReply
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.value_pieces import NeedsWhole

BYTES = 16
CHANGING = b"\0" * BYTES


def value_digest(kind: bytes, value: Any) -> bytes:
    """The digest of a value as READ serves it in the form VALUE."""
    match kind:
        case b"string":
            return _digest(kind, _in_pieces(kind, [comparable(kind, value)]))
        case b"list" | b"set" | b"hash":
            return _digest(kind, _in_pieces(kind, value))
        case b"zset":
            # Pieces have the score first, ZRANGE the member.
            return _digest(kind, _in_pieces(kind, list(chain.from_iterable(zip(value[1::2], value[::2], strict=True)))))
        case _:
            return _digest(kind, (digest_of_reply(value), 0, 0))


def big_value_digest(connection: Connection, key: bytes, kind: bytes, limits: ReadLimits) -> bytes:
    """The digest of a value too big for a page; CHANGING for one whose type changed while it was read."""
    try:
        return _digest(kind, digest_in_pieces(connection, key, kind, limits))
    except NeedsWhole:
        return _digest(kind, (digest_of_reply(connection.call("XRANGE", key, "-", "+")), 0, 0))
    except ErrorReply:
        return CHANGING


def _in_pieces(kind: bytes, arguments: Sequence[Any]) -> tuple[bytes, int, int]:
    digest = BigDigest(kind, remembers=False)
    digest.add(list(arguments))
    return digest.value


def _digest(kind: bytes, parts: tuple[bytes, int, int]) -> bytes:
    ordered, unordered, elements = parts
    return hashlib.blake2b(b"%b %d %d " % (kind, unordered, elements) + ordered, digest_size=BYTES).digest()
