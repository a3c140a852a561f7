"""Names that were seen go by: after the first look no SCAN is sent, and all that a handover must find is found."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Clock, Pair, driven, identity, job, kill, worker
from tests.sidekiq.sides import connection_to, push
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.left import Why
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.wishes import Part, Wishes
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.remembered_names import RememberedNames


def scans(server: RedisServer) -> int:
    commands: Any = server.client.info("commandstats")
    return int(commands.get("cmdstat_scan", {}).get("calls", 0))


def test_after_the_start_private_queues_locks_and_batches_are_found_without_a_scan(pair: Pair) -> None:
    names, clock = RememberedNames(), Clock()
    client: Any = pair.source.client
    with pair.source.client.pipeline(transaction=False) as pipeline:
        for number in range(3_000):
            pipeline.set(f"vets-api-session:{number}", "v")
        pipeline.execute()
    worker(pair.target, 1, ["default"])
    worker(pair.source, 2, ["default"])
    handover = pair.handover(Wishes(until_empty=True), clock, names=names)
    driven(handover, clock, until=lambda: handover.progress.rounds > 0)
    at_the_start = scans(pair.source)
    assert at_the_start

    private = f"queue:sq|{identity(2)}|default"
    lock, locked = "unique:of-this-job", job(7, more=',"unique_for":60')
    client.lpush(private, job(1))
    client.set(lock, b"%024x" % 7, ex=600)
    push(pair.source, "default", locked)
    client.hset("b-abc", "pending", 0)
    client.zadd("batches", {"abc": 1.0})
    for name in (private, lock, "queue:default", "b-abc", "batches", "vets-api-session:1"):
        names.saw(name.encode())
    kill(pair.source, 2)
    client.srem("processes", identity(2))
    step = driven(handover, clock)
    assert step.ended is Ended.EMPTY, handover.progress.left
    assert set(pair.target.client.lrange("queue:default", 0, -1)) == {job(1), locked}
    assert pair.target.client.get(lock) == b"%024x" % 7
    assert pair.target.client.exists("b-abc")
    assert not client.exists(private, "b-abc")
    assert scans(pair.source) == at_the_start
    handover.close()


def test_names_that_are_gone_are_dropped_and_those_seen_again_stay(start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    client: Any = server.client
    names, connection = RememberedNames(), connection_to(server)
    for number in range(2_500):
        client.set(f"unique:{number}", "v")
    client.set("vets-api-session:1", "v")
    scanning = names.surveying(connection)
    while (first := scanning.step()) is None:
        pass
    assert (len(names), first.counts[KeyKind.LOCK]) == (2_500, 2_500)
    client.delete(*[f"unique:{number}" for number in range(2_000)])
    names.saw(b"queue:new")
    client.lpush("queue:new", "job")
    asking, steps = names.surveying(connection), 1
    names.saw(b"unique:0")
    while (second := asking.step()) is None:
        steps += 1
    assert steps == 3
    assert (len(second.of(KeyKind.LOCK)), second.of(KeyKind.QUEUE), len(names)) == (500, (b"queue:new",), 501)
    assert len(names.beginning_with(connection, b"unique:")) == 500
    client.set("unique:unseen", "v")
    names.scan_next()
    assert b"unique:unseen" in names.beginning_with(connection, b"unique:")
    scanning = names.surveying(connection)
    while scanning.step() is None:
        pass
    assert b"unique:unseen" in names.beginning_with(connection, b"unique:")
    assert names.problem is None
    connection.close()


def test_more_names_than_there_is_room_for_are_scanned_again(start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    client: Any = server.client
    names, connection = RememberedNames(most=10), connection_to(server)
    for number in range(20):
        client.set(f"unique:{number}", "v")
    for _ in range(2):
        scanning = names.surveying(connection)
        while (found := scanning.step()) is None:
            pass
        assert len(found.of(KeyKind.LOCK)) == len(names.beginning_with(connection, b"unique:")) == 20
        assert names.problem == "Sidekiq has more than 10 keys: they are looked for by a SCAN over all keys"
        assert len(names) == 0
    connection.close()


@pytest.mark.parametrize("side", ["source", "target"])
def test_another_runs_outbox_is_refused_as_with_a_scan(pair: Pair, side: str) -> None:
    getattr(pair, side).client.lpush("uplift:handover:other:out:1", job(1))
    there, here = RememberedNames(), RememberedNames()
    handover = pair.handover(names=here, names_on_target=there)
    with pytest.raises(HandoverRefused, match="other"):
        driven(handover)
    handover.close()


def test_what_is_left_is_said_as_with_a_scan(pair: Pair) -> None:
    worker(pair.source, 2, ["default"])
    pair.source.client.lpush(f"queue:sq|{identity(2)}|default", job(1))
    handover = pair.handover(names=RememberedNames())
    driven(handover)
    assert [(left.part, left.why) for left in handover.progress.left] == [(Part.PRIVATE, Why.OWNER_LIVES)]
    handover.close()
