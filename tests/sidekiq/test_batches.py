"""Batches move whole, once nobody is left on the old side, and their jobs behind them. Their form is reconstructed: Pro was not run."""

from __future__ import annotations

from typing import Any

from tests.keyspace.everything import snapshot
from tests.sidekiq.handover_pair import Clock, Pair, driven, job, kill, once, worker
from tests.sidekiq.sides import push
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.left import Why
from uplift.sidekiq.handover.wishes import Part, Wishes
from uplift.sidekiq.keys.batches import keys_by_batch

BIDS = ("aB-cdEfgHijKlM", "0123456789_-ab")
ANY = Wishes(any_queue=True)


def open_batch(client: Any, bid: str, jids: int = 3) -> None:
    client.zadd("batches", {bid: 1_700_000_000.5})
    for field, value in {"pending": jids, "total": jids, "description": "Form526"}.items():
        client.hset(f"b-{bid}", field, value)
    client.expire(f"b-{bid}", 2_592_000)
    client.sadd(f"b-{bid}-jids", *[f"{number:024x}" for number in range(jids)])
    client.hset(f"b-{bid}-failinfo", "x", "y" * 300)
    client.rpush(f"b-{bid}-success", "Callback")


def batch_keys(pair: Pair, side: str) -> dict[bytes, object]:
    found = snapshot(getattr(pair, side).client)
    return {key: seen[:2] for key, seen in found.items() if key.startswith((b"b-", b"batches"))}


def test_keys_of_a_batch_are_told_apart_by_its_id_and_its_parts() -> None:
    keys = tuple(f"b-{bid}{part}".encode() for bid in BIDS for part in ("", "-jids", "-failinfo", "-success"))
    assert {name.decode(): len(found) for name, found in keys_by_batch(keys).items()} == dict.fromkeys((f"b-{bid}" for bid in BIDS), 4)


def test_they_stay_as_long_as_somebody_lives_there_and_then_move_whole_with_their_jobs(pair: Pair) -> None:
    clock = Clock()
    for bid in BIDS:
        open_batch(pair.source.client, bid)
    of_batch = [job(number, more=f',"bid":"{BIDS[0]}"') for number in range(3)]
    push(pair.source, "default", *of_batch, job(9))
    pair.source.client.zadd("retry", {job(7, more=f',"bid":"{BIDS[1]}"'): 5})
    before = batch_keys(pair, "source")
    worker(pair.source, 1, ["default"])
    handover = pair.handover(Wishes(any_queue=True, until_empty=True), clock)
    driven(handover, clock, until=lambda: handover.progress.rounds >= 3)
    assert (Part.BATCHES, 2, Why.BATCH_IN_USE) in {(left.part, left.jobs, left.why) for left in handover.progress.left}
    assert (batch_keys(pair, "target"), pair.source.client.llen("queue:default")) == ({}, 3)
    kill(pair.source, 1)
    killed_at = clock.now
    assert driven(handover, clock).ended is Ended.EMPTY
    assert clock.now - killed_at >= 60
    handover.close()
    assert batch_keys(pair, "target") == before
    assert batch_keys(pair, "source") == {}
    assert 2_591_000 < pair.target.client.ttl(f"b-{BIDS[0]}") <= 2_592_000
    assert pair.target.client.lrange("queue:default", 0, -1)[::-1] == [job(9), *of_batch]
    assert pair.target.client.zcard("retry") == 1
    assert handover.progress.batches == 2


def test_killed_at_every_point_each_batch_is_whole_on_one_side(pair: Pair) -> None:
    class Killed(BaseException):
        pass

    for at in range(12):
        pair.source.client.flushall()
        pair.target.client.flushall()
        open_batch(pair.source.client, BIDS[0])
        before, points = batch_keys(pair, "source"), 0

        def dies(_name: str, at: int = at) -> None:
            nonlocal points
            points += 1
            if points == at + 1:
                raise Killed

        handover = pair.handover(ANY, stop_point=dies)
        try:
            driven(handover, Clock())
        except Killed:
            handover.close()
        once(pair, ANY)
        assert batch_keys(pair, "target") == before, at
        assert batch_keys(pair, "source") == {}


def test_a_batch_of_the_same_id_on_the_other_side_is_never_overwritten(pair: Pair) -> None:
    open_batch(pair.source.client, BIDS[0])
    pair.target.client.hset(f"b-{BIDS[0]}", "pending", 1)
    push(pair.source, "default", job(1))
    done = once(pair, ANY)
    assert [(left.part, left.jobs, left.why) for left in done.progress.left] == [(Part.BATCHES, 1, Why.BATCH_THERE)]
    assert pair.target.client.lrange("queue:default", 0, -1) == [job(1)]
    assert pair.target.client.hgetall(f"b-{BIDS[0]}") == {b"pending": b"1"}
    assert pair.source.client.exists(f"b-{BIDS[0]}")
