"""The type bytes of serialised values, and which RDB version brought each (redis/redis src/rdb.h; valkey-io/valkey src/rdb.h)."""

from __future__ import annotations

from enum import IntEnum


class RdbType(IntEnum):
    """A value's type byte."""

    STRING = 0
    LIST = 1
    SET = 2
    ZSET = 3
    HASH = 4
    ZSET_2 = 5
    MODULE = 6
    MODULE_2 = 7
    HASH_ZIPMAP = 9
    LIST_ZIPLIST = 10
    SET_INTSET = 11
    ZSET_ZIPLIST = 12
    HASH_ZIPLIST = 13
    LIST_QUICKLIST = 14
    STREAM_LISTPACKS = 15
    HASH_LISTPACK = 16
    ZSET_LISTPACK = 17
    LIST_QUICKLIST_2 = 18
    STREAM_LISTPACKS_2 = 19
    SET_LISTPACK = 20
    STREAM_LISTPACKS_3 = 21
    # 22 and 23 are of the release candidates of Redis 7.4, whose final forms begin with the earliest time; servers read both. To Valkey 9,
    # 22 is a hash whose fields expire, in a form of its own.
    VALKEY_HASH_2 = 22
    HASH_LISTPACK_EX_PRE_GA = 23
    HASH_METADATA = 24
    HASH_LISTPACK_EX = 25


# The first RDB version whose servers read the type. Old types never go away.
SINCE_VERSION: dict[RdbType, int] = {
    RdbType.STRING: 1, RdbType.LIST: 1, RdbType.SET: 1, RdbType.ZSET: 1, RdbType.HASH: 1, RdbType.HASH_ZIPMAP: 2,
    RdbType.LIST_ZIPLIST: 2, RdbType.SET_INTSET: 2, RdbType.ZSET_ZIPLIST: 2, RdbType.HASH_ZIPLIST: 4, RdbType.LIST_QUICKLIST: 7,
    RdbType.ZSET_2: 8, RdbType.MODULE: 8, RdbType.MODULE_2: 8, RdbType.STREAM_LISTPACKS: 9, RdbType.HASH_LISTPACK: 10,
    RdbType.ZSET_LISTPACK: 10, RdbType.LIST_QUICKLIST_2: 10, RdbType.STREAM_LISTPACKS_2: 10, RdbType.SET_LISTPACK: 11,
    RdbType.STREAM_LISTPACKS_3: 11, RdbType.HASH_METADATA: 12, RdbType.HASH_LISTPACK_EX: 12, RdbType.VALKEY_HASH_2: 80,
    RdbType.HASH_LISTPACK_EX_PRE_GA: 12,
}  # fmt: skip

# What is one string in the file: the value itself, or all its elements packed into one.
ONE_STRING = frozenset({
    RdbType.STRING, RdbType.HASH_ZIPMAP, RdbType.LIST_ZIPLIST, RdbType.SET_INTSET, RdbType.ZSET_ZIPLIST, RdbType.HASH_ZIPLIST,
    RdbType.HASH_LISTPACK, RdbType.ZSET_LISTPACK, RdbType.SET_LISTPACK, RdbType.HASH_LISTPACK_EX_PRE_GA,
})  # fmt: skip

NEWEST_REDIS_VERSION = 12
VALKEY_VERSION = 80
# Valkey keeps away from Redis' later numbers (valkey src/rdb.h, "foreign" versions): it takes none of them.
FOREIGN_TO_VALKEY = range(12, 80)
DUMP_FOOTER_BYTES = 10
"""What DUMP puts behind a value: RDB version (2 bytes) and CRC64 (8)."""

NAMES: dict[int, str] = {
    0: "string", 1: "list", 2: "set", 3: "zset", 4: "hash", 5: "zset", 6: "module", 7: "module", 9: "hash", 10: "list", 11: "set",
    12: "zset", 13: "hash", 14: "list", 15: "stream", 16: "hash", 17: "zset", 18: "list", 19: "stream", 20: "set", 21: "stream",
    22: "hash", 23: "hash", 24: "hash", 25: "hash",
}  # fmt: skip
