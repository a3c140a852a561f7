"""How much memory a key takes, estimated from its name, type and size: 3.2 has no MEMORY USAGE.

Counted: the entry in the key table (24 bytes and an 8-byte slot), the name with its header, the object (16), the entry in the table of
TTLs (32) where it has one, and for each element the sampled bytes and what its table or node costs. Not counted: malloc's rounding,
tables that are half empty, replication buffers. Structures: redis/redis 3.2 src/dict.h, src/server.h, src/sds.h.
"""

from __future__ import annotations

_KEY_TABLE_BYTES = 24 + 8 + 16
_TTL_BYTES = 24 + 8
_HEADER_BYTES = 10
# Bytes besides the element itself: list nodes share theirs; sets and hashes pay an entry, a slot and headers; zsets a skip-list node too.
_ELEMENT_BYTES = {b"list": 3, b"set": 42, b"hash": 56, b"zset": 100, b"stream": 20}
# Up to this many elements of up to this size the compact encodings hold them (defaults of 3.2: 512 and 64; zsets 128).
_COMPACT_ELEMENTS = {b"set": 0, b"hash": 512, b"zset": 128}
_COMPACT_VALUE_BYTES = 64
_COMPACT_ELEMENT_BYTES = 4


def estimated_bytes(name_length: int, kind: bytes, length: int, element_bytes: int, expires: bool) -> int:
    """Bytes one key takes: `length` is a string's bytes or a collection's elements, `element_bytes` those of a sampled element."""
    base = _KEY_TABLE_BYTES + name_length + _HEADER_BYTES + (_TTL_BYTES if expires else 0)
    if kind == b"string":
        return base + length + _HEADER_BYTES
    cost = _ELEMENT_BYTES.get(kind, 0)
    if length <= _COMPACT_ELEMENTS.get(kind, -1) and element_bytes <= _COMPACT_VALUE_BYTES:
        cost = _COMPACT_ELEMENT_BYTES
    return base + length * (element_bytes + cost)
