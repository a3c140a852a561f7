"""What DUMP answers and RESTORE takes: type byte, value, RDB version (2 bytes), CRC64 (8 bytes).

Source: redis/redis src/cluster.c, createDumpPayload.
"""

from __future__ import annotations

from struct import pack, unpack_from

from anycrc import CRC

from uplift.errors import NotConvertible
from uplift.keyspace.rdb.encodings import Bytes
from uplift.keyspace.rdb.types import FOREIGN_TO_VALKEY, NEWEST_REDIS_VERSION, SINCE_VERSION, VALKEY_VERSION, RdbType
from uplift.keyspace.rdb.values import decode_value, encode_value
from uplift.keyspace.server_facts import ServerFacts

# The polynomial of redis/redis src/crc64.c, "Jones".
CRC64 = CRC(width=64, poly=0xAD93D23594C935A9, init=0, refin=True, refout=True, xorout=0)
_FOOTER_BYTES = 10
# Redis versions from which on a server writes and takes an RDB version (redis/redis src/rdb.h of each release).
_VERSIONS = (((7, 4), 12), ((7, 2), 11), ((7, 0), 10), ((5, 0), 9), ((4, 0), 8), ((3, 2), 7), ((2, 6), 6))
_FIRST_VALKEY_WITH_OWN_VERSION = 9


def newest_payload_taken(facts: ServerFacts) -> int:
    """The newest RDB version that RESTORE of this server takes. Raises NotConvertible for a server older than 2.6, which has none."""
    if facts.is_valkey:
        return VALKEY_VERSION if int(facts.version.split(".")[0]) >= _FIRST_VALKEY_WITH_OWN_VERSION else 11
    for first, version in _VERSIONS:
        if facts.compatible_version[:2] >= first:
            return version
    raise NotConvertible(f"Redis {facts.version} has no RESTORE; allowed: 2.6 or newer")


def payload_version(payload: bytes) -> int:
    """The RDB version in the footer."""
    return int(unpack_from("<H", payload, len(payload) - _FOOTER_BYTES)[0])


def fits(version: int, newest: int) -> bool:
    """Whether a payload of this version can be restored as it is."""
    return version <= newest and not (newest == VALKEY_VERSION and version in FOREIGN_TO_VALKEY)


def converted(payload: bytes, newest: int) -> bytes:
    """A payload that a server taking `newest` restores to the same value. Raises NotConvertible, naming what cannot be held.

    Where the target reads the value's form, only version and CRC are written anew; else the value is decoded and written in the
    oldest form, which every server turns into its own compact one while it loads.
    """
    version = newest if newest <= NEWEST_REDIS_VERSION else min(11, newest)
    body = payload[:-_FOOTER_BYTES]
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
