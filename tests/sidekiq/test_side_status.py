"""A side as it is read from a real server: sets, queues, private queues, batches, schedulers, statistics; and payloads of any bytes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.sides import KILLED, LIVE, SECRET, connection_to, heartbeat, push_secret, secret_job
from uplift.sidekiq.keys.batches import keys_by_batch, open_batches
from uplift.sidekiq.keys.job_payload import NO_CLASS, JobPayload, read_payload
from uplift.sidekiq.keys.survey import survey
from uplift.sidekiq.status.scheduler_status import Habit, Scheduler, gated_until, read_scheduler_status
from uplift.sidekiq.status.side_status import SideStatus, read_side_status
from uplift.sidekiq.status.sorted_sets import ClassOfJobs, SortedSet, read_sorted_set
from uplift.sidekiq.status.statistics import Statistics

WRAPPER = "ActiveJob::QueueAdapters::SidekiqAdapter::JobWrapper"


def status_of(server: RedisServer) -> SideStatus:
    connection = connection_to(server)
    return read_side_status(connection, survey(connection))


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        (b"", JobPayload()),
        (b"\xff\x00", JobPayload()),
        (b"[]", JobPayload()),
        (b"[" * 100_000, JobPayload()),
        (b'{"class": 5, "queue": [], "enqueued_at": "now"}', JobPayload()),
        (b'{"class": "123-45-6789"}', JobPayload()),
        (b'{"class": "\\ud800", "queue": "\\ud800"}', JobPayload()),
        (b'{"class": "A::B", "queue": "a|\xff"}', JobPayload("A::B", b"a|\xff")),
        (b'{"class": "A", "enqueued_at": 1587340800.5}', JobPayload("A", since=1587340800.5)),
        (b'{"class": "A", "created_at": 1587340800.5}', JobPayload("A", since=1587340800.5)),
        # Sidekiq 8.
        (b'{"class": "A", "enqueued_at": 1587340800500}', JobPayload("A", since=1587340800.5)),
        (b'{"class": "A", "enqueued_at": NaN, "bid": "x"}', JobPayload("A", is_of_batch=True)),
        (b'{"class": "A", "enqueued_at": true}', JobPayload("A")),
        (b'{"class": "A", "enqueued_at": 1e999}', JobPayload("A")),
        (json.dumps({"class": WRAPPER, "wrapped": "MailJob", "args": [{"job_class": "Other"}]}).encode(), JobPayload("MailJob")),
        (json.dumps({"class": WRAPPER, "args": [{"job_class": "MailJob"}]}).encode(), JobPayload("MailJob")),
        (json.dumps({"class": WRAPPER, "args": [{"job_class": SECRET}]}).encode(), JobPayload(WRAPPER)),
        (json.dumps({"class": "Mine", "args": [{"job_class": "Other"}]}).encode(), JobPayload("Mine")),
    ],
)
def test_a_payload(payload: bytes, read: JobPayload) -> None:
    assert read_payload(payload) == read


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_a_sorted_set(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    connection = connection_to(server)
    assert read_sorted_set(connection, b"retry") == SortedSet(b"retry", 0)
    for number in range(230):
        client.zadd("retry", {secret_job(number, "A" if number % 3 else "B::C", "low"): 1_000 + number})
    client.zadd("retry", {b"\xff\x00": 5.5, secret_job(999): "inf"})
    found = read_sorted_set(connection, b"retry")
    assert (found.jobs, found.first, found.last, found.looked_at, found.is_whole) == (232, 5.5, None, 232, True)
    assert found.by_class == (
        ClassOfJobs("A", 153, 1229.0),
        ClassOfJobs("B::C", 77, 1228.0),
        ClassOfJobs(NO_CLASS, 1, 5.5),
        ClassOfJobs("EVSS::Job", 1, None),
    )
    assert found.by_queue == ((b"low", 230), (b"", 1), (b"default", 1))
    told: list[int] = []
    some = read_sorted_set(connection, b"retry", told.append, most_read=100)
    assert (some.jobs, some.looked_at, some.is_whole, told) == (232, 100, False, [100])
    client.set("dead", "no set")
    assert read_sorted_set(connection, b"dead") == SortedSet(b"dead", None)


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_a_whole_side(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    heartbeat(server, LIVE, "default")
    client.sadd("processes", KILLED)
    push_secret(server, 1, enqueued_at=time.time() - 90)
    push_secret(server, 2)
    client.sadd("paused", "default")
    client.lpush(f"queue:sq|{LIVE}|default", secret_job(3))
    client.lpush(f"queue:sq|{KILLED}|default", secret_job(4), secret_job(5))
    client.lpush("queue:default_host_0", secret_job(6))
    client.hset("b-abc", "pending", 3)
    client.sadd("b-abc-jids", "x")
    client.set("unique:1", "x")
    client.set("stat:processed", 12)
    client.set("stat:failed", "many")
    client.set("stat:processed:2020-04-20", 5)
    client.set("stat:failed:2020-04-21", 5)
    client.set("dear-leader", LIVE)
    client.set(f"jobs:{SECRET}", "x")
    found = status_of(server)
    assert (found.server.version, found.public_jobs, len(found.live), found.leader) == (version, 2, 1, LIVE.encode())
    queue = found.queues[0]
    assert (queue.name, queue.jobs, queue.is_paused) == (b"default", 2, True)
    assert queue.oldest_seconds == pytest.approx(90, abs=30)
    private = {one.private.key: (one.private.queue, one.jobs, one.owner_lives) for one in found.private_queues}
    assert private == {
        f"queue:sq|{LIVE}|default".encode(): (b"default", 1, True),
        f"queue:sq|{KILLED}|default".encode(): (b"default", 2, False),
        b"queue:default_host_0": (b"default", 1, None),
    }
    assert (found.open_batches, found.schedulers) == (1, ())
    assert found.statistics == Statistics(12, None, 2, "2020-04-20")
    assert found.unknown == (("<word>:<text>", 1),)
    assert SECRET not in repr(found)
    assert abs(found.at - time.time()) < 60


def test_an_empty_side(start_redis: StartRedis) -> None:
    found = status_of(start_redis("5.0.6"))
    assert (found.queues, found.private_queues, found.open_batches, found.schedulers, found.leader) == ((), (), 0, (), None)
    assert found.statistics == Statistics(0, 0, 0, None)


def test_batches(start_redis: StartRedis) -> None:
    keys = [b"b-Ab-_9", b"b-Ab-_9-jids", b"b-Ab-_9-failinfo", b"b-x-notify", b"b-done", b"b-odd", b"batches", b"b-jids-jids"]
    assert tuple(keys_by_batch(keys)) == (b"b-Ab-_9", b"b-done", b"b-jids", b"b-odd", b"b-x")
    server = start_redis("3.2.6")
    client: Any = server.client
    client.hset("b-done", "pending", 0)
    client.set("b-odd", "no hash")
    assert open_batches(connection_to(server), keys) == 4
    assert open_batches(connection_to(server), []) == 0


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_schedulers(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    now = time.time()
    for name in ("a", "b"):
        client.hset("schedules", name, json.dumps({"class": "A", "args": [SECRET]}))
        client.hset("sidekiq-scheduler:next_times", name, "2026-12-01 04:30:00 -0500")
    client.hset("sidekiq-scheduler:states", "a", '{"enabled": false}')
    client.hset("sidekiq-scheduler:states", "gone", '{"enabled":false}')
    client.zadd("sidekiq-scheduler:pushed:a", {"1587340800": 1587340800})
    for name, status in (("x", "enabled"), ("y:enqueued:z", "disabled")):
        client.sadd("cron_jobs:default", f"cron_job:default:{name}")
        client.hset(f"cron_job:default:{name}", "status", status)
    client.zadd("cron_job:default:x:enqueued", {"2026-01-01T00:00:00Z": now + 3_600})
    client.lpush("cron_job:default:x:jid_history", "{}")
    client.zadd("periodic", {"x": 1})
    connection = connection_to(server)
    scheduler, cron, periodic = read_scheduler_status(connection, survey(connection))
    assert (scheduler.gem, scheduler.jobs, scheduler.off, scheduler.is_on) == (Scheduler.SIDEKIQ_SCHEDULER, 2, 1, True)
    assert (scheduler.last_mark, scheduler.habit) == (1587340800.0, Habit.NOMINAL)
    assert scheduler.next_times == (("a", "2026-12-01 04:30:00 -0500"), ("b", "2026-12-01 04:30:00 -0500"))
    assert (cron.gem, cron.jobs, cron.off) == (Scheduler.SIDEKIQ_CRON_2, 2, 1)
    assert periodic.gem is Scheduler.PERIODIC
    assert gated_until((scheduler, cron), now) == pytest.approx(now + 3_600)
    assert gated_until((scheduler, periodic), now) is None
    client.zadd("sidekiq-scheduler:pushed:b", {"1587340801": 1587340801})
    client.delete("cron_jobs:default")
    scheduler, cron, _ = read_scheduler_status(connection, survey(connection))
    assert (scheduler.habit, cron.gem) == (Habit.NOTICED, Scheduler.SIDEKIQ_CRON)
