"""Writes that were sent and that nobody answered for: whether they took place is not known, but what they would have made of a key is.

In memory for rounds that broke off; in a file beside the base for a process that begins where another was killed. There each key is named
as in the base, by a hash: names hold session tokens.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from uplift.errors import NotWritten
from uplift.keyspace.follow.key_state import ABSENT, TOKEN_BYTES, Side

_BYTES = 128 * 1024
_SCHEMA = b"uplift.follow.sent/1".ljust(32, b"\0")
_COUNT = Struct("<Q")
_COUNT_AT = len(_SCHEMA)
_FIRST_AT = 64
# Whether it counts, the key's identity, side, place of the server, token (zeros: absent), life.
_ENTRY = Struct("<B16sBB9sq")
_MOST = (_BYTES - _FIRST_AT) // _ENTRY.size
_NO_TOKEN = bytes(TOKEN_BYTES)
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class UnansweredWrite:
    """A state that was sent to one server, whose place is 0 for the source, then the targets.

    It is a base of that side alone: taken for both sides it would undo a write of the other one. `value` is None for a big one, and where
    it was another process's, which `is_of_earlier` says.
    """

    place: int
    side: Side
    token: bytes
    life: int
    value: bytes | None
    is_of_earlier: bool = False


class _Earlier(NamedTuple):
    at: int
    write: UnansweredWrite


class UnansweredWrites:
    """`identity` names a key in the file."""

    def __init__(self, path: Path | None, identity: Callable[[bytes], bytes]) -> None:
        """With no path nothing outlives the process. Raises NotWritten where the file cannot be made."""
        self._memory = None if path is None else _mapped(path)
        self._identity = identity
        self._by_key: dict[bytes, UnansweredWrite] = {}
        self._earlier: dict[bytes, _Earlier] = {}
        self._count = self._kept = 0
        if self._memory is not None:
            self._read(self._memory)

    def _read(self, memory: mmap.mmap) -> None:
        """What an earlier process left. It stays in the file, in front, until it is decided."""
        self._count = self._kept = min(_COUNT.unpack_from(memory, _COUNT_AT)[0], _MOST)
        for number in range(self._count):
            at = _FIRST_AT + number * _ENTRY.size
            counts, identity, side, place, token, life = _ENTRY.unpack_from(memory, at)
            if not counts:
                continue
            if identity in self._earlier:
                memory[self._earlier[identity].at] = 0
            write = UnansweredWrite(place, Side(side), ABSENT if token == _NO_TOKEN else token, life, None, is_of_earlier=True)
            self._earlier[identity] = _Earlier(at, write)

    def send(self, key: bytes, place: int, side: Side, token: bytes, life: int) -> bool:
        """It is about to be sent; False where the file is full. Ended by `end_round`."""
        memory = self._memory
        if memory is None:
            return True
        if self._count >= _MOST:
            return False
        _ENTRY.pack_into(memory, _FIRST_AT + self._count * _ENTRY.size, 1, self._identity(key), side, place, token or _NO_TOKEN, life)
        self._count += 1
        # Last: an entry counts once it is whole.
        _COUNT.pack_into(memory, _COUNT_AT, self._count)
        return True

    def end_round(self) -> None:
        """Everything that this process sent was answered for, save what is kept."""
        if self._memory is not None and self._count > self._kept and not self._by_key:
            self._count = self._kept
            _COUNT.pack_into(self._memory, _COUNT_AT, self._count)

    def keep(self, key: bytes, write: UnansweredWrite) -> None:
        """No answer came."""
        self._by_key[key] = write

    def of(self, key: bytes) -> UnansweredWrite | None:
        """What is not answered for."""
        write = self._by_key.get(key)
        if write is None and self._earlier:
            earlier = self._earlier.get(self._identity(key))
            return None if earlier is None else earlier.write
        return write

    def decided(self, key: bytes) -> None:
        """Both sides were equal since."""
        self._by_key.pop(key, None)
        if self._earlier and self._memory is not None:
            earlier = self._earlier.pop(self._identity(key), None)
            if earlier is not None:
                self._memory[earlier.at] = 0

    def forget_of(self, place: int, dirty: Container[bytes]) -> None:
        """The server's stream was whole since: what took place there was told. Keys that are still dirty may be decided by it yet."""
        if self._by_key:
            self._by_key = {key: write for key, write in self._by_key.items() if write.place != place or key in dirty}

    def forget_earlier(self) -> None:
        """Every key was compared since this process began."""
        if self._kept:
            self._earlier.clear()
            self._kept = 0
            self.end_round()

    def clear(self) -> None:
        """Nothing that was sent says anything any more."""
        self._by_key.clear()
        self.forget_earlier()

    def close(self) -> None:
        """Let go of the file."""
        if self._memory is not None:
            self._memory.close()


def _mapped(path: Path) -> mmap.mmap:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
        try:
            if os.pread(descriptor, len(_SCHEMA), 0) != _SCHEMA:
                os.ftruncate(descriptor, 0)
                # Written and not left a hole: a write to a mapped hole of a full disk kills the process.
                os.pwrite(descriptor, _SCHEMA.ljust(_BYTES, b"\0"), 0)
            return mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as problem:
        raise NotWritten(f"{path}: {problem}, allowed: a file of {_BYTES:,} bytes that this user may write") from None
