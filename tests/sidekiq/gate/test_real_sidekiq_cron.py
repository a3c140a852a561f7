"""Debian's ruby-sidekiq-cron itself, two processes a side, by the real clock: each instance is fired once while the gate moves.

The gate's times are shortened, so that it ends within a minute.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.sidekiq.gate import decision
from uplift.sidekiq.gate import gate as gate_module
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateWish
from uplift.sidekiq.gate.servers import GateServers

PROCESS = Path(__file__).with_name("cron_process.rb")
PERIOD = 5
"""Well above the poll of 0.9 s: sidekiq-cron itself loses instances nearer to each other."""


def has_sidekiq_cron() -> bool:
    try:
        return subprocess.run(["ruby", "-e", 'require "sidekiq-cron"'], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def start(server: RedisServer, side: int, number: int, processes: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    command = ["ruby", str(PROCESS), f"redis://127.0.0.1:{server.port}/0", f"host{side}:{number}:0123456789ab", str(PERIOD)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    processes.append(process)
    return process


def wait_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def fired(sides: tuple[RedisServer, RedisServer]) -> Counter[int]:
    found: Counter[int] = Counter()
    for side in sides:
        client: Any = side.client
        for payload in client.lrange("queue:cron", 0, -1):
            found[int(json.loads(payload)["args"][-1]) // PERIOD * PERIOD] += 1
    return found


@pytest.mark.long
def test_each_instance_is_fired_once(
    start_redis: StartRedis, processes: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, draws: random.Random
) -> None:
    if not has_sidekiq_cron():
        pytest.skip("ruby-sidekiq-cron is not installed: apt-get install ruby-sidekiq-cron")
    monkeypatch.setattr(decision, "WRITTEN_AHEAD", 4)
    monkeypatch.setattr(decision, "READY_AHEAD", 2)
    monkeypatch.setattr(decision, "POSTPONED_BY", 12)
    for module in (decision, gate_module):
        # On an instance of the schedule: with nominal marks that is as good as any.
        monkeypatch.setattr(module, "next_instant", lambda moment: -int(-moment // PERIOD) * PERIOD)
    sides = start_redis("3.2.6"), start_redis("5.0.6")
    old = [start(sides[0], 0, number, processes) for number in range(2)]
    for process in old:
        wait_ready(process)
    one = Gate(GateServers(endpoint(sides[0]), endpoint(sides[1]), settled_after=8), b"test", GateWish(time.time() + 15))
    began = time.time()
    step = one.step(began)
    while step.outcome is GateOutcome.WORKED:
        step = one.step(time.time())
    new = [start(sides[1], 1, number, processes) for number in range(2)]
    turned_at: float | None = None
    while turned_at is None or time.time() < turned_at + 2 * PERIOD:
        assert time.time() < began + 100
        step = one.step(time.time())
        assert step.outcome is not GateOutcome.AGAIN, step.reason
        if turned_at is None and step.record is not None and step.record.phase.value == "turned":
            turned_at = time.time()
        time.sleep(0.2 if step.outcome is GateOutcome.WAITING else 0)
    assert step.record is not None
    instant, ended = step.record.instant, time.time()
    for process in (*old, *new):
        process.kill()
    counts = fired(sides)
    due = range((int(began) // PERIOD + 1) * PERIOD, (int(ended) // PERIOD - 1) * PERIOD, PERIOD)
    assert {second - instant: counts[second] for second in due} == {second - instant: 1 for second in due}
    assert sides[0].client.llen("queue:cron") > 0
    assert sides[1].client.llen("queue:cron") >= 2
