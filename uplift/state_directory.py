"""The state directory of something that runs for long: one process at a time has it, and everything in it is for its owner alone."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from uplift.errors import BadInput, NotWritten

_PRIVATE_FOLDER, _PRIVATE = 0o700, 0o600
_LOCK_SECONDS = 1.0
"""A reader that looks whether a process has the lock holds it for an instant."""


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
        begun = {self._lock_path.name, self.status_path.name, *(f"{one.name}.new" for one in (self.status_path, self.state_path))}
        if names - begun - self._begun_with and self.state_path.name not in names:
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
    temporary = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as problem:
        raise NotWritten(f"{path}: {problem.strerror}: the run ends, and goes on once it can be written") from None


def _is_locked_now(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
