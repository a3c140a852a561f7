"""Reads an RDB file key by key, in the memory of one chunk whatever the file and its values weigh.

Versions 2 to 12 of Redis and 80 of Valkey (redis/redis src/rdb.c; valkey-io/valkey src/rdb.c). Values are stepped over, not unpacked:
the loop looks at lengths only. The checksum at the end is compared, so a damaged file does not pass for a sound one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from struct import unpack_from

from uplift.errors import BadInput, DamagedFile
from uplift.keyspace.rdb.chunked_bytes import AHEAD_BYTES, ONCE, TWICE, ChunkedBytes
from uplift.keyspace.rdb.types import NAMES, NEWEST_REDIS_VERSION, ONE_STRING, VALKEY_VERSION, RdbType

_HEADER = re.compile(rb"REDIS(\d{4})|VALKEY(\d{3})")
_HEADER_BYTES = 9
_OLDEST_VERSION = 2
_FIRST_WITH_CHECKSUM = 5


class Opcode(IntEnum):
    """What stands where a key's type byte would: from here on, no key follows directly."""

    VALKEY_SLOT_IMPORT = 243
    SLOT_INFO = 244
    FUNCTION = 245
    FUNCTION_TRIED = 246
    MODULE_AUX = 247
    IDLE = 248
    FREQUENCY = 249
    AUX = 250
    RESIZE = 251
    EXPIRES_MS = 252
    EXPIRES_S = 253
    SELECT = 254
    END = 255


_FIRST_OPCODE = int(min(Opcode))
# What Redis Enterprise writes before a key, each with one number: how recently it was used, and its slot (librdb src/lib/defines.h).
_ENTERPRISE_OPCODES = {107, 121}

RdbKey = tuple[int, bytes, str, int, int, int]
"""Database, key, type, expires at (ms since 1970, -1: no TTL), bytes of key and value in the file, elements (0: unknown)."""


