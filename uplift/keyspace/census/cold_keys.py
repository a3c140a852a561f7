"""Keys nobody has touched for a while, with a digest of their value: what must be the same after an upgrade.

On a replica the access clock moves with the writes it receives and with reads of its own clients only, so idle there means not written
(redis/redis 3.2 src/db.c, lookupKeyWrite; src/object.c, OBJECT IDLETIME reads without touching).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from uplift.errors import DamagedFile
from uplift.keyspace.census.value_digest import BYTES, big_value_digest, value_digest
from uplift.keyspace.server.big_value_reader import BigValueReader
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import NO_SUCH_KEY, NO_TTL
from uplift.keyspace.server.page_reader import ReadLimits, value_reader

NO_EXPIRY = 0
_HEAD = struct.Struct("<4sqI")
_RECORD = struct.Struct(f"<HIq{BYTES}s")
_MAGIC = b"UCK1"


class ColdKey(NamedTuple):
    """One key: when it expires in ms of the server's clock (NO_EXPIRY: never), and the digest of its value."""

    database: int
    name: bytes
    expires_at_ms: int
    digest: bytes


class ColdKeyReader:
    """Reads keys by name with their digests, from one connection."""

    def __init__(self, connection: Connection, database: int, limits: ReadLimits | None = None) -> None:
        self._database = database
        limits = limits or ReadLimits()
        # An upgrade ends at 5.0 at most: fields of hashes expire from 7.4 on.
        self._reader = value_reader(connection, limits, field_ttls=False)
        self._big = BigValueReader(connection, limits, field_ttls=False)

    def read(self, names: list[bytes]) -> tuple[int, list[ColdKey]]:
        """The server's clock in ms and the keys that are there. Raises SourceUnreachable or TargetRefused."""
        page = self._reader.read_keys(names)
        found = [
            self._cold_key(name, ttl, page.now, value_digest(kind, value))
            for name, ttl, kind, value in page.entries()
            if ttl not in {0, NO_SUCH_KEY}
        ]
        found += [
            self._cold_key(big.key, big.ttl, page.now, big_value_digest(self._big, big.key, big.kind))
            for big in page.big
            if big.ttl not in {0, NO_SUCH_KEY}
        ]
        return page.now, found

    def _cold_key(self, name: bytes, ttl: int, now: int, digest: bytes) -> ColdKey:
        return ColdKey(self._database, name, NO_EXPIRY if ttl == NO_TTL else now + ttl, digest)


class ColdKeyPage(NamedTuple):
    """Some cold keys, and when they were read, in ms of the server's clock."""

    read_at_ms: int
    keys: list[ColdKey]

    def encode(self) -> bytes:
        """As bytes, about 40 and the name a key before they are compressed."""
        parts = [_HEAD.pack(_MAGIC, self.read_at_ms, len(self.keys))]
        for key in self.keys:
            parts.append(_RECORD.pack(key.database, len(key.name), key.expires_at_ms, key.digest))
            parts.append(key.name)
        # Level 1: a small function has a fraction of a core, and names compress well at any level.
        return zlib.compress(b"".join(parts), 1)

    @classmethod
    def decode(cls, data: bytes) -> ColdKeyPage:
        """From what `encode` made. Raises DamagedFile."""
        try:
            return _decoded(zlib.decompress(data))
        except (zlib.error, struct.error) as problem:
            raise DamagedFile(f"a page of cold keys cannot be read: {problem}") from None


def _decoded(data: bytes) -> ColdKeyPage:
    magic, read_at, count = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise DamagedFile(f"a page of cold keys begins with {magic!r}, expected {_MAGIC!r}")
    keys, at = [], _HEAD.size
    for _ in range(count):
        database, length, expires_at, digest = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        keys.append(ColdKey(database, data[at : at + length], expires_at, digest))
        at += length
    return ColdKeyPage(read_at, keys)


def batches(keys: list[ColdKey], size: int) -> Iterator[list[ColdKey]]:
    """Runs of keys of one database, `size` at most."""
    start = 0
    while start < len(keys):
        database, end = keys[start].database, start
        while end < len(keys) and end - start < size and keys[end].database == database:
            end += 1
        yield keys[start:end]
        start = end
