"""What a copy has committed, on disk: enough to go on after kill -9 without copying anything twice but the last page or so.

A cursor is written down only after every target has answered for everything before it.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift.errors import BadInput

SCHEMA = "uplift.copy.state/1"
_PRIVATE = 0o600


class Side(BaseModel):
    """One server as the run first saw it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    address: str
    run_id: str
    keys_before: int = 0
    evicted_before: int = 0


class DatabaseProgress(BaseModel):
    """How far one database is: the cursor each partition goes on from, None where it is done; `border` as in partition.Border."""

    model_config = ConfigDict(extra="forbid")

    cursors: list[int | None]
    border: list[str] = Field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether every partition is at its end."""
        return all(cursor is None for cursor in self.cursors)


class CopyCounts(BaseModel):
    """What was done so far, by rule name where it is a mapping."""

    model_config = ConfigDict(extra="forbid")

    read: int = 0
    gone: int = 0
    big: int = 0
    kept_existing: int = 0
    bytes: int = 0
    copied: dict[str, int] = Field(default_factory=dict)


class CopyState(BaseModel):
    """The whole file. `secret` keys the hashes in messages, so that they can be compared between runs; it names nothing by itself."""

    model_config = ConfigDict(extra="forbid")

    schema_name: str = Field(default=SCHEMA, alias="schema")
    run: str = Field(default_factory=lambda: secrets.token_hex(4))
    secret: str = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    source: Side
    targets: list[Side]
    keymap: str
    options: str
    databases: dict[int, DatabaseProgress] = Field(default_factory=dict)
    counts: CopyCounts = Field(default_factory=CopyCounts)
    unsettled: dict[str, str] = Field(default_factory=dict)
    held: dict[str, int] = Field(default_factory=dict)
    checked_for_existing: bool = False
    finished: bool = False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the state file's lock, so that two copies cannot go on from one state. Raises BadInput when somebody else does."""
    lock = path.with_name(path.name + ".lock")
    try:
        file = lock.open("w")
    except OSError as problem:
        raise BadInput(f"--state {path}: {problem.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadInput(f"--state {path}: another copy is using it, allowed: one at a time") from None
        yield


def read_state(path: Path) -> CopyState | None:
    """The state of an earlier run, None where there is none. Raises BadInput for a file that is no state."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"--state {path}: {problem}") from None
    try:
        state = CopyState.model_validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise BadInput(f"--state {path}: {place}: {first['msg']}, allowed: a file that `uplift copy` wrote ({SCHEMA})") from None
    if state.schema_name != SCHEMA:
        raise BadInput(f"--state {path}: schema {state.schema_name!r}, allowed: {SCHEMA}")
    return state


def write_state(path: Path, state: CopyState) -> None:
    """Replace the file as a whole; only its owner can read it."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state.model_dump(mode="json", by_alias=True), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
