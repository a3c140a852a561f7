"""The mover on real servers: what it takes, holds back and leaves, beside a second one, and where a server forgot. test_crash.py kills it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.mover import Mover, MoverServers, Outcome
from uplift.sidekiq.mover.source_side import TakeLimits, Taking

QUEUES = ("default", "low", "quiet ones")
SETS = ("retry", "schedule")
TAKINGS = [Taking(Place(PlaceKind.QUEUE, queue.encode())) for queue in QUEUES] + [
    Taking(Place(PlaceKind.SORTED_SET, name.encode())) for name in SETS
]
SCORES = (0.0, -0.0, 5e-324, float(2**53 + 1), 1_700_000_000.123456, float("inf"), float("-inf"))


@dataclass
class Jobs:
    """What producers pushed and workers ran; every payload once."""

    draws: random.Random
    sides: tuple[RedisServer, RedisServer]
    pushed: list[bytes] = field(default_factory=list)
    done: list[bytes] = field(default_factory=list)
    scores: dict[bytes, float] = field(default_factory=dict)

    def push(self) -> None:
        client: Any = self.draws.choice(self.sides).client
        number = len(self.pushed)
        queue = self.draws.choice(QUEUES)
        job = b'{"jid":"%d","queue":"%b","args":["%b"]}' % (number, queue.encode(), self.draws.randbytes(self.draws.choice([3, 300])))
        client.sadd("queues", queue)
        if self.draws.random() < 0.3:
            self.scores[job] = self.draws.choice(SCORES)
            client.zadd(self.draws.choice(SETS), {job: self.scores[job]})
        else:
            client.lpush(f"queue:{queue}", job)
        self.pushed.append(job)

    def work(self) -> None:
        client: Any = self.draws.choice(self.sides).client
        job = client.rpop(f"queue:{self.draws.choice(QUEUES)}")
        if job is not None:
            self.done.append(job)

    def everywhere(self) -> Counter[bytes]:
        """How often each job is: run, or on a side."""
        found = Counter(self.done)
        for side in self.sides:
            client: Any = side.client
            for queue in QUEUES:
                found.update(client.lrange(f"queue:{queue}", 0, -1))
            for name in SETS:
                found.update(client.zrange(name, 0, -1))
        return found


def waiting(server: RedisServer) -> int:
    return sum(server.client.llen(f"queue:{queue}") for queue in QUEUES) + sum(server.client.zcard(name) for name in SETS)


def mover(sides: tuple[RedisServer, RedisServer], jobs: int = 5) -> Mover:
    servers = MoverServers(endpoint(sides[0]), endpoint(sides[1]))
    return Mover(servers, b"test", TakeLimits(jobs=jobs, bytes=1_000))


def drain(last: Mover, sides: tuple[RedisServer, RedisServer]) -> None:
    """Until the source is empty and nothing is in an outbox."""
    for number in range(20_000):
        taking = TAKINGS[number % len(TAKINGS)]
        step = last.step([taking, taking])
        assert step.outcome in {Outcome.WORKED, Outcome.NOTHING}, step.problem
        if last.is_idle and not waiting(sides[0]):
            return
    raise AssertionError("it does not come to an end")


def test_moved_jobs_of_a_queue_keep_their_order(sides: tuple[RedisServer, RedisServer]) -> None:
    numbers = range(500)
    for number in numbers:
        sides[0].client.lpush("queue:default", b'{"queue":"default","args":[%d]}' % number)
    drain(mover(sides, jobs=7), sides)
    oldest_first = sides[1].client.lrange("queue:default", 0, -1)[::-1]
    assert oldest_first == [b'{"queue":"default","args":[%d]}' % number for number in numbers]
    assert sides[1].client.smembers("queues") == {b"default"}


def test_a_second_mover_takes_over_and_the_first_one_does_nothing_more(
    sides: tuple[RedisServer, RedisServer], draws: random.Random
) -> None:
    jobs = Jobs(draws, sides)
    for _ in range(400):
        jobs.push()
    first, second = mover(sides), mover(sides)
    for _ in range(4):
        first.step([TAKINGS[0], TAKINGS[0]])
    assert second.step([]).outcome is Outcome.WORKED
    assert first.step([TAKINGS[0], TAKINGS[0]]).outcome is Outcome.FENCED
    drain(second, sides)
    assert jobs.everywhere() == Counter(jobs.pushed)


def test_a_twin_is_held_back_until_nothing_is_in_its_way(sides: tuple[RedisServer, RedisServer]) -> None:
    job = b'{"jid":"1","queue":"default"}'
    for side, score in zip(sides, (5.0, 7.0), strict=True):
        side.client.zadd("retry", {job: score})
    drain(mover(sides), sides)
    assert sides[1].client.zrange("retry", 0, -1, withscores=True) == [(job, 7.0)]
    held = b"uplift:handover:test:held:retry"
    assert sides[1].client.lrange(held, 0, -1) == [b"5", job]


def test_jobs_of_batches_and_of_queues_that_are_not_taken_stay(sides: tuple[RedisServer, RedisServer]) -> None:
    source = sides[0].client
    batch, others = b'{"queue":"default","bid":"x"}', b'{"queue":"elsewhere"}'
    source.lpush("queue:default", b'{"queue":"default","n":1}', batch, b'{"queue":"default","n":2}')
    source.zadd("retry", {b'{"queue":"default"}': 1, others: 2, b'{"queue":"default","args":[{"queue":"elsewhere"}]}': 3, batch: 4})
    one = mover(sides)
    taking = Taking(Place(PlaceKind.SORTED_SET, b"retry"), queues=(b"default",))
    taken = [found for _ in range(6) for found in one.step([TAKINGS[0], taking]).taken]
    assert source.lrange("queue:default", 0, -1) == [batch]
    assert source.zrange("retry", 0, -1) == [others, b'{"queue":"default","args":[{"queue":"elsewhere"}]}', batch]
    assert max(found.of_batches for found in taken) == 1
    nobody = Taking(Place(PlaceKind.SORTED_SET, b"retry"), queues=())
    assert all(found.chunk is None for _ in range(3) for found in one.step([nobody]).taken)


def test_a_target_that_forgot_stops_it_with_the_chunks_named(sides: tuple[RedisServer, RedisServer]) -> None:
    for number in range(40):
        sides[0].client.lpush("queue:default", b"%d" % number)
    drain(mover(sides), sides)
    sides[1].client.flushall()
    stopped = mover(sides).step([])
    assert (stopped.outcome, stopped.stop and stopped.stop.source_forgot) == (Outcome.STOPPED, False)
    assert stopped.stop is not None
    assert list(stopped.stop.numbers) == list(range(1, 9))


def test_an_idle_mover_sees_that_a_server_forgot(sides: tuple[RedisServer, RedisServer]) -> None:
    """Of the target it asks nothing any more, and all would look moved."""
    sides[0].client.lpush("queue:default", b"job")
    one = mover(sides)
    drain(one, sides)
    assert one.step([]).outcome is Outcome.NOTHING
    sides[1].client.flushall()
    assert [one.step([]).outcome, one.step([]).outcome] == [Outcome.AGAIN, Outcome.STOPPED]


def test_an_outbox_that_is_gone_while_its_chunk_is_applied_stops_nobody(sides: tuple[RedisServer, RedisServer]) -> None:
    sides[0].client.lpush("queue:default", b"job")
    one = mover(sides)
    for _ in range(3):
        one.step(TAKINGS[:1])
    assert sides[1].client.hget("uplift:handover:test:dst", "applied") == b"1"
    assert sides[0].client.delete("uplift:handover:test:out:1") == 1
    drain(mover(sides), sides)
    assert sides[1].client.lrange("queue:default", 0, -1) == [b"job"]


def test_nothing_is_applied_before_it_may_be(sides: tuple[RedisServer, RedisServer]) -> None:
    sides[0].client.lpush("queue:default", b"job")
    allowed = False
    servers = MoverServers(endpoint(sides[0]), endpoint(sides[1]))
    one = Mover(servers, b"test", may_apply=lambda _taken_at: allowed)
    for _ in range(5):
        one.step([TAKINGS[0]])
    assert (sides[0].client.llen("queue:default"), sides[1].client.llen("queue:default"), one.is_idle) == (0, 0, False)
    allowed = True
    one.step([])
    assert sides[1].client.lrange("queue:default", 0, -1) == [b"job"]
