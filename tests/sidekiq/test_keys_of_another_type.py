"""Keys that are not what Sidekiq would make them: no job is popped that may not be pushed, and the others go on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sidekiq.handover_pair import Clock, Pair, driven, identity, job, kill, once, worker
from tests.sidekiq.sides import push
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.left import Why
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.wishes import Part, Wishes

ANY = Wishes(any_queue=True)
UNTIL_EMPTY = Wishes(any_queue=True, until_empty=True)


def lefts(handover: Any) -> set[tuple[Part, Why]]:
    return {(left.part, left.why) for left in handover.progress.left}


def test_jobs_of_a_dead_owner_stay_where_their_queue_cannot_take_them(pair: Pair) -> None:
    clock = Clock()
    worker(pair.source, 2, ["default"])
    kill(pair.source, 2)
    private = f"queue:sq|{identity(2)}|default"
    pair.source.client.lpush(private, job(1), job(2), job(3))
    pair.source.client.set("queue:default", "no list")
    handover = pair.handover(UNTIL_EMPTY, clock)
    driven(handover, clock, until=lambda: clock.now > 1_200)
    handover.close()
    assert pair.source.client.llen(private) == 3


def test_jobs_that_are_held_back_stay_where_their_set_cannot_take_them(pair: Pair) -> None:
    for side, score in ((pair.source, 1.0), (pair.target, 2.0)):
        side.client.zadd("retry", {job(number): score for number in range(3)})
    once(pair, ANY)
    pair.target.client.delete("retry")
    pair.target.client.set("retry", "no set")
    for _ in range(3):
        once(pair, ANY)
    pair.target.client.delete("retry")
    once(pair, ANY)
    assert pair.target.client.zrange("retry", 0, -1) == [job(number) for number in range(3)]


def test_a_job_given_back_is_found_where_nobody_named_its_queue(pair: Pair) -> None:
    clock = Clock()
    worker(pair.source, 2, ["ghost"])
    worker(pair.target, 1, ["ghost"])
    kill(pair.source, 2)
    pair.source.client.lpush(f"queue:sq|{identity(2)}|ghost", job(1, "ghost"))
    handover = pair.handover(Wishes(until_empty=True), clock)
    assert driven(handover, clock).ended is Ended.EMPTY
    handover.close()
    assert pair.target.client.lrange("queue:ghost", 0, -1) == [job(1, "ghost")]


def test_what_the_new_side_cannot_take_is_left_and_everything_else_goes(pair: Pair) -> None:
    for queue in ("default", "low"):
        push(pair.source, queue, job(1, queue))
    pair.source.client.zadd("retry", {job(2): 1})
    pair.source.client.zadd("dead", {job(3): 1})
    pair.source.client.set("stat:processed", 5)
    pair.source.client.set("stat:failed", 6)
    for key in ("queue:low", "retry", "stat:failed"):
        pair.target.client.hset(key, "no", "such type")
    done = once(pair, ANY)
    assert lefts(done) == {(Part.QUEUES, Why.NO_PLACE), (Part.RETRY, Why.NO_PLACE), (Part.STATISTICS, Why.NO_PLACE)}
    assert (pair.target.client.llen("queue:default"), pair.target.client.zcard("dead")) == (1, 1)
    assert pair.target.client.get("stat:processed") == b"5"
    assert pair.source.client.keys("uplift:handover:*out*") == []


def test_a_counter_that_is_too_big_there_is_left(pair: Pair) -> None:
    pair.source.client.set("stat:processed", 5)
    pair.target.client.set("stat:processed", 10**16)
    assert lefts(once(pair, ANY)) == {(Part.STATISTICS, Why.NO_PLACE)}
    assert pair.source.client.get("stat:processed") == b"5"


@pytest.mark.parametrize("key", ["queues", "processes", "paused"])
def test_a_list_of_names_of_another_type_ends_it_in_one_line(pair: Pair, key: str) -> None:
    pair.source.client.set(key, "no set")
    handover = pair.handover(ANY)
    with pytest.raises(HandoverRefused, match="of another type"):
        driven(handover)
    handover.close()


def test_locks_of_another_type_stop_no_job(pair: Pair) -> None:
    push(pair.source, "default", b'{"queue":"default","jid":"1","unique_for":60}')
    pair.source.client.set("unique:d", "1", ex=60)
    pair.target.client.lpush("unique:d", "no string")
    once(pair, ANY)
    assert pair.target.client.llen("queue:default") == 1


def test_lists_of_batches_of_another_type_leave_the_batch_whole(pair: Pair) -> None:
    pair.source.client.hset("b-aBcdEfgHijKlMn", "pending", 1)
    pair.target.client.set("batches", "no set")
    assert lefts(once(pair, ANY)) == {(Part.BATCHES, Why.BATCH_THERE)}
    assert (pair.source.client.keys("b-*"), pair.target.client.keys("b-*")) == ([b"b-aBcdEfgHijKlMn"], [])
