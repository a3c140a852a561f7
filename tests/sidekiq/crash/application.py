"""An application on both sides of a handover: producers, workers, pollers. It knows where each job must be, byte for byte.

What it does to a job follows Sidekiq 4.2 to 6.5 (lib/sidekiq/fetch.rb, job_retry.rb, scheduled.rb): BRPOP, so that a job is in a worker's
memory alone; RPUSH of what is in memory when a worker shuts down; a failing job into `retry` with other bytes; a poller that takes with
ZRANGEBYSCORE and ZREM, and pushes the job encoded anew.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.source_side import Taking

WORKED = (b"default", b"low\n\xff")
IN_ORDER, BIG = b"in order", b"big"
QUEUES = (*WORKED, IN_ORDER, BIG)
SETS = (b"retry", b"schedule", b"dead")
TAKINGS = [Taking(Place(PlaceKind.QUEUE, queue)) for queue in QUEUES] + [Taking(Place(PlaceKind.SORTED_SET, name)) for name in SETS]
# A poller's now: what is below is due.
NOW = 1_000_000_000
DUE = (0.0, -0.0, 5e-324, float("-inf"), 999_999_999.123456, -1e308)
FAR = (float("inf"), float(2**53 + 1), 1_700_000_000.123456, 1e308)
_BIG_BYTES = 10_000_000
_BLOCKED_SECONDS = 1
_ODD = (b"\n", b"\r\n$3\r\n", b"\0", b"\xc3\x28", b"\xff\xfe", b'"', b" ")
_TRIED = re.compile(rb'"tries":\d+')


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all jobs. `wrong`: those whose score is another one, or that are out of order."""

    jobs: int
    lost: int
    doubled: int
    wrong: int

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


@dataclass(slots=True)
class _Worker:
    """One that waits in BRPOP, on a connection of its own."""

    client: Any
    connection: Any
    held: list[bytes] = field(default_factory=list)

    def ask(self) -> None:
        self.connection.send_command("BRPOP", *[b"queue:" + queue for queue in WORKED], _BLOCKED_SECONDS)

    def answer(self, seconds: float) -> bool:
        """Whether one came; a job goes into memory."""
        if not self.connection.can_read(timeout=seconds):
            return False
        if (found := self.connection.read_response()) is not None:
            self.held.append(found[1])
        return True


