"""The state directory of something that runs for long: one process at a time has it, and everything in it is for its owner alone."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from uplift.errors import BadInput, NotWritten

_PRIVATE_FOLDER, _PRIVATE = 0o700, 0o600
_LOCK_SECONDS = 1.0
"""A reader that looks whether a process has the lock holds it for an instant."""
_CHANGE_SECONDS = 5.0
_UNFINISHED = re.compile(r"(.+)\.[a-z0-9_]{8}\.new")
"""What a file is called while it is written: each writer has a name of its own."""
_OLD_SECONDS = 3600.0


class StateDirectory:
    """Names of its files. It touches nothing until it is asked to.

    `record` is the file without which it is nobody's; `begun_with` are names that a run which was refused at its start leaves as well.
    `what` it is the directory of (a noun), and `begun_by` which command, are for messages.
    """

    def __init__(self, path: Path, record: str, *, begun_with: frozenset[str], what: str, begun_by: str) -> None:
        self.path = path
        self.state_path, self.status_path = path / record, path / "status.json"
        self._lock_path = path / "lock"
        self._begun_with, self._what, self._begun_by = begun_with, what, begun_by

    def make(self) -> None:
        """Make it where it is not there. Raises BadInput for a file, and for a folder of something else."""
        try:
            self.path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            names = {entry.name for entry in os.scandir(self.path)}
        except FileNotFoundError:
            raise BadInput(f"--state {self.path}: there is no folder {self.path.parent}, allowed: a directory in one that exists") from None
        except OSError as problem:
            raise BadInput(f"--state {self.path}: {problem.strerror}, allowed: a directory that may be made and written") from None
        begun = {self._lock_path.name, self.status_path.name, *self._begun_with}
        strange = {name for name in names - begun if _whole_name(name) not in {*begun, self.state_path.name}}
        if strange and self.state_path.name not in names:
            raise BadInput(f"--state {self.path}: it holds something else, allowed: a new or empty directory, or that of a {self._what}")
        self.path.chmod(_PRIVATE_FOLDER)

    def lock(self) -> DirectoryLock:
        """Have it for this process. Raises BadInput where another process has it."""
        file = self._opened_lock()
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _is_locked_now(file):
            if time.monotonic() > deadline:
                os.close(file)
                status = self._begun_by.rpartition(" ")[0]
                raise BadInput(f"--state {self.path}: another engine has it, allowed: one at a time; `{status} status` says which")
            time.sleep(0.02)
        _remove_unfinished(self.path)
        return DirectoryLock(file)

    def is_in_use(self) -> bool:
        """Whether a process has it now. Raises BadInput where there is no such directory."""
        file = self._opened_lock()
        try:
            return not _is_locked_now(file)
        finally:
            os.close(file)

    def _opened_lock(self) -> int:
        try:
            return os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        except OSError as problem:
            raise BadInput(f"--state {self.path}: {problem.strerror}, allowed: a state directory of `{self._begun_by}`") from None


class DirectoryLock:
    """Held until it is released, or the process ends."""

    def __init__(self, file: int) -> None:
        self._file: int | None = file

    def release(self) -> None:
        """Let go of it; safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def write_whole(path: Path, text: str, *, is_durable: bool = False) -> None:
    """Replace a file as a whole, readable by its owner alone. Raises NotWritten naming it."""
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        temporary.replace(path)
        temporary = None
    except OSError as problem:
        raise NotWritten(f"{path}: {problem.strerror}: it stays as it was; needed: room on the disk and the right to write it") from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """For who reads a file, and writes it again with a change: of two at once none loses what the other one wrote. Raises NotWritten."""
    try:
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    except OSError as problem:
        raise NotWritten(f"{lock}: {problem.strerror}: nothing was changed") from None
    try:
        deadline = time.monotonic() + _CHANGE_SECONDS
        while not _is_locked_now(file):
            if time.monotonic() > deadline:
                raise NotWritten(f"{lock}: another process has held it for {_CHANGE_SECONDS:g} s: nothing was changed, try again")
            time.sleep(0.02)
        yield
    finally:
        os.close(file)


def _whole_name(name: str) -> str | None:
    found = _UNFINISHED.fullmatch(name)
    return found[1] if found is not None else None


def _remove_unfinished(folder: Path) -> None:
    """What writers left that were killed; those that write now are left alone."""
    for entry in folder.iterdir():
        with suppress(OSError):
            if _whole_name(entry.name) is not None and time.time() - entry.stat().st_mtime > _OLD_SECONDS:
                entry.unlink()


def _is_locked_now(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
