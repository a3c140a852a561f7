"""A real Sidekiq, Debian's 6.4.1, enqueues and works on both sides of a handover that is killed again and again: each job is done once.

And its own classes, which its web page asks, show the same of the new side as they did of the old one. What is made short or patched for
Redis 3.2: real/app.rb.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.sidekiq.handover_pair import Pair, once
from tests.sidekiq.real.movers import APPLIED, RUN, Movers, go_on_until_empty
from tests.sidekiq.real.processes import MISSING, Processes, Stop, has_sidekiq, quiet, terminate, wait_until
from uplift.sidekiq.handover.left import Why
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.mover.mover import MoverServers
from uplift.sidekiq.run.own_names import OwnNames

KILLS = 60
STUCK = 2
JOBS_A_KILL = 20
QUEUES = ("default", "low")
SEEDED = {"default": 7 + 150, "low|x": 7, "critical": 6}
_PATIENCE_SECONDS = 240.0

pytestmark = [pytest.mark.skipif(not has_sidekiq(), reason=MISSING), pytest.mark.long]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path)
    yield started
    started.kill_all()


@pytest.fixture(params=[("3.2.6", "5.0.6"), ("5.0.6", "3.2.6")], ids=["there", "back"])
def sides(request: pytest.FixtureRequest, start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    return start_redis(request.param[0]), start_redis(request.param[1])


def test_each_job_is_done_once(sides: tuple[RedisServer, RedisServer], processes: Processes, draws: random.Random) -> None:
    old, new = sides
    servers = MoverServers(endpoint(old), endpoint(new))
    producer = processes.start_producer(old, new, STUCK)
    older = processes.start_worker(old, "old", *QUEUES)
    wait_until(lambda: len(processes.count("begun")) == STUCK, "jobs that never end")
    newer = processes.start_worker(new, "new", *QUEUES)
    movers, stop = Movers(servers, draws), None
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while movers.kills < KILLS or older.poll() is None:
            assert time.monotonic() < deadline, f"{movers.kills} kills, the old worker ended with {older.poll()}"
            if producer.jobs <= STUCK + JOBS_A_KILL * movers.kills:
                producer.more()
            movers.turn()
            if stop is None and movers.kills >= KILLS // 2:
                stop = Stop(old, older)
            if stop is not None:
                stop.go_on()
    finally:
        movers.kill()
    taken_by_killed = int(client_of(old).hget(OwnNames(RUN).source_ledger, "next")) - 1
    moved = go_on_until_empty(servers, _PATIENCE_SECONDS).progress.jobs
    wait_until(lambda: len(processes.count("done")) == producer.jobs, "all jobs done")
    terminate(newer)
    sys.stdout.write(f"{producer.jobs} jobs, {movers.kills} kills {dict(movers.deaths)}, {taken_by_killed} chunks, then {moved} jobs\n")
    assert movers.deaths[APPLIED] > 0
    check_each_once(processes, producer.jobs)
    check_counted(new, processes)


def client_of(server: RedisServer) -> Any:
    return server.client


def check_each_once(processes: Processes, jobs: int) -> None:
    done, failed = processes.count("done"), processes.count("failed")
    assert sorted(done) == list(range(1, jobs + 1))
    assert [number for number, times in done.items() if times > 1] == []
    assert len(failed) == failed.total() > 0
    sides = [side for what, _, side in processes.noted() if what == "done"]
    assert min(sides.count("old"), sides.count("new")) > jobs // 20, "both sides are to work"
    # Pushed back when the old worker was stopped, and begun anew on the other side.
    assert {number for what, number, side in processes.noted() if (what, side) == ("begun", "new")} == set(range(1, STUCK + 1))


def check_counted(new: RedisServer, processes: Processes) -> None:
    """Every start of a job was counted, on whichever side; what was broken off counts as failed (lib/sidekiq/processor.rb, stats)."""
    client = client_of(new)
    failed = processes.count("failed").total() + STUCK
    assert int(client.get("stat:failed")) == failed
    assert int(client.get("stat:processed")) == processes.count("done").total() + failed
    for name in ("retry", "schedule", "dead", *(f"queue:{queue}" for queue in QUEUES)):
        assert not client.exists(name), name


def test_its_page_shows_the_same_on_the_other_side(sides: tuple[RedisServer, RedisServer], processes: Processes) -> None:
    old, new = sides
    processes.run("seed.rb", old)
    before = processes.run("page.rb", old)
    everything = Wishes(any_queue=True)
    assert once(Pair(old, new), everything, run=b"there").progress.left == ()
    assert processes.run("page.rb", new) == before
    # The names of its queues stay; nothing is in them.
    assert sum(client_of(old).llen(name) for name in (f"queue:{queue}" for queue in SEEDED)) == 0
    assert once(Pair(new, old), everything, run=b"back").progress.left == ()
    assert processes.run("page.rb", old) == before
    said = json.loads(before)
    assert {name: size for name, size, *_ in said["queues"]} == SEEDED
    assert [size for size, _ in said["sets"]] == [9, 12, 8]
    assert said["stats"][:2] == [1234, 56]


def test_a_queue_is_taken_when_a_new_worker_lists_it(sides: tuple[RedisServer, RedisServer], processes: Processes) -> None:
    old, new = sides
    producer = processes.start_producer(old, new, 0)

    def left() -> dict[bytes, int]:
        producer.more()
        handover = once(Pair(old, new))
        assert {one.why for one in handover.progress.left} <= {Why.NOT_LISTED, Why.OF_OTHER_QUEUES}
        return {name: client_of(old).llen(b"queue:" + name) for name in (b"default", b"low")}

    assert min(left().values()) > 0
    processes.start_worker(new, "new", "default")
    low = client_of(old).llen("queue:low")
    assert left() == {b"default": 0, b"low": low + 1}
    second = processes.start_worker(new, "new", "low")
    assert left() == {b"default": 0, b"low": 0}
    quiet(new, second)
    assert left() == {b"default": 0, b"low": 1}
