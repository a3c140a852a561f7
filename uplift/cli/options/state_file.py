"""--state: where a copy writes down how far it is. By default one file for each pair of servers, below the user's state folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.copy.state import read_state
from uplift.keyspace.server.source_and_targets import Scope

_PRIVATE_FOLDER = 0o700


def default_state_path(scope: Scope, environment: Mapping[str, str]) -> Path:
    """The file of this pair: the same servers, databases, key map and rules give the same one, in whatever order they were named.

    Raises BadInput where the environment names no home.
    """
    parts = [
        str(scope.source),
        sorted(scope.databases),
        sorted([target.name, str(target.endpoint), target.database] for target in scope.targets),
        scope.keymap.digest,
        sorted(scope.only),
        sorted(scope.exclude),
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    return _state_folder(environment) / f"copy-{digest}.json"


def _state_folder(environment: Mapping[str, str]) -> Path:
    # A relative XDG path is to be ignored, says its specification.
    chosen = Path(environment.get("XDG_STATE_HOME", ""))
    if chosen.is_absolute():
        return chosen / "uplift"
    home = Path(environment.get("HOME", ""))
    if not home.is_absolute():
        raise BadInput("--state: neither XDG_STATE_HOME nor HOME names a folder for the copy's state, allowed: --state FILE")
    return home / ".local" / "state" / "uplift"


def finished_path(path: Path) -> Path:
    """Where the finished state is that a new run of the same pair moved aside."""
    return path.with_name(path.name + ".finished")


def make_folder_of(path: Path) -> None:
    """Make the folder of a default path, for its owner alone. Raises BadInput naming --state where that cannot be done."""
    try:
        path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInput(f"--state: the folder {path.parent} cannot be made: {problem.strerror}, allowed: --state FILE elsewhere") from None


def path_of_new_run(path: Path, *, dry_run: bool) -> Path:
    """Where a run writes, whose pair has `path`: a finished state is moved aside, and only the newest of them is kept.

    A dry run moves nothing, and gets the name of a file that is not there. Raises BadInput.
    """
    state = read_state(path)
    if state is None or not state.finished:
        return path
    if dry_run:
        return path.with_name(path.name + ".dry-run")
    try:
        path.replace(finished_path(path))
    except OSError as problem:
        raise BadInput(f"--state {path}: cannot be moved aside: {problem.strerror}, allowed: --state FILE elsewhere") from None
    return path


def newest_finished(path: Path) -> Path:
    """The state of the last copy of a pair that finished, by its default path. Raises BadInput where there is none."""
    for candidate in (path, finished_path(path)):
        state = read_state(candidate)
        if state is not None and state.finished:
            return candidate
    raise BadInput(f"--delete-extra: no finished copy of these servers is written down in {path}, allowed: with --state FILE of that copy")


def existing_state(path: Path) -> Path:
    """A state that must be there. Raises BadInput where it is not."""
    if not path.exists():
        raise BadInput(f"--state {path}: no such file, allowed: the state that `uplift copy` wrote")
    return path