class RdbFile(ChunkedBytes):
    """An RDB file whose header was looked at. `progress` in bytes; `functions` counts libraries of functions, which are no keys."""

    def __init__(self, path: Path, option: str = "--rdb") -> None:
        self.path = path
        self._option = option
        try:
            size = path.stat().st_size
            file = path.open("rb")
        except OSError as problem:
            raise BadInput(f"{option} {path}: {problem.strerror}") from None
        match = _HEADER.fullmatch(file.read(_HEADER_BYTES))
        if match is None:
            file.close()
            raise BadInput(f"{option} {path}: no RDB file, it begins neither with REDIS and four digits nor with VALKEY and three")
        super().__init__(file, size, match[0])
        self.is_valkey = match[2] is not None
        self.version = int(match[2] or match[1])
        self.functions = 0
        self._check_version()

    def _check_version(self) -> None:
        newest = VALKEY_VERSION if self.is_valkey else NEWEST_REDIS_VERSION
        if not _OLDEST_VERSION <= self.version <= newest or (self.is_valkey and self.version < VALKEY_VERSION):
            self._file.close()
            writer = "Valkey" if self.is_valkey else "Redis"
            raise BadInput(
                f"{self._option} {self.path}: {writer} RDB version {self.version}, allowed: {_OLDEST_VERSION} to {NEWEST_REDIS_VERSION} "
                f"of Redis (7.4 and 8.2 write 12), {VALKEY_VERSION} of Valkey"
            )

    def entries(self) -> Iterator[RdbKey]:
        """Every key, in the order of the file. Raises DamagedFile naming the offset, or BadInput for what is refused by name."""
        try:
            yield from self._entries()
        except (IndexError, ValueError) as problem:
            raise self._damaged(str(problem)) from None
        finally:
            self._file.close()

    def _entries(self) -> Iterator[RdbKey]:
        database, expires_at = 0, -1
        while True:
            if len(self._buffer) - self._position < AHEAD_BYTES:
                self._refill(0)
            start = self.progress
            code = self._byte()
            if code < _FIRST_OPCODE:
                kind = NAMES.get(code)
                if kind is None:
                    self._skip_enterprise(code)
                    continue
                key = self._string()
                elements = self._skip_value(code)
                yield (database, key, kind, expires_at, self.progress - start, elements)
                expires_at = -1
            elif code == Opcode.EXPIRES_MS:
                expires_at = unpack_from("<q", self._take(8))[0]
            elif code == Opcode.EXPIRES_S:
                expires_at = unpack_from("<i", self._take(4))[0] * 1000
            elif code == Opcode.SELECT:
                database = self._length()
            elif code == Opcode.END:
                self._check_end()
                return
            else:
                self._skip_opcode(code)

    def _skip_opcode(self, code: int) -> None:
        match code:
            case Opcode.AUX:
                self._skip_strings(TWICE)
            case Opcode.RESIZE:
                self._skip_lengths(2)
            case Opcode.IDLE:
                self._length()
            case Opcode.FREQUENCY:
                self._byte()
            case Opcode.FUNCTION:
                self._skip_strings(ONCE)
                self.functions += 1
            case Opcode.SLOT_INFO:
                self._skip_lengths(3)
            case Opcode.MODULE_AUX:
                raise BadInput(f"{self._option} {self.path}: holds data of a Redis module at byte {self.progress}, which is not supported")
            case _:
                raise BadInput(
                    f"{self._option} {self.path}: opcode {code} at byte {self.progress} is of an unreleased or unsupported server"
                )

    def _skip_enterprise(self, code: int) -> None:
        """An opcode below the others, which only Redis Enterprise writes; the key follows."""
        if code not in _ENTERPRISE_OPCODES:
            raise ValueError(f"no type of a value: {code}")
        self._length()

    def _skip_value(self, code: int) -> int:  # noqa: C901
        """Step over a value; returns its elements where the file has their number without unpacking, else 0."""
        # Most keys: looked up at once, since each `case` below is a comparison.
        if code in ONE_STRING:
            self._skip_strings(ONCE)
            return 0
        match code:
            case RdbType.LIST | RdbType.SET:
                return self._skip_counted(1)
            case RdbType.HASH:
                return self._skip_counted(2)
            case RdbType.ZSET:
                return self._skip_scored(binary=False)
            case RdbType.ZSET_2:
                return self._skip_scored(binary=True)
            case RdbType.LIST_QUICKLIST:
                self._skip_counted(1)
                return 0
            case RdbType.LIST_QUICKLIST_2:
                for _ in range(self._length()):
                    self._length()
                    self._skip_strings(ONCE)
                return 0
            case RdbType.STREAM_LISTPACKS | RdbType.STREAM_LISTPACKS_2 | RdbType.STREAM_LISTPACKS_3:
                return self._skip_stream(code)
            case RdbType.HASH_METADATA:
                self._skip(8)
                return self._skip_hash_with_ttls()
            case RdbType.HASH_LISTPACK_EX:
                self._skip(8)
                self._skip_strings(ONCE)
                return 0
            case RdbType.VALKEY_HASH_2:
                return self._skip_valkey_hash() if self.is_valkey else self._skip_hash_with_ttls()
            case RdbType.MODULE | RdbType.MODULE_2:
                raise BadInput(
                    f"{self._option} {self.path}: holds a value of a Redis module at byte {self.progress}, which is not supported"
                )
            case _:
                raise ValueError(f"no type of a value: {code}")

    def _skip_counted(self, strings: int) -> int:
        count = self._length()
        self._skip_strings(self._counted(count * strings))
        return count

    def _skip_scored(self, *, binary: bool) -> int:
        count = self._length()
        for _ in self._counted(count):
            self._skip_strings(ONCE)
            if binary:
                self._skip(8)
            elif (size := self._byte()) < 253:
                self._skip(size)
        return count

    def _skip_hash_with_ttls(self) -> int:
        count = self._length()
        for _ in self._counted(count):
            self._length()
            self._skip_strings(TWICE)
        return count

    def _skip_valkey_hash(self) -> int:
        count = self._length()
        for _ in self._counted(count):
            self._skip_strings(TWICE)
            self._skip(8)
        return count

    def _skip_stream(self, code: int) -> int:
        self._skip_strings(self._counted(2 * self._length()))
        entries = self._length()
        self._skip_lengths(2 if code == RdbType.STREAM_LISTPACKS else 7)
        for _ in self._counted(self._length()):
            self._skip_strings(ONCE)
            self._skip_lengths(2 if code == RdbType.STREAM_LISTPACKS else 3)
            for _ in self._counted(self._length()):
                self._skip(16 + 8)
                self._length()
            for _ in self._counted(self._length()):
                self._skip_strings(ONCE)
                self._skip(16 if code == RdbType.STREAM_LISTPACKS_3 else 8)
                for _ in self._counted(self._length()):
                    self._skip(16)
        return entries

    def _check_end(self) -> None:
        if self.version < _FIRST_WITH_CHECKSUM:
            return
        found = self._checksum()
        stored = unpack_from("<Q", self._take(8))[0]
        # 0: the writer was told not to compute it (rdbchecksum no).
        if stored not in {0, found}:
            raise ValueError("the checksum at the end is another one")

    def _damaged(self, problem: str) -> DamagedFile:
        return DamagedFile(f"{self._option} {self.path}: damaged at byte {min(self.progress, self.size):,}: {problem}")
