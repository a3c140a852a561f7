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
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift.errors import BadInput

SCHEMA = "uplift.copy.state/2"
_PRIVATE = 0o600


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Side(_Strict):
    """One server as the run first saw it, and every process of it since.

    `keys_before` and `evicted_before` are from before the first write; `write_calls` is how often the server had been written to when the
    copy, or a repair by it, was finished (server/write_calls.py; None: not known).
    """

    name: str
    address: str
    run_id: str
    earlier_run_ids: list[str] = Field(default_factory=list)
    replication_id: str = ""
    keys_before: int = 0
    evicted_before: int = 0
    write_calls: int | None = None


class DatabaseProgress(_Strict):
    """How far one database is: the cursor each partition goes on from, None where it is done; `border` as in partition.Border."""

    cursors: Annotated[list[Annotated[int, Field(ge=0)] | None], Field(min_length=1)]
    border: list[str] = Field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether every partition is at its end."""
        return all(cursor is None for cursor in self.cursors)

    @property
    def has_begun(self) -> bool:
        """Whether a page was committed."""
        return self.cursors != list(range(len(self.cursors)))


class CopyCounts(_Strict):
    """What was done so far, by rule name where it is a mapping. `bytes` are those of values."""

    read: int = 0
    expired_or_deleted: int = 0
    big: int = 0
    kept_existing: int = 0
    bytes: int = 0
    copied: dict[str, int] = Field(default_factory=dict)


class CopyState(_Strict):
    """The whole file. `secret` keys the hashes in messages, so that they can be compared between runs; it names nothing by itself.

    `not_copied` and `held` are by label. `may_be_ours`: the scan began anew over what an earlier scan of this run wrote, so that a key
    that is there already is no stranger's.
    """

    schema_name: str = Field(default=SCHEMA, alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-f]{8}$")] = Field(default_factory=lambda: secrets.token_hex(4))
    secret: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    source: Side
    targets: list[Side]
    keymap: str
    options: str
    databases: dict[int, DatabaseProgress] = Field(default_factory=dict)
    counts: CopyCounts = Field(default_factory=CopyCounts)
    not_copied: dict[str, str] = Field(default_factory=dict)
    held: dict[str, int] = Field(default_factory=dict)
    checked_for_existing: bool = False
    may_be_ours: bool = False
    finished: bool = False

    @property
    def is_copied(self) -> bool:
        """Whether every key was copied, and only the end of the run is left."""
        return bool(self.databases) and all(progress.done for progress in self.databases.values())

    def begin_again(self) -> None:
        """Forget how far the scan was; what it wrote is still there."""
        self.databases = {}
        self.counts = CopyCounts()
        self.not_copied = {}
        self.held = {}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the state file's lock, so that two copies cannot go on from one state. Raises BadInput when somebody else does."""
    if not path.name or path.is_dir():
        raise BadInput(f"--state {str(path)!r}: not the name of a file, allowed: a file that may be made")
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
        if (written := _schema_of(text)) not in {SCHEMA, ""}:
            raise BadInput(f"--state {path}: schema {written!r}, allowed: {SCHEMA}; begin anew with another --state") from None
        first = problem.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise BadInput(f"--state {path}: {place}: {first['msg']}, allowed: a file that `uplift copy` wrote ({SCHEMA})") from None
    if state.schema_name != SCHEMA:
        raise BadInput(f"--state {path}: schema {state.schema_name!r}, allowed: {SCHEMA}; begin anew with another --state")
    return state


def _schema_of(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    return str(document.get("schema", "")) if isinstance(document, dict) else ""


def write_state(path: Path, state: CopyState) -> None:
    """Replace the file as a whole; only its owner can read it. Raises BadInput where it cannot be written."""
    temporary = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "w") as file:
            json.dump(state.model_dump(mode="json", by_alias=True), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as problem:
        raise BadInput(f"--state {path}: cannot be written: {problem.strerror}; the run goes on from its last commit") from None
