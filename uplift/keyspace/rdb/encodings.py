"""The compact encodings inside serialised values: lengths, LZF, ziplist, listpack, intset, zipmap.

Every reader raises ValueError or IndexError on bytes that are not what they should be; whoever calls names file or key.
"""

from __future__ import annotations

from struct import unpack_from

_INTEGERS = {0: ("<b", 1), 1: ("<h", 2), 2: ("<i", 4)}
_LZF = 3


class Bytes:
    """A serialised value and a position in it."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.position
        end = start + count
        if count < 0 or end > len(self.data):
            raise ValueError(f"{count} bytes wanted at {start}, {len(self.data) - start} there")
        self.position = end
        return self.data[start:end]

    def length(self) -> int:
        """A length. Raises ValueError where a special encoding stands."""
        first = self.take(1)[0]
        kind = first >> 6
        if kind == 0:
            return first
        if kind == 1:
            return (first & 0x3F) << 8 | self.take(1)[0]
        if first == 0x80:
            return int.from_bytes(self.take(4), "big")
        if first == 0x81:
            return int.from_bytes(self.take(8), "big")
        raise ValueError(f"no length: {first:#x}")

    def string(self) -> bytes:
        """A string, unpacked: plain, a small integer, or LZF."""
        first = self.data[self.position]
        if first >> 6 != 3:
            return self.take(self.length())
        self.position += 1
        if (special := first & 0x3F) in _INTEGERS:
            form, size = _INTEGERS[special]
            return b"%d" % unpack_from(form, self.take(size))[0]
        if special != _LZF:
            raise ValueError(f"no string: {first:#x}")
        packed, unpacked = self.length(), self.length()
        return lzf_unpacked(self.take(packed), unpacked)

    def float(self) -> float:
        """Eight bytes, little endian."""
        return float(unpack_from("<d", self.take(8))[0])


def lzf_unpacked(data: bytes, size: int) -> bytes:
    """Undo LZF (liblzf, lzf_d.c): runs of literals, and references to what was already written."""
    out = bytearray()
    position, end = 0, len(data)
    while position < end:
        control = data[position]
        position += 1
        if control < 32:
            out += data[position : position + control + 1]
            position += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += data[position]
            position += 1
        start = len(out) - ((control & 31) << 8 | data[position]) - 1
        position += 1
        length += 2
        if start < 0:
            raise ValueError("LZF refers to what is before the beginning")
        # A reference may overlap what it writes; then it repeats itself.
        chunk = out[start : start + length]
        while len(chunk) < length:
            chunk += chunk[: length - len(chunk)]
        out += chunk
    if len(out) != size:
        raise ValueError(f"LZF gave {len(out)} bytes, expected {size}")
    return bytes(out)


def ziplist(data: bytes) -> list[bytes]:
    """The entries (redis/redis src/ziplist.c)."""
    found: list[bytes] = []
    position = 10
    while data[position] != 0xFF:
        position += 5 if data[position] == 0xFE else 1
        first = data[position]
        position += 1
        size = 0
        if first < 0x40:
            size = first
        elif first < 0x80:
            size = (first & 0x3F) << 8 | data[position]
            position += 1
        elif first < 0xC0:
            size = int.from_bytes(data[position : position + 4], "big")
            position += 4
        else:
            number, width = _ziplist_integer(data, position, first)
            found.append(b"%d" % number)
            position += width
            continue
        found.append(_slice(data, position, size))
        position += size
    return found


def _ziplist_integer(data: bytes, position: int, first: int) -> tuple[int, int]:
    widths = {0xC0: 2, 0xD0: 4, 0xE0: 8, 0xF0: 3, 0xFE: 1}
    if first in widths:
        width = widths[first]
        return int.from_bytes(_slice(data, position, width), "little", signed=True), width
    if 0xF1 <= first <= 0xFD:
        return first - 0xF1, 0
    raise ValueError(f"no ziplist entry: {first:#x}")


def listpack(data: bytes) -> list[bytes]:
    """The entries (redis/redis src/listpack.c)."""
    found: list[bytes] = []
    position = 6
    while data[position] != 0xFF:
        value, size = _listpack_entry(data, position)
        found.append(value)
        position += size + _backlength_bytes(size)
    return found


def _listpack_entry(data: bytes, position: int) -> tuple[bytes, int]:
    first = data[position]
    if first < 0x80:
        return b"%d" % first, 1
    if first < 0xC0:
        size = first & 0x3F
        return _slice(data, position + 1, size), 1 + size
    if first < 0xE0:
        number = (first & 0x1F) << 8 | data[position + 1]
        return b"%d" % (number - (1 << 13) if number >= 1 << 12 else number), 2
    if first < 0xF0:
        size = (first & 0x0F) << 8 | data[position + 1]
        return _slice(data, position + 2, size), 2 + size
    if first == 0xF0:
        size = int.from_bytes(data[position + 1 : position + 5], "little")
        return _slice(data, position + 5, size), 5 + size
    widths = {0xF1: 2, 0xF2: 3, 0xF3: 4, 0xF4: 8}
    if first not in widths:
        raise ValueError(f"no listpack entry: {first:#x}")
    width = widths[first]
    return b"%d" % int.from_bytes(_slice(data, position + 1, width), "little", signed=True), 1 + width


def _backlength_bytes(size: int) -> int:
    return 1 if size <= 127 else 2 if size < 16383 else 3 if size < 2097151 else 4 if size < 268435455 else 5


def intset(data: bytes) -> list[bytes]:
    """The members (redis/redis src/intset.c)."""
    width, count = unpack_from("<II", _slice(data, 0, 8))
    if width not in {2, 4, 8}:
        raise ValueError(f"no intset: width {width}")
    return [b"%d" % int.from_bytes(_slice(data, 8 + width * index, width), "little", signed=True) for index in range(count)]


def zipmap(data: bytes) -> list[tuple[bytes, bytes]]:
    """Fields and values (redis/redis src/zipmap.c), which Redis 2.2 and 2.4 wrote."""
    found: list[tuple[bytes, bytes]] = []
    position = 1
    while data[position] != 0xFF:
        size, position = _zipmap_length(data, position)
        name = _slice(data, position, size)
        size, position = _zipmap_length(data, position + size)
        free = data[position]
        value = _slice(data, position + 1, size)
        position += 1 + size + free
        found.append((name, value))
    return found


def _zipmap_length(data: bytes, position: int) -> tuple[int, int]:
    first = data[position]
    if first < 254:
        return first, position + 1
    return int.from_bytes(data[position + 1 : position + 5], "little"), position + 5


def _slice(data: bytes, start: int, size: int) -> bytes:
    part = data[start : start + size]
    if len(part) != size:
        raise ValueError(f"{size} bytes wanted at {start}, {len(part)} there")
    return part
