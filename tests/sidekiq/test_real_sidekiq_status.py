"""A real Sidekiq writes, and its own API and a side's status say the same of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartRedis
from tests.sidekiq.test_side_status import status_of
from uplift.sidekiq.status.sorted_sets import ClassOfJobs

RUBY = shutil.which("ruby")
SCRIPT = Path(__file__).with_name("real_sidekiq.rb")


def _has_sidekiq() -> bool:
    return RUBY is not None and subprocess.run([RUBY, "-e", "gem 'sidekiq', '~> 6.4'"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _has_sidekiq(), reason="no ruby with the gem sidekiq 6.4: `.ci/run` installs Debian's")
@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_both_say_the_same(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    told = subprocess.run(
        [str(RUBY), str(SCRIPT), f"redis://127.0.0.1:{server.port}"], capture_output=True, text=True, check=False, timeout=120
    )
    assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout.splitlines()[-1])
    found = status_of(server)
    assert {queue.name.decode(): queue.jobs for queue in found.queues} == {**said["queues"], "default": 0}
    (waiting,) = [queue for queue in found.queues if queue.jobs]
    assert waiting.oldest_seconds is not None
    assert waiting.oldest_seconds >= said["latency"] >= 0
    _, schedule, dead = found.sorted_sets
    assert (schedule.jobs, dead.jobs) == (said["scheduled"], said["dead"]) == (1, 1)
    assert schedule.by_class == (ClassOfJobs("Real::Later", 1, schedule.last),)
    assert dead.by_class[0].job_class == "Real::Dead"
    (process,) = found.processes
    assert (process.identity.decode(), process.concurrency) == (said["identity"], said["concurrency"])
    assert {queue.decode() for queue in process.queues} == set(said["listed"])
    assert (process.is_alive, process.is_quiet, said["quiet"]) == (True, False, "false")
    assert found.unknown == ()
    assert "123-45-6789" not in repr(found)
