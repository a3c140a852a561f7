"""What DUMP answers and RESTORE takes: type byte, value, RDB version (2 bytes), CRC64 (8 bytes).

Source: redis/redis src/cluster.c, createDumpPayload.
"""

from __future__ import annotations

from struct import pack, unpack_from

from anycrc import CRC

from uplift.errors import NotConvertible
from uplift.keyspace.rdb.encodings import Bytes
from uplift.keyspace.rdb.typed_value import decode_value, encode_value
from uplift.keyspace.rdb.types import DUMP_FOOTER_BYTES, FOREIGN_TO_VALKEY, NEWEST_REDIS_VERSION, SINCE_VERSION, VALKEY_VERSION, RdbType

# The polynomial of redis/redis src/crc64.c, "Jones".
CRC64 = CRC(width=64, poly=0xAD93D23594C935A9, init=0, refin=True, refout=True, xorout=0)


def payload_version(payload: bytes) -> int:
    """The RDB version in the footer."""
    return int(unpack_from("<H", payload, len(payload) - DUMP_FOOTER_BYTES)[0])


def fits(version: int, newest: int) -> bool:
    """Whether a payload of this version can be restored as it is."""
    return version <= newest and not (newest == VALKEY_VERSION and version in FOREIGN_TO_VALKEY)


def converted(payload: bytes, newest: int) -> bytes:
    """A payload that a server which reads up to `newest` restores to the same value. Raises NotConvertible, naming what cannot be held.

    Where the target reads the value's form, only version and CRC are written anew; else the value is decoded and written in the
    oldest form, which every server turns into its own compact one while it loads.
    """
    version = newest if newest <= NEWEST_REDIS_VERSION else min(11, newest)
    body = payload[:-DUMP_FOOTER_BYTES]
    try:
        kind = RdbType(body[0])
        if SINCE_VERSION[kind] > version:
            kind, value = encode_value(decode_value(kind, Bytes(body, 1)), version)
            body = bytes([kind]) + value
    except (ValueError, IndexError):
        raise NotConvertible(f"a value of a form this program does not know (type byte {payload[0]})") from None
    return with_footer(body, version)


def with_footer(body: bytes, version: int) -> bytes:
    """A payload of a type byte and a value."""
    whole = body + pack("<H", version)
    return whole + pack("<Q", CRC64.calc(whole))
