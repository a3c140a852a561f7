"""The whole command, as a user types it: a loss is found, named and fails the run; a user's own file is carried over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartRedis

pytestmark = pytest.mark.cloud
UPLIFT = str(Path(sys.executable).parent / "uplift")


def _rehearse(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [UPLIFT, "rehearse", "in-place", "--out", str(out), "--json", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)


def test_a_users_own_file_is_carried_over_and_lost_writes_are_found_and_named(tmp_path: Path, start_redis: StartRedis) -> None:
    """Both in one run, since a run is a whole deployment: the file's keys all arrive, the fault's writes are all missed."""
    server = start_redis("5.0.6")
    for number in range(500):
        server.client.set(f"ours:{number}", "v", ex=5000)
    server.connect(2).zadd("board", {"a": 1.5})
    server.save_to(tmp_path / "own.rdb")
    done = _rehearse(tmp_path / "out", "--rdb", str(tmp_path / "own.rdb"), "--fault", "async-loss", "--outage-seconds", "1")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["outcome"] == "lost"
    assert report["engine"] == {"before": "3.2.6", "after": "5.0.6"}
    assert report["keys"]["before"] == 501
    assert report["keys"]["lost"] == report["keys"]["changed"] == 0
    assert report["writes"]["acknowledged"] > 100
    assert report["writes"]["lost"] == len(report["findings"]) > 0
    assert all("#" in finding for finding in report["findings"])
    assert 1.0 <= report["outage"]["seconds"] < 30
    assert report["aws_calls"] == {"create_snapshot": 1, "modify": 1, "throttled": 0}
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    clear = tmp_path / "out" / "findings-clear.txt"
    assert clear.stat().st_mode & 0o777 == 0o600
    assert len(clear.read_text().splitlines()) == len(report["findings"])
