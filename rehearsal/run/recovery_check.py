"""After a loss: `uplift recover` as an operator would type it, and whether the lost keys are in the restored group."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from rehearsal.run.key_digests import KeyDigests, read_key_digests
from rehearsal.run.local_cloud import LocalCloud


@dataclass(frozen=True, slots=True)
class RecoveryResult:
    """How the command ended, and of the keys and jobs that were lost how many are back."""

    exit_code: int
    outcome: str
    endpoint: str
    lost: int
    back: int

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.outcome}: {self.back:,} of {self.lost:,} lost keys and jobs are back, in {self.endpoint or 'no group'}"


def recover(cloud: LocalCloud, config: Path, run_id: str, lost: set[bytes], before: KeyDigests) -> RecoveryResult:
    """Recover one run and look every lost key up in the new group, with the rehearsal's own reader."""
    done = cloud.uplift("recover", "rehearsal", "--run", run_id, "--config", str(config), "--json")
    if not done.stdout.startswith("{"):
        return RecoveryResult(done.returncode, (done.stdout + done.stderr).strip(), "", len(lost), 0)
    report: dict[str, Any] = json.loads(done.stdout)
    restored = read_key_digests(_connector(report["endpoint"]), lambda _done, _total: None)
    back = sum(1 for name in lost if _is_back(name, before, restored))
    return RecoveryResult(done.returncode, report["outcome"], report["endpoint"], len(lost), back)


def _connector(endpoint: str) -> Callable[[int], redis.Redis]:
    return lambda database: redis.Redis.from_url(endpoint, db=database, protocol=2, driver_info=None, socket_timeout=120)


def _is_back(name: bytes, before: KeyDigests, restored: KeyDigests) -> bool:
    """Whether a lost key has its value again, or a lost job is in a queue again."""
    line = before.lines.get((0, name))
    if line is None:
        return name.decode() in restored.jobs
    there = restored.lines.get((0, name))
    return there is not None and there.digest == line.digest
