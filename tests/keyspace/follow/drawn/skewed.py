"""A server whose clock is ahead: Debian's faketime, where it is installed."""

from __future__ import annotations

import shlex
from pathlib import Path

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def is_installed() -> bool:
    return bool(_LIBRARIES)


def skewed(binary: Path, seconds: int, folder: Path) -> Path:
    """A program that starts the server with its clock so far ahead, and is then the server, by the same process id."""
    program = folder / f"{binary.name}-{seconds:+d}"
    # `env` twice: the library makes its shared memory in the first process that it is loaded into, where it must not be redis-server's
    # own allocator that is asked for memory.
    environment = f"LD_PRELOAD={_LIBRARIES[0]} FAKETIME={seconds:+d}s DONT_FAKE_MONOTONIC=1"
    program.write_text(f'#!/bin/sh\nexec env {environment} env {shlex.quote(str(binary.absolute()))} "$@"\n')
    program.chmod(0o755)
    return program


def forget(pid: int) -> None:
    """What the library leaves behind of a process that ended."""
    for name in ("faketime_shm_", "sem.faketime_sem_"):
        Path(f"/dev/shm/{name}{pid}").unlink(missing_ok=True)  # noqa: S108
