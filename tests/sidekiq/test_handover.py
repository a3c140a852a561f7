"""A handover on real servers: which jobs it takes, what it leaves and why, and when the old side is done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sidekiq.handover_pair import Clock, Pair, driven, identity, job, kill, once, worker
from tests.sidekiq.sides import push
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.left import Why
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.wishes import Part, Wishes


def jobs(pair: Pair, side: str, queue: str = "default") -> list[bytes]:
    client: Any = getattr(pair, side).client
    found: list[bytes] = client.lrange(f"queue:{queue}", 0, -1)
    return found


def test_queues_that_somebody_works_on_are_taken_and_others_named(pair: Pair) -> None:
    worker(pair.target, 1, ["default", "low"])
    worker(pair.target, 2, ["quiet"], quiet=True)
    for queue in ("default", "low", "quiet", "nobody's"):
        push(pair.source, queue, *[job(number, queue) for number in range(12)])
    done = once(pair)
    assert [len(jobs(pair, "target", queue)) for queue in ("default", "low", "quiet", "nobody's")] == [12, 12, 0, 0]
    assert {(left.name, left.jobs, left.why) for left in done.progress.left} == {
        (b"quiet", 12, Why.NOT_LISTED),
        (b"nobody's", 12, Why.NOT_LISTED),
    }
    assert done.progress.jobs == 24


def test_any_queue_takes_all_and_queue_names_take_those(pair: Pair) -> None:
    for queue in ("default", "low"):
        push(pair.source, queue, job(1, queue))
        pair.source.client.zadd("retry", {job(2, queue): 5.0})
    some = once(pair, Wishes(queues=frozenset({b"low"}), any_queue=True))
    assert (jobs(pair, "target", "low"), jobs(pair, "target")) == ([job(1, "low")], [])
    assert pair.target.client.zrange("retry", 0, -1) == [job(2, "low")]
    assert {(left.part, left.why) for left in some.progress.left} == {(Part.QUEUES, Why.NOT_WANTED), (Part.RETRY, Why.OF_OTHER_QUEUES)}
    once(pair, Wishes(any_queue=True))
    assert (jobs(pair, "target"), pair.source.client.zcard("retry")) == ([job(1)], 0)


def test_jobs_of_sorted_sets_go_by_the_queue_in_their_bytes(pair: Pair) -> None:
    worker(pair.target, 1, ["default"])
    for at in range(60):
        pair.source.client.zadd("schedule", {job(at, "default" if at % 3 else "elsewhere"): at})
    done = once(pair)
    assert (pair.target.client.zcard("schedule"), pair.source.client.zcard("schedule")) == (40, 20)
    assert [(left.part, left.jobs, left.why) for left in done.progress.left] == [(Part.SCHEDULE, 20, Why.OF_OTHER_QUEUES)]


def test_only_some_parts(pair: Pair) -> None:
    push(pair.source, "default", job(1))
    pair.source.client.zadd("retry", {job(2): 1})
    pair.source.client.zadd("dead", {job(3): 1})
    pair.source.client.set("stat:processed", 7)
    once(pair, Wishes(parts=frozenset({Part.RETRY}), any_queue=True))
    assert pair.target.client.keys("[^u]*") == [b"retry"]


def test_statistics_are_added_and_keep_their_life(pair: Pair) -> None:
    source, target = pair.source.client, pair.target.client
    source.set("stat:processed", 70)
    target.set("stat:processed", 5)
    source.set("stat:processed:2026-12-01", 3, ex=5_000)
    source.set("stat:failed", "no number")
    done = once(pair)
    assert target.get("stat:processed") == b"75"
    assert 4_900 < target.ttl("stat:processed:2026-12-01") <= 5_000
    assert done.progress.statistics == {b"stat:processed": 70, b"stat:processed:2026-12-01": 3}
    assert [(left.name, left.why) for left in done.progress.left] == [(b"stat:failed", Why.NO_NUMBER)]
    source.incrby("stat:processed", 2)
    once(pair)
    assert target.get("stat:processed") == b"77"


def test_paused_queues_are_paused_once(pair: Pair) -> None:
    pair.source.client.sadd("paused", "low")
    once(pair)
    assert pair.target.client.smembers("paused") == {b"low"}
    pair.target.client.srem("paused", "low")
    once(pair)
    assert pair.target.client.smembers("paused") == set()


def test_what_a_dead_owner_holds_is_given_back_after_a_minute_and_taken(pair: Pair) -> None:
    clock = Clock()
    worker(pair.target, 1, ["default"])
    for number in (2, 3):
        worker(pair.source, number, ["default"])
        pair.source.client.lpush(f"queue:sq|{identity(number)}|default", job(number))
    kill(pair.source, 2)
    handover = pair.handover(Wishes(until_empty=True), clock)
    driven(handover, clock, until=lambda: handover.progress.rounds >= 3)
    assert {left.why for left in handover.progress.left} == {Why.OWNER_LIVES, Why.OWNER_UNSURE}
    assert jobs(pair, "target") == []
    clock.now += 61
    driven(handover, clock, until=lambda: jobs(pair, "target") == [job(2)])
    assert handover.progress.given_back == 1
    assert pair.source.client.lrange(f"queue:sq|{identity(3)}|default", 0, -1) == [job(3)]
    handover.close()


def test_an_owner_that_comes_back_within_the_minute_keeps_its_jobs(pair: Pair) -> None:
    clock = Clock()
    worker(pair.source, 2, ["default"])
    pair.source.client.lpush(f"queue:sq|{identity(2)}|default", job(2))
    kill(pair.source, 2)
    handover = pair.handover(Wishes(until_empty=True, any_queue=True), clock)
    driven(handover, clock, until=lambda: handover.progress.rounds >= 2)
    clock.now += 50
    worker(pair.source, 2, ["default"])
    driven(handover, clock, until=lambda: handover.progress.rounds >= 4)
    kill(pair.source, 2)
    clock.now += 50
    driven(handover, clock, until=lambda: handover.progress.rounds >= 6)
    assert handover.progress.given_back == 0
    handover.close()


def test_it_ends_once_the_old_side_is_empty_ownerless_and_stable(pair: Pair) -> None:
    clock = Clock()
    worker(pair.source, 2, ["default"])
    push(pair.source, "default", job(1))
    handover = pair.handover(Wishes(until_empty=True, any_queue=True), clock)
    began = clock.now
    driven(handover, clock, until=lambda: clock.now > began + 200)
    assert handover.remaining is not None
    assert (handover.remaining.alive, handover.remaining.queued) == (1, 0)
    # A process that stops pushes back what it did not finish, and then its heartbeat goes.
    push(pair.source, "default", job(9))
    kill(pair.source, 2)
    left_at = clock.now
    assert driven(handover, clock).ended is Ended.EMPTY
    assert clock.now - left_at >= 65
    assert sorted(jobs(pair, "target")) == sorted([job(1), job(9)])
    handover.close()


def test_a_job_that_comes_late_begins_the_minute_anew(pair: Pair) -> None:
    clock = Clock()
    handover = pair.handover(Wishes(until_empty=True, any_queue=True), clock)
    driven(handover, clock, until=lambda: clock.now > 1_050)
    push(pair.source, "default", job(1))
    pushed_at = clock.now
    assert driven(handover, clock).ended is Ended.EMPTY
    assert clock.now - pushed_at >= 65
    handover.close()


def test_a_twin_is_held_until_the_other_one_ran(pair: Pair) -> None:
    for server, score in ((pair.source, 5.0), (pair.target, 7.0)):
        server.client.zadd("retry", {job(1): score})
    done = once(pair, Wishes(any_queue=True))
    assert [(left.part, left.jobs, left.why) for left in done.progress.left] == [(Part.RETRY, 1, Why.HELD)]
    pair.target.client.zrem("retry", job(1))
    assert once(pair, Wishes(any_queue=True)).progress.left == ()
    assert pair.target.client.zrange("retry", 0, -1, withscores=True) == [(job(1), 5.0)]


def test_jobs_of_batches_stay_and_are_named(pair: Pair) -> None:
    batch = job(2, more=',"bid":"x"')
    worker(pair.source, 1, ["default"])
    push(pair.source, "default", job(1), batch, job(3))
    pair.source.client.zadd("schedule", {batch: 1, job(4): 2})
    done = once(pair, Wishes(any_queue=True))
    assert (jobs(pair, "source"), pair.source.client.zrange("schedule", 0, -1)) == ([batch], [batch])
    assert {(left.part, left.jobs, left.why) for left in done.progress.left} == {
        (Part.QUEUES, 1, Why.OF_BATCHES),
        (Part.SCHEDULE, 1, Why.OF_BATCHES),
    }


@pytest.mark.parametrize(
    ("key", "said"),
    [("uniquejobs:abc", "sidekiq-unique-jobs"), ("working:queue:default:host:1", "GitLab"), ("sidekiq:somebody", "sidekiq:*")],
)
def test_what_it_does_not_understand_stops_it_before_anything_is_taken(pair: Pair, key: str, said: str) -> None:
    push(pair.source, "default", job(1))
    pair.source.client.set(key, "1")
    handover = pair.handover(Wishes(any_queue=True))
    with pytest.raises(HandoverRefused, match=said.replace("*", r"\*")):
        driven(handover)
    handover.close()
    assert jobs(pair, "source") == [job(1)]


def test_a_queue_that_is_written_all_the_time_does_not_keep_the_others_waiting(pair: Pair) -> None:
    push(pair.source, "a", job(0, "a"))
    push(pair.source, "b", job(1, "b"))
    handover = pair.handover(Wishes(any_queue=True))
    for number in range(200):
        push(pair.source, "a", job(number + 2, "a"))
        if handover.step().ended:
            break
    handover.close()
    assert jobs(pair, "target", "b") == [job(1, "b")]


def test_no_more_than_so_many_a_second(pair: Pair) -> None:
    clock = Clock()
    push(pair.source, "default", *[job(number) for number in range(200)])
    handover = pair.handover(Wishes(any_queue=True, most_jobs_a_second=10.0), clock)
    began = clock.now
    assert driven(handover, clock).ended is Ended.ROUND
    assert 15 < clock.now - began < 30
    handover.close()


def test_a_server_that_goes_away_is_waited_for(pair: Pair) -> None:
    push(pair.source, "default", *[job(number) for number in range(50)])
    handover = pair.handover(Wishes(any_queue=True))
    for _ in range(8):
        handover.step()
    for server in (pair.source, pair.target):
        for client in server.client.client_list():
            if client["cmd"] != "client":
                server.client.client_kill(client["addr"])
    assert driven(handover, Clock()).ended is Ended.ROUND
    handover.close()
    assert sorted(jobs(pair, "target")) == sorted(job(number) for number in range(50))
