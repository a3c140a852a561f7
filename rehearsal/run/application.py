"""Runs the simulated application as a process of its own, and reads its journal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from rehearsal.run.installed_tools import InstalledTools

_PIPELINE = 500


@dataclass
class Pulse:
    """What the application said last: calls, failures, seconds since its last acknowledged write."""

    calls: int = 0
    failed: int = 0
    since_write: float = 0.0
    changed: threading.Event = field(default_factory=threading.Event)


class Application:
    """A running vets-api; `stop` ends it in good order and returns what it was promised."""

    def __init__(self, installed_tools: InstalledTools, host: str, port: int, folder: Path) -> None:
        self._journal = folder / "journal.json"
        with (folder / "app.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rehearsal.app", host, str(port), str(self._journal)],
                cwd=installed_tools.root,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.pulse = Pulse()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            said = json.loads(line)
            self.pulse.calls, self.pulse.failed, self.pulse.since_write = said["calls"], said["failed"], said["since_write"]
            self.pulse.changed.set()
            self.pulse.changed.clear()

    def wait_until_writing(self, seconds: float = 60) -> None:
        """Wait for a pulse with calls and a write within the last second. Raises RuntimeError when none comes."""
        for _ in range(int(seconds)):
            self.pulse.changed.wait(2)
            if self.pulse.calls > 0 and self.pulse.since_write < 1:
                return
            if self._process.poll() is not None:
                break
        raise RuntimeError("the application does not write")

    def stop(self) -> dict[str, Any]:
        """Stop every actor after its call, and read the journal."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        journal: dict[str, Any] = json.loads(self._journal.read_text())
        return journal

    def kill(self) -> None:
        """End it without waiting for a journal."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def read_values(client: redis.Redis, journal: dict[str, Any]) -> dict[str, tuple[str | None, float | None]]:
    """Value and expiry (seconds since 1970, None: never) of every key the journal speaks of; keys that are not there are left out."""
    keys = [*journal["strings"], *journal["counters"]]
    values: dict[str, tuple[str | None, float | None]] = {}
    for start in range(0, len(keys), _PIPELINE):
        batch = keys[start : start + _PIPELINE]
        pipeline = client.pipeline(transaction=False)
        pipeline.time()
        for key in batch:
            pipeline.get(key)
            pipeline.pttl(key)
        (seconds, microseconds), *answers = pipeline.execute()
        now = seconds + microseconds / 1e6
        for key, value, ttl in zip(batch, answers[::2], answers[1::2], strict=True):
            if value is not None:
                values[key] = (value.decode("latin-1"), now + ttl / 1000 if ttl >= 0 else None)
    return values