class Application:
    """Every payload is there once, but for twins. It is never killed itself, and does one thing after the other."""

    def __init__(self, draws: random.Random, sides: tuple[RedisServer, RedisServer], *, big: int = 0) -> None:
        self.draws = draws
        self.clients: list[Any] = [side.client for side in sides]
        self.jobs: Counter[bytes] = Counter()
        self.scores: dict[bytes, list[float]] = {}
        self.done: set[bytes] = set()
        self._number = 0
        self._workers = [_Worker(client, client.connection_pool.get_connection()) for client in self.clients]
        for client in self.clients:
            client.sadd("queues", *QUEUES)
        for worker in self._workers:
            worker.ask()
        for _ in range(big):
            self._push(0, BIG, self._new(BIG, self.draws.randbytes(_BIG_BYTES)))

    def turn(self) -> None:
        """A few things happen, on both sides."""
        for side in (0, 1):
            for _ in range(self.draws.randrange(4)):
                self._produce(side)
            if self._workers[side].answer(0):
                self._workers[side].ask()
            self._work(self._workers[side])
            self._poll(side)
        self._push(0, IN_ORDER, self._new(IN_ORDER, b""))

    def _new(self, queue: bytes, what: bytes) -> bytes:
        self._number += 1
        # Among so many random bytes there is a job that looks as one of a batch: it would stay where it is.
        return b'{"tries":0,"jid":"%d","queue":"%b","args":["%b"]}' % (self._number, queue, what.replace(b"bid", b"dib"))

    def _produce(self, side: int) -> None:
        draws = self.draws
        job = self._new(draws.choice(WORKED), draws.randbytes(draws.choice([0, 20, 400])) + draws.choice(_ODD))
        kind = draws.random()
        if kind < 0.6:
            self._push(side, draws.choice(WORKED), job)
        elif kind < 0.95:
            self._add(side, draws.choice(SETS), draws.choice(DUE + FAR), job)
        else:
            # Two that look the same are two jobs. The target's comes first: it would be one with the source's where that was moved before.
            for each in (1, 0):
                self._add(each, b"dead", draws.choice(FAR), job)

    def _push(self, side: int, queue: bytes, job: bytes) -> None:
        self.jobs[job] += 1
        self.clients[side].lpush(b"queue:" + queue, job)

    def _add(self, side: int, name: bytes, score: float, job: bytes) -> None:
        self.jobs[job] += 1
        self.scores.setdefault(job, []).append(score)
        self.clients[side].zadd(name, {job: score})

    def _work(self, worker: _Worker) -> None:
        draws = self.draws
        if not worker.held or draws.random() < 0.3:
            return
        if draws.random() < 0.1:
            # It shuts down: everything in its memory goes back to where it is next.
            for job in worker.held:
                worker.client.rpush(b"queue:" + draws.choice(WORKED), job)
            worker.held = []
            return
        job = worker.held.pop()
        if draws.random() < 0.3:
            self._forget(job)
            self._add(self._workers.index(worker), b"retry", draws.choice(DUE + FAR), _encoded_anew(job))
        else:
            self.done.add(job)
            self._forget(job)

    def _poll(self, side: int) -> None:
        client, name = self.clients[side], self.draws.choice(SETS[:2])
        for job in client.zrangebyscore(name, "-inf", NOW, start=0, num=2):
            if client.zrem(name, job):
                self._forget(job)
                self.scores.pop(job, None)
                self._push(side, self.draws.choice(WORKED), _encoded_anew(job))

    def _forget(self, job: bytes) -> None:
        self.jobs[job] -= 1

    def stop(self) -> None:
        """Workers put back what they have in memory."""
        for worker in self._workers:
            while not worker.answer(10 * _BLOCKED_SECONDS):
                pass
            for job in worker.held:
                worker.client.rpush(b"queue:" + self.draws.choice(WORKED), job)
            worker.held = []

    def left(self) -> int:
        """Jobs that the source has."""
        client = self.clients[0]
        left: int = sum(client.llen(b"queue:" + queue) for queue in QUEUES) + sum(client.zcard(name) for name in SETS)
        return left

    def verdict(self, run: bytes) -> Verdict:
        """After `stop`. Jobs in an outbox whose chunk is not applied count as well: they are durable there."""
        there: Counter[bytes] = Counter()
        scores: dict[bytes, list[float]] = {}
        own = b"uplift:handover:" + run
        for client in self.clients:
            for queue in QUEUES:
                there.update(client.lrange(b"queue:" + queue, 0, -1))
            found = [pair for name in SETS for pair in client.zrange(name, 0, -1, withscores=True)]
            for name in SETS:
                held = client.lrange(own + b":held:" + name, 0, -1)
                found += [(job, float(score)) for score, job in zip(held[::2], held[1::2], strict=True)]
            there.update(job for job, _ in found)
            for job, score in found:
                scores.setdefault(job, []).append(score)
        applied = int(self.clients[1].hget(own + b":dst", "applied") or 0)
        for number in range(applied + 1, int(self.clients[0].hget(own + b":src", "next") or 1)):
            elements = self.clients[0].lrange(own + b":out:%d" % number, 0, -1)
            is_of_set = (self.clients[0].hget(own + b":src", b"o:%d" % number) or b"").startswith(b"set")
            there.update(elements[1::2] if is_of_set else elements)
        ran_again = sum(there[job] for job in self.done)
        lost, doubled = self.jobs - there, there - self.jobs
        wrong = [job for job, expected in self.scores.items() if job in scores and sorted(scores[job]) != sorted(expected)]
        return Verdict(self._number, lost.total(), max(doubled.total(), ran_again), len(wrong) + self._out_of_order())

    def _out_of_order(self) -> int:
        # A newer one is nearer to the head of both lists, and what is on the source is newer than what is on the target.
        newest_first = [job for client in self.clients for job in client.lrange(b"queue:" + IN_ORDER, 0, -1)]
        numbers = [int(job.split(b'"jid":"')[1].split(b'"')[0]) for job in newest_first]
        return sum(one < other for one, other in pairwise(numbers))


def _encoded_anew(job: bytes) -> bytes:
    """Other bytes, as after a failure or a poll; never those of an earlier time."""
    tries = int(_TRIED.search(job)[0].split(b":")[1]) + 1  # type: ignore[index]
    return _TRIED.sub(b'"tries":%d' % tries, job, count=1)
