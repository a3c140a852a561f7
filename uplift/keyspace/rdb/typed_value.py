"""Serialised values as typed ones, and back into the forms that every older server reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from struct import pack

from uplift.errors import NotConvertible
from uplift.keyspace.rdb.encodings import Bytes, intset, listpack, ziplist, zipmap
from uplift.keyspace.rdb.streams import as_first_form
from uplift.keyspace.rdb.types import SINCE_VERSION, RdbType


@dataclass(frozen=True, slots=True)
class StringValue:
    """A string."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list, in order."""

    elements: list[bytes]


@dataclass(frozen=True, slots=True)
class SetValue:
    """A set."""

    members: list[bytes]


@dataclass(frozen=True, slots=True)
class HashValue:
    """A hash. `fields_expire` where at least one field has a TTL of its own, which older servers cannot hold."""

    pairs: list[tuple[bytes, bytes]]
    fields_expire: bool = False


@dataclass(frozen=True, slots=True)
class ZsetValue:
    """A sorted set."""

    members: list[tuple[bytes, float]]


@dataclass(frozen=True, slots=True)
class StreamValue:
    """A stream in the form of Redis 5."""

    body: bytes


Value = StringValue | ListValue | SetValue | HashValue | ZsetValue | StreamValue


def decode_value(kind: RdbType, source: Bytes) -> Value:  # noqa: C901
    """Read one value; `source` ends up behind it. Raises ValueError or IndexError for damaged bytes, NotConvertible for a module's."""
    match kind:
        case RdbType.STRING:
            return StringValue(source.string())
        case RdbType.LIST:
            return ListValue(_strings(source, source.length()))
        case RdbType.LIST_ZIPLIST:
            return ListValue(ziplist(source.string()))
        case RdbType.LIST_QUICKLIST:
            return ListValue([element for _ in range(source.length()) for element in ziplist(source.string())])
        case RdbType.LIST_QUICKLIST_2:
            return ListValue([element for _ in range(source.length()) for element in _quicklist_node(source)])
        case RdbType.SET:
            return SetValue(_strings(source, source.length()))
        case RdbType.SET_INTSET:
            return SetValue(intset(source.string()))
        case RdbType.SET_LISTPACK:
            return SetValue(listpack(source.string()))
        case RdbType.ZSET | RdbType.ZSET_2:
            return ZsetValue([(source.string(), _score(kind, source)) for _ in range(source.length())])
        case RdbType.ZSET_ZIPLIST:
            return ZsetValue([(member, float(score)) for member, score in _paired(ziplist(source.string()))])
        case RdbType.ZSET_LISTPACK:
            return ZsetValue([(member, float(score)) for member, score in _paired(listpack(source.string()))])
        case RdbType.HASH:
            return HashValue(_paired(_strings(source, 2 * source.length())))
        case RdbType.HASH_ZIPMAP:
            return HashValue(zipmap(source.string()))
        case RdbType.HASH_ZIPLIST:
            return HashValue(_paired(ziplist(source.string())))
        case RdbType.HASH_LISTPACK:
            return HashValue(_paired(listpack(source.string())))
        case RdbType.HASH_METADATA | RdbType.HASH_LISTPACK_EX | RdbType.HASH_LISTPACK_EX_PRE_GA | RdbType.VALKEY_HASH_2:
            return HashValue([], fields_expire=True)
        case RdbType.STREAM_LISTPACKS | RdbType.STREAM_LISTPACKS_2 | RdbType.STREAM_LISTPACKS_3:
            return StreamValue(as_first_form(kind, source))
        case RdbType.MODULE | RdbType.MODULE_2:
            raise NotConvertible("a value of a module")


def _strings(source: Bytes, count: int) -> list[bytes]:
    return [source.string() for _ in range(count)]


def _paired(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _quicklist_node(source: Bytes) -> list[bytes]:
    plain = 1
    return [source.string()] if source.length() == plain else listpack(source.string())


def _score(kind: RdbType, source: Bytes) -> float:
    if kind is RdbType.ZSET_2:
        return source.float()
    size = source.take(1)[0]
    special = {253: math.nan, 254: math.inf, 255: -math.inf}
    return special[size] if size in special else float(source.take(size))


def encode_value(value: Value, version: int) -> tuple[RdbType, bytes]:
    """A value in a form that a server of this RDB version reads. Raises NotConvertible for what it cannot hold."""
    match value:
        case StringValue(data):
            return RdbType.STRING, _string(data)
        case ListValue(elements):
            return RdbType.LIST, _length(len(elements)) + b"".join(map(_string, elements))
        case SetValue(members):
            return RdbType.SET, _length(len(members)) + b"".join(map(_string, members))
        case HashValue(pairs, fields_expire):
            if fields_expire:
                raise NotConvertible("a hash whose fields expire, which the target's version cannot hold")
            return RdbType.HASH, _length(len(pairs)) + b"".join(_string(name) + _string(data) for name, data in pairs)
        case ZsetValue(scored):
            kind, score = (RdbType.ZSET_2, _binary_score) if version >= SINCE_VERSION[RdbType.ZSET_2] else (RdbType.ZSET, _text_score)
            return kind, _length(len(scored)) + b"".join(_string(member) + score(number) for member, number in scored)
        case StreamValue(body):
            if version < SINCE_VERSION[RdbType.STREAM_LISTPACKS]:
                raise NotConvertible("a stream, which the target's version cannot hold")
            return RdbType.STREAM_LISTPACKS, body


def _length(count: int) -> bytes:
    if count < 1 << 6:
        return bytes([count])
    if count < 1 << 14:
        return bytes([0x40 | count >> 8, count & 0xFF])
    return b"\x80" + count.to_bytes(4, "big") if count < 1 << 32 else b"\x81" + count.to_bytes(8, "big")


def _string(data: bytes) -> bytes:
    return _length(len(data)) + data


def _binary_score(score: float) -> bytes:
    return pack("<d", score)


def _text_score(score: float) -> bytes:
    if math.isnan(score):
        return b"\xfd"
    if math.isinf(score):
        return b"\xfe" if score > 0 else b"\xff"
    text = b"%.17g" % score
    return bytes([len(text)]) + text
