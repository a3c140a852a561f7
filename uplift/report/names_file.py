"""Whole key names go to one file only its owner can read, and nowhere else: they hold session tokens."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from uplift.errors import BadInput


def open_private(path: Path, option: str) -> TextIO:
    """An empty file of mode 0600, also where one was there before. Raises BadInput naming `option` when it cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as problem:
        raise BadInput(f"{option} {path}: {problem.strerror}") from None
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def write_names(path: Path, keys: list[bytes]) -> None:
    """A name a line, bytes that are no text escaped. Raises BadInput when the file cannot be written."""
    with open_private(path, "--names") as file:
        file.writelines(key.decode("latin-1").encode("unicode_escape").decode("ascii") + "\n" for key in keys)
