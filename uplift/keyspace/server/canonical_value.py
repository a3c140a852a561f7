"""When two values are the same value, whatever form each server keeps them in.

Strings by their bytes, save the cached cardinality behind a valid HyperLogLog header; lists in order; sets and hashes in any order, the
fields of a hash with the time they expire; scores by their IEEE bits, save the sign of a zero; of streams the entries, the last id, and of
each group its name, last delivered id, consumers, and each pending entry with its consumer and how often it was delivered.
"""

from __future__ import annotations

from struct import pack

from uplift.keyspace.rdb.types import DUMP_FOOTER_BYTES
from uplift.keyspace.server.page_reply import Value
from uplift.keyspace.server.replies import Reply, as_bytes, as_bytes_list, as_hash, as_ints, as_list

_HLL_MAGIC = b"HYLL"
_HLL_HEADER_BYTES = 16
_HLL_DENSE_BYTES = 16 + 12288
_COLLECTIONS = frozenset({b"list", b"set", b"hash", b"zset"})


def comparable(kind: bytes, value: Value) -> object:
    """A value read by its type's own command, in a form that `==` compares rightly.

    A collection that came as its DUMP (page_reader.compact_reader) is this without the footer: RDB version and checksum. Two that are
    equal are one value; two that are not, or one and a list, prove nothing: LZF may pack equal bytes in two ways.
    """
    if isinstance(value, bytes):
        if kind == b"string":
            return without_hll_cache(value)
        return value[:-DUMP_FOOTER_BYTES] if kind in _COLLECTIONS else value
    match kind:
        case b"set":
            return frozenset(as_bytes_list(value))
        case b"hash":
            return _hash(value)
        case b"zset":
            flat = as_bytes_list(value)
            return {member: score_bits(score) for member, score in zip(flat[::2], flat[1::2], strict=True)}
        case b"stream":
            entries, last_id, groups = value
            return (hashable(entries), last_id, frozenset(stream_group(as_list(group)) for group in as_list(groups)))
        case _:
            return value


def score_bits(score: bytes) -> bytes:
    """The IEEE bits of a score. -0 is 0: a server from 7.2 on makes it so by itself wherever it keeps a sorted set as a listpack."""
    return pack("<d", float(score) + 0.0)


def without_hll_cache(value: bytes) -> bytes:
    """PFCOUNT rewrites bytes 8 to 15, the cached cardinality, without changing the value (redis/redis src/hyperloglog.c, struct hllhdr)."""
    if value[:4] != _HLL_MAGIC or len(value) < _HLL_HEADER_BYTES:
        return value
    encoding = value[4]
    if encoding > 1 or value[5:8] != b"\0\0\0" or (encoding == 0 and len(value) != _HLL_DENSE_BYTES):
        return value
    return value[:8] + value[_HLL_HEADER_BYTES:]


def _hash(value: list[Reply]) -> object:
    """Fields with their values; where some expire, with these times too (lua/read_page.lua, hash_of)."""
    if value and isinstance(value[0], list):
        flat, times = as_bytes_list(value[0]), as_ints(value[1])
        return {name: (data, max(time, -1)) for name, data, time in zip(flat[::2], flat[1::2], times, strict=True)}
    return as_hash(value)


def hashable(value: Reply) -> object:
    """A reply with tuples in place of lists."""
    return tuple(hashable(part) for part in value) if isinstance(value, list) else value


def stream_group(group: list[Reply]) -> tuple[object, ...]:
    """A group as lua/read_page.lua answers it: name, last delivered id, pending entries by threes, consumers in any order."""
    name, last_delivered, pending, consumers = group
    return (as_bytes(name), as_bytes(last_delivered), hashable(pending), frozenset(as_bytes_list(consumers)))
