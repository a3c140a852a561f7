"""A server that writes down each write before it answers, and can be killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from rehearsal.cloud.elasticache.redis_server import RedisServer


class DurableServer(RedisServer):
    """With `appendonly yes` and `appendfsync always`."""

    def __init__(self, version: str, binary: Path, folder: Path) -> None:
        self._binary = binary
        super().__init__(version, binary, folder)

    def _options(self) -> list[str]:
        return [*super()._options(), "--appendonly", "yes", "--appendfsync", "always"]

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        self.client.close()

    def restart(self) -> None:
        """On the same port, with what it wrote down; it is waited for."""
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([str(self._binary), *self._options()], cwd=self.folder, stdout=log, stderr=log)
        self.client = self.connect()
        self._wait_for(lambda: bool(self.client.ping()), "to answer")
