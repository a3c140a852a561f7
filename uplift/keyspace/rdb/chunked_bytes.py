"""The bytes of an RDB file, a chunk at a time, with the checksum of all that was passed."""

from __future__ import annotations

from typing import BinaryIO

from uplift.keyspace.rdb.encodings import Bytes, lzf_unpacked
from uplift.keyspace.rdb.payload import CRC64

_CHUNK_BYTES = 4 * 1024 * 1024
# Enough for any opcode with its numbers, or the lengths before a string.
AHEAD_BYTES = 64
# How often something is stepped over, where that is no number of the file's and so cannot be too large.
ONCE, TWICE = range(1), range(2)


class ChunkedBytes:
    """A file and a position in it. Every method raises ValueError or IndexError where the file is not what it should be."""

    def __init__(self, file: BinaryIO, size: int, header: bytes) -> None:
        self.size = size
        self._file = file
        self._crc = CRC64.calc(header)
        self._buffer = b""
        self._position = 0
        self._base = len(header)

    @property
    def progress(self) -> int:
        """How many bytes are done."""
        return self._base + self._position

    def _counted(self, count: int) -> range:
        """`count` elements of at least a byte each: more than the file has bytes left is damage, found before it is walked."""
        if count > self.size - self.progress:
            raise ValueError(f"{count} elements announced, {self.size - self.progress} bytes left")
        return range(count)

    def _skip_strings(self, times: range) -> None:
        """Step over strings; a number from the file is one that `_counted` took.

        This loop is plain and long on purpose: it runs for every element in the file (bench/rdb.py).
        """
        buffer, position, end = self._buffer, self._position, len(self._buffer)
        for _ in times:
            if end - position < AHEAD_BYTES:
                self._position = position
                self._refill(1)
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
        if len(self._buffer) - self._position < AHEAD_BYTES:
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

    def _checksum(self) -> int:
        """The checksum of everything up to the position."""
        return int(CRC64.calc(self._buffer[: self._position], self._crc))
