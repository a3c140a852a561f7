"""Which folder of a state directory an engine of this machine works in: the first that no other one has, held until it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from uplift.errors import BadInput, NotWritten
from uplift.split.run.follow_part import FollowPlace
from uplift.split.store.directory_store import SplitFolder

_MOST_ENGINES = 16


@contextmanager
def engine_place(folder: SplitFolder) -> Iterator[FollowPlace]:
    """One that an earlier engine had is taken first: it is warm. Raises BadInput where there are too many, NotWritten."""
    for number in range(1, _MOST_ENGINES + 1):
        file = _locked(folder, number)
        if file is not None:
            try:
                yield FollowPlace(folder.engines / str(number), folder.copy_path)
            finally:
                os.close(file)
            return
    raise BadInput(f"--state {folder.path}: {_MOST_ENGINES} engines have it, allowed: a few; end some of them")


def _locked(folder: SplitFolder, number: int) -> int | None:
    path = folder.engines / f"{number}.lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise NotWritten(f"{path}: {problem.strerror}: nothing was changed") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file
