"""The rehearsal's own sidekiq-scheduler on both sides: it stops and fires by marks and switches as the gate takes it to."""

from __future__ import annotations

import random
from collections import Counter

from rehearsal.app.client import AppRedis
from rehearsal.app.journal import Journal
from rehearsal.app.scheduler import Scheduler
from tests.conftest import StartRedis
from tests.sidekiq.gate.simulated_schedulers import BEGIN, Process, World

JOBS = {"every second": 1, "every 7": 7}


class Rehearsed(Process):
    def load(self, now: float) -> None:
        self.journal = Journal()
        self.scheduler = Scheduler(AppRedis("127.0.0.1", self.server.port, self.journal), self.journal, self.server.port, self.jobs)
        self.scheduler.load(now)

    def tick(self, now: float) -> None:
        self.scheduler.look(now)
        self.fired += self.journal.fired
        self.journal.fired.clear()


def test_each_instance_is_fired_once(start_redis: StartRedis, draws: random.Random) -> None:
    world = World((start_redis("3.2.6"), start_redis("5.0.6")), draws)
    world.start(Rehearsed, 0, JOBS)
    world.new_gate()
    world.run(1)
    world.start(Rehearsed, 1, JOBS)
    world.run(230)
    assert world.phase == "turned"
    world.check_once(JOBS, 2, 230)


def test_without_the_gate_twice(start_redis: StartRedis, draws: random.Random) -> None:
    world = World((start_redis("3.2.6"), start_redis("5.0.6")), draws)
    world.start(Rehearsed, 0, JOBS)
    world.start(Rehearsed, 1, JOBS)
    world.run(20)
    counts = Counter(world.fired)
    assert {counts["every second", BEGIN + second] for second in range(2, 20)} == {2}
