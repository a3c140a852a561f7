"""Which folder of a state directory an engine of this machine works in: the first that no other one has."""

from __future__ import annotations

from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.split.run.follow_part import FollowPlace
from uplift.split.store.directory_store import SplitFolder

_MOST_ENGINES = 16


def free_engine_place(folder: SplitFolder) -> FollowPlace:
    """One that an earlier engine had is taken first: it is warm. Raises BadInput where there are too many."""
    for number in range(1, _MOST_ENGINES + 1):
        path = folder.engines / str(number)
        if not _is_in_use(path):
            return FollowPlace(path, folder.copy_path)
    raise BadInput(f"--state {folder.path}: {_MOST_ENGINES} engines have it, allowed: a few; end some of them")


def _is_in_use(path: Path) -> bool:
    return path.is_dir() and StateFolder(path).is_in_use()
