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
from typing import BinaryIO

from uplift.errors import BadInput, DamagedFile
from uplift.keyspace.rdb.encodings import Bytes, lzf_unpacked
from uplift.keyspace.rdb.payload import CRC64
from uplift.keyspace.rdb.types import NAMES, NEWEST_REDIS_VERSION, VALKEY_VERSION, RdbType

_HEADER = re.compile(rb"REDIS(\d{4})|VALKEY(\d{3})")
_HEADER_BYTES = 9
_OLDEST_VERSION = 2
_FIRST_WITH_CHECKSUM = 5
_CHUNK_BYTES = 4 * 1024 * 1024
# Enough for any opcode with its numbers, or the lengths before a string.
_AHEAD_BYTES = 64


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

RdbKey = tuple[int, bytes, str, int, int, int]
"""Database, key, type, end of life in ms since 1970 (-1: never), bytes of key and value in the file, elements (0: not told)."""


class RdbFile:
    """An RDB file whose header was looked at. `progress` in bytes; `functions` counts libraries of functions, which are no keys."""

    def __init__(self, path: Path, option: str = "--rdb") -> None:
        self.path = path
        self._option = option
        try:
            self.size = path.stat().st_size
            self._file: BinaryIO = path.open("rb")
        except OSError as problem:
            raise BadInput(f"{option} {path}: {problem.strerror}") from None
        match = _HEADER.fullmatch(self._file.read(_HEADER_BYTES))
        if match is None:
            self._file.close()
            raise BadInput(f"{option} {path}: no RDB file, it begins neither with REDIS and four digits nor with VALKEY and three")
        self.is_valkey = match[2] is not None
        self.version = int(match[2] or match[1])
        self.functions = 0
        self._check_version()
        self._crc = CRC64.calc(match[0])
        self._buffer = b""
        self._position = 0
        self._base = _HEADER_BYTES

    def _check_version(self) -> None:
        newest = VALKEY_VERSION if self.is_valkey else NEWEST_REDIS_VERSION
        if not _OLDEST_VERSION <= self.version <= newest or (self.is_valkey and self.version < VALKEY_VERSION):
            self._file.close()
            writer = "Valkey" if self.is_valkey else "Redis"
            raise BadInput(
                f"{self._option} {self.path}: {writer} RDB version {self.version}, allowed: {_OLDEST_VERSION} to {NEWEST_REDIS_VERSION} "
                f"of Redis (7.4 and 8.2 write 12), {VALKEY_VERSION} of Valkey"
            )

    @property
    def progress(self) -> int:
        """How many bytes are done."""
        return self._base + self._position

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
            if len(self._buffer) - self._position < _AHEAD_BYTES:
                self._refill(0)
            start = self.progress
            code = self._byte()
            if code < _FIRST_OPCODE:
                key = self._string()
                kind = NAMES.get(code, "")
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
                self._skip_strings(2)
            case Opcode.RESIZE:
                self._skip_lengths(2)
            case Opcode.IDLE:
                self._length()
            case Opcode.FREQUENCY:
                self._byte()
            case Opcode.FUNCTION:
                self._skip_strings(1)
                self.functions += 1
            case Opcode.SLOT_INFO:
                self._skip_lengths(3)
            case Opcode.MODULE_AUX:
                raise BadInput(f"{self._option} {self.path}: holds data of a Redis module at byte {self.progress}, which is not supported")
            case _:
                raise BadInput(
                    f"{self._option} {self.path}: opcode {code} at byte {self.progress} is of an unreleased or unsupported server"
                )

    def _skip_value(self, code: int) -> int:  # noqa: C901
        """Step over a value; returns its elements where the file tells them without unpacking, else 0."""
        match code:
            case RdbType.STRING:
                self._skip_strings(1)
                return 0
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
                    self._skip_strings(1)
                return 0
            case RdbType.STREAM_LISTPACKS | RdbType.STREAM_LISTPACKS_2 | RdbType.STREAM_LISTPACKS_3:
                return self._skip_stream(code)
            case RdbType.HASH_METADATA:
                self._skip(8)
                return self._skip_hash_with_lives()
            case RdbType.HASH_LISTPACK_EX:
                self._skip(8)
                self._skip_strings(1)
                return 0
            case RdbType.VALKEY_HASH_2 if self.is_valkey:
                return self._skip_valkey_hash()
            case RdbType.MODULE | RdbType.MODULE_2:
                raise BadInput(
                    f"{self._option} {self.path}: holds a value of a Redis module at byte {self.progress}, which is not supported"
                )
            case _ if code in NAMES:
                self._skip_strings(1)
                return 0
            case _:
                raise ValueError(f"no type of a value: {code}")

    def _skip_counted(self, strings: int) -> int:
        count = self._length()
        self._skip_strings(count * strings)
        return count

    def _skip_scored(self, *, binary: bool) -> int:
        count = self._length()
        for _ in self._counted(count):
            self._skip_strings(1)
            if binary:
                self._skip(8)
            elif (size := self._byte()) < 253:
                self._skip(size)
        return count

    def _skip_hash_with_lives(self) -> int:
        count = self._length()
        for _ in self._counted(count):
            self._length()
            self._skip_strings(2)
        return count

    def _skip_valkey_hash(self) -> int:
        count = self._length()
        for _ in self._counted(count):
            self._skip_strings(2)
            self._skip(8)
        return count

    def _skip_stream(self, code: int) -> int:
        self._skip_strings(2 * self._length())
        entries = self._length()
        self._skip_lengths(2 if code == RdbType.STREAM_LISTPACKS else 7)
        for _ in self._counted(self._length()):
            self._skip_strings(1)
            self._skip_lengths(2 if code == RdbType.STREAM_LISTPACKS else 3)
            for _ in self._counted(self._length()):
                self._skip(16 + 8)
                self._length()
            for _ in self._counted(self._length()):
                self._skip_strings(1)
                self._skip(16 if code == RdbType.STREAM_LISTPACKS_3 else 8)
                for _ in self._counted(self._length()):
                    self._skip(16)
        return entries

    def _counted(self, count: int) -> range:
        """`count` elements of at least a byte each: more than the file has bytes left is damage, found before it is walked."""
        if count > self.size - self.progress:
            raise ValueError(f"{count} elements announced, {self.size - self.progress} bytes left")
        return range(count)

    def _skip_strings(self, count: int) -> None:
        """Step over strings. This loop is plain and long on purpose: it runs for every element in the file (bench/rdb.py)."""
        buffer, position, end = self._buffer, self._position, len(self._buffer)
        for _ in self._counted(count):
            if end - position < _AHEAD_BYTES:
                self._position = position
                self._refill(0)
                buffer, position, end = self._buffer, self._position, len(self._buffer)
            first = buffer[position]
            if first < 0x40:
                position += 1 + first
            elif first < 0x80:
                position += 2 + ((first & 0x3F) << 8 | buffer[position + 1])
            elif first == 0x80:
                position += 5 + int.from_bytes(buffer[position + 1 : position + 5], "big")
            elif first == 0x81:
                position += 9 + int.from_bytes(buffer[position + 1 : position + 9], "big")
            elif first < 0xC3:
                position += 1 + (1 << (first & 3))
            elif first == 0xC3:
                self._position = position + 1
                packed = self._length()
                self._length()
                position = self._position + packed
            else:
                raise ValueError(f"no string: {first:#x}")
            if position > end:
                self._position = end
                self._skip(position - end)
                buffer, position, end = self._buffer, self._position, len(self._buffer)
        self._position = position

    def _string(self) -> bytes:
        """A key: the only string that is read."""
        first = self._buffer[self._position]
        if first < 0x40:
            self._position += 1
            return self._take(first)
        if first >> 6 != 3:
            return self._take(self._length())
        if first == 0xC3:
            self._position += 1
            packed, unpacked = self._length(), self._length()
            return lzf_unpacked(self._take(packed), unpacked)
        whole = Bytes(self._take(1 + (1 << (first & 3))))
        return whole.string()

    def _skip_lengths(self, count: int) -> None:
        for _ in range(count):
            self._length()

    def _length(self) -> int:
        if len(self._buffer) - self._position < _AHEAD_BYTES:
            self._refill(0)
        first = self._byte()
        if first < 0x40:
            return first
        if first < 0x80:
            return (first & 0x3F) << 8 | self._byte()
        if first == 0x80:
            return int.from_bytes(self._take(4), "big")
        if first == 0x81:
            return int.from_bytes(self._take(8), "big")
        raise ValueError(f"no length: {first:#x}")

    def _byte(self) -> int:
        if self._position >= len(self._buffer):
            self._refill(1)
        byte = self._buffer[self._position]
        self._position += 1
        return byte

    def _take(self, count: int) -> bytes:
        if self._position + count > len(self._buffer):
            self._refill(count)
        start = self._position
        self._position = start + count
        return self._buffer[start : start + count]

    def _skip(self, count: int) -> None:
        """Step over bytes, dropping chunk after chunk."""
        while self._position + count > len(self._buffer):
            count -= len(self._buffer) - self._position
            self._position = len(self._buffer)
            if self.progress + count > self.size:
                raise ValueError(f"{count} bytes wanted, {self.size - self.progress} left")
            self._refill(1)
        self._position += count

    def _refill(self, needed: int) -> None:
        """Drop what is done and read on. Raises ValueError when fewer than `needed` bytes are left in the file."""
        if self.progress + needed > self.size:
            raise ValueError(f"the file ends early: {needed} bytes wanted, {max(0, self.size - self.progress)} left")
        self._crc = CRC64.calc(self._buffer[: self._position], self._crc)
        rest = self._buffer[self._position :]
        self._base += self._position
        self._position = 0
        self._buffer = rest + self._file.read(max(_CHUNK_BYTES, needed - len(rest)))

    def _check_end(self) -> None:
        if self.version < _FIRST_WITH_CHECKSUM:
            return
        found = CRC64.calc(self._buffer[: self._position], self._crc)
        stored = unpack_from("<Q", self._take(8))[0]
        # 0: the writer was told not to compute it (rdbchecksum no).
        if stored not in {0, found}:
            raise ValueError("the checksum at the end is another one")

    def _damaged(self, problem: str) -> DamagedFile:
        return DamagedFile(f"{self._option} {self.path}: damaged at byte {min(self.progress, self.size):,}: {problem}")
