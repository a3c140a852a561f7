"""Hashes whose fields expire: Redis from 7.4 on and Valkey from 9 on (redis/redis src/rdb.c, valkey-io/valkey src/rdb.c)."""

from __future__ import annotations

from struct import unpack_from

from uplift.keyspace.rdb.encodings import Bytes, listpack
from uplift.keyspace.rdb.types import RdbType

NEVER = -1
KINDS = frozenset({RdbType.HASH_METADATA, RdbType.HASH_LISTPACK_EX, RdbType.HASH_LISTPACK_EX_PRE_GA, RdbType.VALKEY_HASH_2})

Field = tuple[bytes, bytes, int]
"""Name, value, and when it expires in ms since 1970, -1: never."""


def decode_fields(kind: RdbType, source: Bytes) -> list[Field]:
    """The fields of a value of one of KINDS; `source` ends up behind it. Raises ValueError or IndexError for bytes that are none."""
    match kind:
        case RdbType.HASH_METADATA:
            earliest = _time(source)
            return [_field_after_time(source, earliest) for _ in range(source.length())]
        case RdbType.HASH_LISTPACK_EX:
            _time(source)
            return _packed(source)
        case RdbType.HASH_LISTPACK_EX_PRE_GA:
            return _packed(source)
        case RdbType.VALKEY_HASH_2:
            return [(source.string(), source.string(), _time(source)) for _ in range(source.length())]
        case _:
            raise ValueError(f"no hash whose fields expire: {kind}")


def _field_after_time(source: Bytes, earliest: int) -> Field:
    # Counted from the earliest time of the hash, and one more, as 0 says that the field does not expire.
    later = source.length()
    return source.string(), source.string(), earliest + later - 1 if later else NEVER


def _packed(source: Bytes) -> list[Field]:
    flat = listpack(source.string())
    return [(name, data, int(time) or NEVER) for name, data, time in zip(flat[::3], flat[1::3], flat[2::3], strict=True)]


def _time(source: Bytes) -> int:
    return int(unpack_from("<q", source.take(8))[0])
