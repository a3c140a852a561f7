"""A file that a command leaves behind: there as a whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from uplift.errors import BadInput, NotWritten

_PRIVATE, _PUBLIC = 0o600, 0o666


@contextmanager
def whole_file(path: Path, option: str, *, private: bool = False) -> Iterator[TextIO]:
    """Text that is at `path` once the block has ended well; until then, and where it does not, what was there stays.

    `private`: only its owner may read it. Raises BadInput naming `option` where no file can be made there, before the block begins, and
    NotWritten where the disk is full or the like.
    """
    # A device, such as /dev/stdout, cannot be replaced.
    is_device = path.exists() and not path.is_file()
    there = path if is_device else path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(there, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE if private else _PUBLIC)
    except (OSError, ValueError) as problem:
        raise BadInput(f"{option} {path}: {getattr(problem, 'strerror', None) or problem}, allowed: a file that can be written") from None
    done = False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if private and not is_device:
                os.fchmod(descriptor, _PRIVATE)
            yield file
        if not is_device:
            there.replace(path)
        done = True
    except OSError as problem:
        raise NotWritten(f"{option} {path}: {problem.strerror}: nothing was written there") from None
    finally:
        if not done and not is_device:
            there.unlink(missing_ok=True)
