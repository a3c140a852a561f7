"""Writes small RDB files of any version, for the writers we cannot have: 2.x, 2.8, 4.0, 7.0, 7.2.

What it writes is not proof of what those servers write; each file that a real server of ours can load is loaded there first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from anycrc import Model


def length(count: int) -> bytes:
    if count < 64:
        return bytes([count])
    if count < 16384:
        return bytes([0x40 | count >> 8, count & 255])
    return b"\x80" + count.to_bytes(4, "big")


def string(data: bytes) -> bytes:
    return length(len(data)) + data


def ziplist(elements: list[bytes]) -> bytes:
    body, previous = b"", 0
    for element in elements:
        entry = bytes([previous, len(element)]) + element
        body += entry
        previous = len(entry)
    return struct.pack("<IIH", 11 + len(body), 10 + len(body) - previous, len(elements)) + body + b"\xff"


def listpack(elements: list[bytes]) -> bytes:
    body = b"".join(bytes([0x80 | len(element)]) + element + bytes([len(element) + 1]) for element in elements)
    return struct.pack("<IH", 7 + len(body), len(elements)) + body + b"\xff"


def zipmap(pairs: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(bytes([len(name)]) + name + bytes([len(value), 0]) + value for name, value in pairs)
    return bytes([len(pairs)]) + body + b"\xff"


@dataclass
class RdbText:
    """Entries in order; `save` adds header, end and, from version 5 on, the checksum."""

    version: int
    magic: bytes = b"REDIS%04d"
    body: bytes = b""
    keys: list[tuple[bytes, str]] = field(default_factory=list)

    def select(self, database: int) -> None:
        self.body += b"\xfe" + length(database)

    def add(self, kind: int, name: str, key: bytes, value: bytes, *, expires_s: int = 0, expires_ms: int = 0) -> None:
        if expires_s:
            self.body += b"\xfd" + struct.pack("<I", expires_s)
        if expires_ms:
            self.body += b"\xfc" + struct.pack("<Q", expires_ms)
        self.body += bytes([kind]) + string(key) + value
        self.keys.append((key, name))

    def save(self, path: Path) -> Path:
        whole = self.magic % self.version + self.body + b"\xff"
        if self.version >= 5:
            whole += struct.pack("<Q", Model("CRC64-REDIS").calc(whole))
        path.write_bytes(whole)
        return path


def file_of(version: int) -> RdbText:
    """A file with each type and encoding that this version knows and no later one brought."""
    text = RdbText(version)
    if version >= 7:
        text.body += b"\xfa" + string(b"redis-ver") + string(b"0.0.0")
    text.select(0)
    text.add(0, "string", b"s:plain", string(b"value"), expires_s=2_000_000_000)
    text.add(0, "string", b"s:number", b"\xc1\x39\x30")
    text.add(1, "list", b"l:plain", length(2) + string(b"a") + string(b"b" * 100))
    text.add(2, "set", b"t:plain", length(2) + string(b"a") + string(b"b"))
    text.add(3, "zset", b"z:text", length(2) + string(b"a") + b"\x031.5" + string(b"b") + b"\xfe")
    text.add(4, "hash", b"h:plain", length(1) + string(b"f") + string(b"v"))
    if version >= 2:
        text.add(9, "hash", b"h:zipmap", string(zipmap([(b"f", b"v"), (b"g", b"w")])))
        text.add(10, "list", b"l:ziplist", string(ziplist([b"a", b"bb"])))
        text.add(11, "set", b"t:intset", string(struct.pack("<IIhh", 2, 2, 1, 7)))
        text.add(12, "zset", b"z:ziplist", string(ziplist([b"m", b"2.5"])))
    if version >= 3:
        text.add(0, "string", b"s:ms", string(b"value"), expires_ms=4102444800123)
    if version >= 4:
        text.add(13, "hash", b"h:ziplist", string(ziplist([b"f", b"v"])))
    if version >= 7:
        text.add(14, "list", b"l:quick", length(1) + string(ziplist([b"x", b"y"])))
    if version >= 8:
        text.add(5, "zset", b"z:binary", length(1) + string(b"m") + struct.pack("<d", 0.1))
    if version >= 9:
        text.body += b"\xf9\x05"
        text.add(0, "string", b"s:lfu", string(b"v"))
        text.body += b"\xf8\x10"
        text.add(0, "string", b"s:lru", string(b"v"))
    if version >= 10:
        text.add(16, "hash", b"h:pack", string(listpack([b"f", b"v"])))
        text.add(17, "zset", b"z:pack", string(listpack([b"m", b"2.5"])))
        text.add(18, "list", b"l:quick2", length(2) + length(2) + string(listpack([b"x", b"y"])) + length(1) + string(b"plain"))
    if version >= 11:
        text.add(20, "set", b"t:pack", string(listpack([b"a", b"b"])))
    return text
