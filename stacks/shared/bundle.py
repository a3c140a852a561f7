"""The folder that `make bundle` filled: what the functions run. Synthesis only points at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder of hashed wheels and our code, for one interpreter. Its name is the Lambda runtime's, such as `python3.12`."""

    directory: Path

    @property
    def runtime(self) -> str:
        """The Lambda runtime the wheels were chosen for."""
        return self.directory.name
