"""The rehearsal's own Sidekiq: batches, a fetch that quiet overtakes, and a hard shutdown, alone and beside a handover."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from rehearsal.app import workers
from rehearsal.app.batches import Batch, Batches, succeeded
from rehearsal.app.client import AppRedis
from rehearsal.app.journal import Journal
from rehearsal.app.shapes import QUEUES
from rehearsal.app.workers import Worker
from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Pair, once
from uplift.sidekiq.handover.wishes import Wishes

QUEUE = QUEUES[0]
_PATIENCE_SECONDS = 60.0


pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _short_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_FETCH_SECONDS", 1)


@pytest.fixture(params=["3.2.6", "5.0.6"])
def server(request: pytest.FixtureRequest, start_redis: StartRedis) -> RedisServer:
    return start_redis(request.param)


@pytest.fixture
def journal() -> Journal:
    return Journal()


def connected(server: RedisServer, journal: Journal) -> AppRedis:
    return AppRedis("127.0.0.1", server.port, journal)


def queued(server: RedisServer, queue: str = QUEUE) -> list[dict[str, Any]]:
    client: Any = server.client
    return [json.loads(job) for job in client.lrange(f"queue:{queue}", 0, -1)]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)


def started(worker: Worker) -> Thread:
    thread = Thread(target=worker.run, args=(Event(),), daemon=True)
    thread.start()
    return thread


def ended(thread: Thread) -> None:
    thread.join(_PATIENCE_SECONDS)
    assert not thread.is_alive()


def worked_off(server: RedisServer, journal: Journal, is_enough: Callable[[], bool], *, super_fetch: bool = False) -> None:
    some = [Worker(connected(server, journal), journal, seed, super_fetch=super_fetch, failing_share=0) for seed in (1, 2)]
    threads = [started(worker) for worker in some]
    wait_until(is_enough, "the last job")
    for worker, thread in zip(some, threads, strict=True):
        worker.quiet()
        ended(thread)


def is_open(server: RedisServer, batch: Batch) -> bool:
    client: Any = server.client
    return client.zscore("batches", batch.bid) is not None


@pytest.mark.parametrize("super_fetch", [False, True], ids=["basic fetch", "super_fetch"])
def test_the_callback_of_a_batch_comes_once_behind_its_last_job(server: RedisServer, journal: Journal, super_fetch: bool) -> None:
    batch = Batches(connected(server, journal), journal, 7).open(30)
    assert is_open(server, batch)
    assert {job["bid"] for job in queued(server)} == {batch.bid}
    worked_off(server, journal, lambda: batch.callback in journal.finished, super_fetch=super_fetch)
    assert sorted(journal.finished) == sorted([*batch.jids, batch.callback])
    assert journal.finished[-1] == batch.callback
    assert not is_open(server, batch)


def test_a_job_that_succeeds_twice_counts_once(server: RedisServer, journal: Journal) -> None:
    redis = connected(server, journal)
    batch = Batches(redis, journal, 7).open(2)
    first, last = batch.jids
    assert [succeeded(redis, batch.bid, jid, QUEUE) for jid in (first, first, last, last)] == [0, 0, 1, 0]
    assert [job["jid"] for job in queued(server)].count(batch.callback) == 1


def test_what_a_fetch_brings_after_quiet_is_pushed_back(server: RedisServer, journal: Journal) -> None:
    client: Any = server.client
    worker = Worker(connected(server, journal), journal, 1, super_fetch=False)
    thread = started(worker)
    while True:
        # BRPOP ends every second: whether it is under way when quiet comes is seen afterwards.
        wait_until(lambda: any("b" in one["flags"] for one in client.client_list()), "a fetch")
        worker.quiet()
        client.lpush(f"queue:{QUEUE}", '{"jid":"1","queue":"default"}')
        ended(thread)
        pushed_back = client.info("commandstats").get("cmdstat_rpush", {"calls": 0})["calls"]
        assert (queued(server), journal.received) == ([{"jid": "1", "queue": "default"}], [])
        if pushed_back:
            break
        client.flushall()
        worker = Worker(connected(server, journal), journal, 1, super_fetch=False)
        thread = started(worker)


class Watched(AppRedis):
    """Notes whether the thread was killed already when something was pushed back."""

    worker: Worker
    killed_before_push: bool | None = None

    def call(self, *command: Any) -> Any:
        if command[0] == "RPUSH":
            self.killed_before_push = self.worker.is_killed
        return super().call(*command)


def test_a_hard_shutdown_pushes_back_before_it_kills(server: RedisServer, journal: Journal) -> None:
    client: Any = server.client
    client.lpush(f"queue:{QUEUE}", '{"jid":"1","queue":"default"}')
    worker = Worker(connected(server, journal), journal, 1, super_fetch=False, work_seconds=_PATIENCE_SECONDS)
    thread = started(worker)
    wait_until(lambda: worker.job is not None, "a job in work")
    assert client.scard("processes") == 1
    other = Watched("127.0.0.1", server.port, journal)
    other.worker = worker
    worker.shutdown(other, 0)
    ended(thread)
    assert other.killed_before_push is False
    assert (queued(server), journal.received, journal.finished) == ([{"jid": "1", "queue": "default"}], ["1"], [])
    assert client.scard("processes") == 0
    worked_off(server, journal, lambda: "1" in journal.finished)
    assert journal.finished == ["1"]


class Few(Worker):
    """Goes quiet with its fifth job."""

    def _receive(self, payload: bytes) -> None:
        super()._receive(payload)
        if len(self._journal.received) == 5:
            self.quiet()


def test_a_batch_half_done_is_ended_on_the_other_side_with_one_callback(start_redis: StartRedis, journal: Journal) -> None:
    old, new = start_redis("3.2.6"), start_redis("5.0.6")
    batch = Batches(connected(old, journal), journal, 7).open(20)
    worker = Few(connected(old, journal), journal, 3, super_fetch=False, failing_share=0)
    ended(started(worker))
    worker.shutdown(connected(old, journal), _PATIENCE_SECONDS)
    assert len(journal.finished) == 5
    for _ in range(2):
        # The batch in the first round, its jobs in the next.
        once(Pair(old, new), Wishes(any_queue=True))
    assert (is_open(old, batch), is_open(new, batch), len(queued(old))) == (False, True, 0)
    worked_off(new, journal, lambda: batch.callback in journal.finished)
    assert sorted(journal.finished) == sorted([*batch.jids, batch.callback])
