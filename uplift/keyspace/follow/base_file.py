"""The file behind the base: one header, and pages that are taken into use a stretch at a time, mapped into memory as a whole.

What the process wrote is in the file whenever it dies: the mapping is the kernel's own copy of it. Only where the machine dies is the order
lost in which pages reach the disk, so a file of another boot is believed only where it was closed.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
from pathlib import Path
from struct import Struct

from uplift.errors import BadInput, NotWritten

PAGE_BYTES = 4096
_STRETCH_PAGES = 64
_STRETCH_BYTES = _STRETCH_PAGES * PAGE_BYTES
_SCHEMA = b"uplift.follow.base/1"
_HEADER = Struct("<32s32s36s")
_SECRET_AT = 32
_BOOT_AT = 64
_BOOT_BYTES = 36
_CLOSED_AT = 100
_COMPLETE_AT = 101
# A byte for each stretch in use, as one byte is written whole or not at all; the header is one page.
_STRETCHES_AT = 256
_MOST_STRETCHES = PAGE_BYTES - _STRETCHES_AT
LEAST_BYTES = PAGE_BYTES + _STRETCH_BYTES
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PRIVATE = 0o600


class BaseFile:
    """A header and pages, in a file or, where there is no descriptor, in memory of this process alone."""

    def __init__(self, memory: mmap.mmap, descriptor: int | None) -> None:
        self.memory = memory
        self.secret = memory[_SECRET_AT:_BOOT_AT]
        self._descriptor = descriptor
        self._stretches = (len(memory) - PAGE_BYTES) // _STRETCH_BYTES
        self._used = max(0, memory.rfind(b"\1", _STRETCHES_AT, _STRETCHES_AT + self._stretches) - _STRETCHES_AT + 1)

    @property
    def most_pages(self) -> int:
        """How many pages there can ever be."""
        return self._stretches * _STRETCH_PAGES

    @property
    def is_complete(self) -> bool:
        """What was last set."""
        return self.memory[_COMPLETE_AT] == 1

    @is_complete.setter
    def is_complete(self, value: bool) -> None:
        self.memory[_COMPLETE_AT] = value

    def pages(self) -> range:
        """Where each page in use begins, in bytes; those never written are zeros."""
        return range(PAGE_BYTES, PAGE_BYTES + self._used * _STRETCH_BYTES, PAGE_BYTES)

    def more_pages(self) -> range:
        """Take a stretch into use; where its pages begin. None at all where the bound is reached or the disk is full."""
        start = PAGE_BYTES + self._used * _STRETCH_BYTES
        if self._used == self._stretches or not self._reserve(start):
            return range(0)
        self.memory[_STRETCHES_AT + self._used] = 1
        self._used += 1
        return range(start, start + _STRETCH_BYTES, PAGE_BYTES)

    def _reserve(self, start: int) -> bool:
        """A write to a mapped hole of a full disk kills the process; asked for beforehand, it is an error that can be answered."""
        if self._descriptor is None or not hasattr(os, "posix_fallocate"):
            return True
        try:
            os.posix_fallocate(self._descriptor, start, _STRETCH_BYTES)
        except OSError:
            return False
        return True

    def flush(self) -> None:
        """Wait until the disk has everything. Raises NotWritten where it cannot take it."""
        if self._descriptor is None:
            return
        try:
            self.memory.flush()
        except OSError as problem:
            raise NotWritten(f"the base of the follow cannot be written to its disk: {problem.strerror}") from None

    def close(self) -> None:
        """Write everything to the disk, then that it is there; let go of the file. Raises NotWritten."""
        try:
            self.flush()
            self.memory[_CLOSED_AT] = 1
            self.flush()
        finally:
            self.memory.close()
            if self._descriptor is not None:
                os.close(self._descriptor)


def open_base_file(path: Path | None, most_bytes: int) -> BaseFile:
    """Open or make the file, for its owner alone and for one process at a time; its size is at most `most_bytes`, most of it a hole.

    Raises BadInput naming the file and what is allowed, and NotWritten where the disk takes not even a header.
    """
    if most_bytes < LEAST_BYTES:
        raise BadInput(f"{path or 'the base in memory'}: {most_bytes:,} bytes for the base of the follow, allowed: {LEAST_BYTES:,} or more")
    size = PAGE_BYTES + min(_MOST_STRETCHES, (most_bytes - PAGE_BYTES) // _STRETCH_BYTES) * _STRETCH_BYTES
    if path is None:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory[: _HEADER.size] = _new_header()
        return BaseFile(memory, None)
    descriptor = _opened(path)
    try:
        return BaseFile(_mapped(path, descriptor, size), descriptor)
    except OSError as problem:
        os.close(descriptor)
        raise NotWritten(f"{path}: {problem.strerror}") from None
    except BaseException:
        os.close(descriptor)
        raise


def _opened(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
    except OSError as problem:
        raise BadInput(f"{path}: {problem.strerror}, allowed: a file that can be written, of the base of a follow") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise BadInput(f"{path}: another process has it open, allowed: one at a time") from None
    return descriptor


def _mapped(path: Path, descriptor: int, size: int) -> mmap.mmap:
    header = os.pread(descriptor, PAGE_BYTES, 0)
    if header.strip(b"\0") and header[:_SECRET_AT].rstrip(b"\0") != _SCHEMA:
        raise BadInput(
            f"{path}: not the base of a follow, or one of another version of this program, allowed: a file with {_SCHEMA.decode()}"
        )
    os.fchmod(descriptor, _PRIVATE)
    if not _is_believed(header, size):
        # Cut first: whenever this is interrupted, what is there is empty, or new.
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _new_header().ljust(PAGE_BYTES, b"\0"), 0)
    os.ftruncate(descriptor, size)
    memory = mmap.mmap(descriptor, size)
    memory[_CLOSED_AT] = 0
    memory[_BOOT_AT:_CLOSED_AT] = _boot_id()
    # On the disk before anything else can be: from here on another boot finds a file that nobody closed.
    memory.flush(0, PAGE_BYTES)
    return memory


def _is_believed(header: bytes, size: int) -> bool:
    if len(header) < PAGE_BYTES or not header.strip(b"\0"):
        return False
    boot = _boot_id()
    same_boot = boot.strip(b"\0") != b"" and header[_BOOT_AT:_CLOSED_AT] == boot
    # What lies behind a bound that was lowered cannot be kept.
    stretches = (size - PAGE_BYTES) // _STRETCH_BYTES
    return (same_boot or header[_CLOSED_AT] == 1) and b"\1" not in header[_STRETCHES_AT + stretches :]


def _new_header() -> bytes:
    return _HEADER.pack(_SCHEMA, secrets.token_bytes(32), _boot_id())


def _boot_id() -> bytes:
    """Which boot of the machine this is; zeros where it does not say."""
    try:
        return _BOOT_ID.read_bytes().strip()[:_BOOT_BYTES].ljust(_BOOT_BYTES, b"\0")
    except OSError:
        return bytes(_BOOT_BYTES)
