"""The state directory of a follow: one engine at a time has it, and everything in it is for its owner alone."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from uplift.errors import BadInput, NotWritten
from uplift.keyspace.follow.state_file import SCHEMA, FollowState, state_from, state_text

_PRIVATE_FOLDER, _PRIVATE = 0o700, 0o600
_LOCK_SECONDS = 1.0
"""A reader that looks whether an engine has the lock holds it for an instant."""


class StateFolder:
    """Names of its files. It touches nothing until it is asked to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state_path, self.status_path = path / "follow.json", path / "status.json"
        self.copy_path, self.requests = path / "copy.json", path / "requests"
        self._lock_path = path / "lock"

    def base_path(self, database: int) -> Path:
        """Where the base of a database is."""
        return self.path / f"base-{database}"

    def sent_path(self, database: int) -> Path:
        """Where it is said what was sent and not answered for, of a database."""
        return self.path / f"sent-{database}"

    def make(self) -> None:
        """Make it where it is not there. Raises BadInput for a file, and for a folder of something else."""
        try:
            self.path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            names = {entry.name for entry in os.scandir(self.path)}
        except FileNotFoundError:
            raise BadInput(f"--state {self.path}: there is no folder {self.path.parent}, allowed: a directory in one that exists") from None
        except OSError as problem:
            raise BadInput(f"--state {self.path}: {problem.strerror}, allowed: a directory that may be made and written") from None
        # A run that was refused at its start leaves no more than these.
        begun = {
            self._lock_path.name,
            self.requests.name,
            self.status_path.name,
            f"{self.status_path.name}.new",
            f"{self.state_path.name}.new",
        }
        if names - begun and self.state_path.name not in names:
            raise BadInput(f"--state {self.path}: it holds something else, allowed: a new or empty directory, or that of a follow")
        self.path.chmod(_PRIVATE_FOLDER)
        self.requests.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)

    def lock(self) -> FolderLock:
        """Have it for this process. Raises BadInput where another process has it."""
        file = self._opened_lock()
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _is_locked_now(file):
            if time.monotonic() > deadline:
                os.close(file)
                raise BadInput(f"--state {self.path}: another engine has it, allowed: one at a time; `uplift follow status` says which")
            time.sleep(0.02)
        return FolderLock(file)

    def is_in_use(self) -> bool:
        """Whether an engine has it now."""
        file = self._opened_lock()
        try:
            return not _is_locked_now(file)
        finally:
            os.close(file)

    def _opened_lock(self) -> int:
        try:
            return os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        except OSError as problem:
            raise BadInput(f"--state {self.path}: {problem.strerror}, allowed: a state directory of `uplift follow run`") from None

    def read_state(self) -> FollowState | None:
        """What an earlier engine wrote down; None where none did. Raises BadInput."""
        place = f"--state {self.path}: {self.state_path.name}"
        try:
            return state_from(self.state_path.read_text(), place)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"{place}: {problem}, allowed: a file that `uplift follow run` wrote ({SCHEMA})") from None

    def existing_state(self) -> FollowState:
        """A state that must be there. Raises BadInput where it is not."""
        state = self.read_state() if self.path.is_dir() else None
        if state is None:
            raise BadInput(f"--state {self.path}: no follow was begun with it, allowed: the directory given to `uplift follow run`")
        return state

    def write_state(self, state: FollowState) -> None:
        """Replace the file as a whole, and wait for the disk. Raises NotWritten."""
        write_whole(self.state_path, state_text(state), is_durable=True)


class FolderLock:
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
        raise NotWritten(f"{path}: {problem.strerror}: the follow ends, and goes on once it can be written") from None


def _is_locked_now(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def refuse_another(state: FollowState, fresh: FollowState, path: Path) -> None:
    """Return where a directory belongs to the same servers and key map. Raises BadInput naming what differs."""
    differences = [("the key map", state.keymap != fresh.keymap), ("the source", state.source != fresh.source)]
    names = sorted({*state.targets, *fresh.targets})
    differences += [(f"target {name}", state.targets.get(name) != fresh.targets.get(name)) for name in names]
    different = [name for name, differs in differences if differs]
    if different:
        raise BadInput(
            f"--state {path}: it belongs to another follow: {', '.join(different)} differ; allowed: the same as then, or another --state"
        )
