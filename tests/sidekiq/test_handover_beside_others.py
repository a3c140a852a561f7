"""A handover beside other runs, refusing servers, and servers that forget: nothing more is taken than is brought over, and it says so."""

from __future__ import annotations

import pytest

from tests.keyspace.everything import endpoint
from tests.sidekiq.handover_pair import Clock, Pair, driven, identity, job, once, worker
from tests.sidekiq.sides import push
from uplift.keyspace.server.connection import Connection
from uplift.sidekiq.handover.ending import end_run
from uplift.sidekiq.handover.forgotten import read_forgotten
from uplift.sidekiq.handover.handover import Ended, Handover
from uplift.sidekiq.handover.proof import read_proof
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.run.own_names import OwnNames

ANY = Wishes(any_queue=True)
UNTIL_EMPTY = Wishes(any_queue=True, until_empty=True)


def outboxes(pair: Pair) -> int:
    return sum(pair.source.client.llen(key) for key in pair.source.client.keys("uplift:handover:*:out:*"))


def left_in_outboxes(pair: Pair, run: bytes = b"test") -> None:
    push(pair.source, "default", *[job(number) for number in range(40)])
    handover = pair.handover(ANY, run=run)
    while not outboxes(pair):
        handover.step()
    handover.close()


def test_a_private_queue_that_is_listed_as_public_stays_with_its_owner(pair: Pair) -> None:
    worker(pair.source, 2, ["default"])
    name = f"sq|{identity(2)}|default"
    push(pair.source, name, job(1))
    once(pair, ANY)
    assert pair.source.client.llen(f"queue:{name}") == 1


def test_a_second_run_from_the_same_server_is_refused(pair: Pair) -> None:
    push(pair.source, "default", *[job(number) for number in range(40)])
    first = pair.handover(ANY, run=b"first")
    first.step()
    first.step()
    second = pair.handover(ANY, run=b"second")
    with pytest.raises(HandoverRefused, match="run first"):
        driven(second)
    first.close()
    second.close()


@pytest.mark.parametrize("run", [b"back", b"test"])
def test_the_way_back_waits_for_what_is_on_its_way_and_its_end_leaves_the_other_ledger(pair: Pair, run: bytes) -> None:
    left_in_outboxes(pair)
    back = Pair(pair.target, pair.source)
    if run != b"test":
        handover = back.handover(ANY, run=run)
        with pytest.raises(HandoverRefused, match="run test left 2 lists of jobs on the target"):
            driven(handover)
        handover.close()
        return
    once(back, ANY, run=run)
    connections = (connection(back, "source"), connection(back, "target"))
    end_run(*connections, OwnNames(run))
    once(pair, ANY)
    assert pair.target.client.llen("queue:default") + pair.source.client.llen("queue:default") == 40
    assert outboxes(pair) == 0


def connection(pair: Pair, side: str) -> Connection:
    return Connection(endpoint(getattr(pair, side)))


def refusing_in_the_middle(pair: Pair) -> Handover:
    """The target's queue became another type while a round takes from the source's."""
    push(pair.source, "default", *[job(number) for number in range(400)])
    handover = pair.handover(UNTIL_EMPTY)
    driven(handover, until=lambda: pair.target.client.llen("queue:default") >= 50)
    pair.target.client.rename("queue:default", "aside")
    pair.target.client.set("queue:default", "no list")
    return handover


def mended(pair: Pair) -> None:
    pair.target.client.delete("queue:default")
    pair.target.client.rename("aside", "queue:default")


def test_nothing_more_is_taken_while_the_target_refuses(pair: Pair) -> None:
    handover = refusing_in_the_middle(pair)
    for _ in range(300):
        handover.step()
    assert outboxes(pair) <= 20
    mended(pair)
    driven(handover, until=lambda: pair.target.client.llen("queue:default") == 400)
    handover.close()
    assert handover.progress.jobs == 400


def test_a_pause_brings_over_what_was_taken_once_it_can(pair: Pair) -> None:
    handover = refusing_in_the_middle(pair)
    for _ in range(50):
        handover.step()
    handover.wishes = Wishes(any_queue=True, until_empty=True, is_paused=True)
    for _ in range(20):
        handover.step()
    assert outboxes(pair) > 0
    mended(pair)
    driven(handover, until=lambda: not outboxes(pair))
    handover.close()
    assert pair.source.client.llen("queue:default") > 250


def test_a_single_round_that_comes_to_nothing_ends(pair: Pair) -> None:
    clock = Clock()
    push(pair.source, "default", job(1))
    pair.target.set_config("maxmemory", "1")
    pair.target.set_config("maxmemory-policy", "noeviction")
    handover = pair.handover(ANY, clock)
    with pytest.raises(HandoverRefused, match="nothing went on for 60 s"):
        driven(handover, clock)
    handover.close()


def test_what_stands_behind_jobs_of_batches_is_counted(pair: Pair) -> None:
    worker(pair.source, 1, ["default"])
    pair.source.client.hset("b-aBcdEfgHijKlMn", "pending", 1)
    push(pair.source, "default", *[job(number, more=',"bid":"x"') for number in range(30)])
    push(pair.source, "default", *[job(number) for number in range(50)])
    done = once(pair, ANY)
    assert [left.jobs for left in done.progress.left if left.name == b"default"] == [80]


@pytest.mark.parametrize("forgetful", ["source", "target"])
def test_a_server_that_forgot_everything_is_no_other_mover_and_proves_nothing(pair: Pair, forgetful: str) -> None:
    push(pair.source, "default", *[job(number) for number in range(200)])
    handover = pair.handover(UNTIL_EMPTY)
    driven(handover, until=lambda: pair.target.client.llen("queue:default") > 50)
    getattr(pair, forgetful).client.flushall()
    step = driven(handover)
    assert step.ended is Ended.STOPPED
    assert step.stop is not None
    assert len(step.stop.numbers) > 5
    forgotten = read_forgotten(handover.looks.source, handover.looks.target, OwnNames(b"test"), step.stop)
    assert [one.number for one in forgotten] == list(step.stop.numbers)
    assert {one.jobs for one in forgotten if one.jobs is not None} == {5}
    if forgetful == "source":
        assert all(one.place == Place(PlaceKind.QUEUE, b"default") for one in forgotten)
    else:
        # The newest twenty are kept.
        assert sum(len(one.jids) for one in forgotten) >= 5 * min(20, len(forgotten) - 4)
    handover.close()
    problems = read_proof(connection(pair, "source"), connection(pair, "target"), OwnNames(b"test")).problems
    assert any("forgot" in problem or "is gone" in problem for problem in problems), problems


def test_a_queue_is_read_whatever_spaces_stand_before_it(pair: Pair) -> None:
    worker(pair.target, 1, ["default"])
    elsewhere = [b'{"args":[{"queue":"default"}],"queue": "other"}', b'{"args":[{"queue":"default"}],"queue" :"other"}']
    pair.source.client.zadd("retry", {**dict.fromkeys(elsewhere, 1), b'{"queue" : "default"}': 2})
    once(pair)
    assert pair.target.client.zrange("retry", 0, -1) == [b'{"queue" : "default"}']


def test_a_policy_that_came_to_evict_ends_it(pair: Pair) -> None:
    clock = Clock()
    handover: Handover = pair.handover(UNTIL_EMPTY, clock)
    driven(handover, clock, until=lambda: handover.progress.rounds >= 2)
    pair.target.set_config("maxmemory-policy", "allkeys-lru")
    with pytest.raises(HandoverRefused, match="may evict outboxes"):
        driven(handover, clock)
    handover.close()
