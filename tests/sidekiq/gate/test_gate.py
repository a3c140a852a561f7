"""The gate on real servers, with simulated schedulers on both sides that fire every second: each instance is fired exactly once."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.sidekiq.gate.simulated_schedulers import (
    BEGIN,
    EVERY_SECOND,
    CronProcess,
    Killed,
    NamespacedCronProcess,
    Process,
    SchedulerProcess,
    SlowCronProcess,
    World,
)
from uplift.keyspace.server.connection import Connection, ConnectionLost
from uplift.sidekiq.gate.gate import GateOutcome, GateWish
from uplift.sidekiq.gate.record import Direction

CRON = {"a": 10, "b:c": 30}


def rolled_over(world: World, old: type[Process], new: type[Process], jobs: dict[str, int]) -> None:
    """Old processes, then the gate, then new ones beside them; the old ones go one by one, after the instant."""
    first = world.start(old, 0, jobs)
    world.run(5)
    if world.wish.instant:
        world.new_gate()
    world.run(10)
    while world.gate is not None and not any(step.outcome is GateOutcome.WAITING for step in world.steps):
        # The new side's first scheduler starts once its jobs are switched off.
        world.run(world.now - BEGIN + 1)
    world.start(new, 1, jobs, 1)
    world.run(20)
    world.start(new, 1, jobs, 1)
    world.run(230)
    first[0].stop()
    world.run(240)
    first[1].stop()
    world.run(330)


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new", "jobs"),
    [(SchedulerProcess, SchedulerProcess, EVERY_SECOND), (CronProcess, CronProcess, CRON), (CronProcess, NamespacedCronProcess, CRON)],
    ids=["scheduler", "cron", "cron 1 to 2"],
)
def test_each_instance_is_fired_once(
    sides: tuple[RedisServer, RedisServer], draws: random.Random, old: type[Process], new: type[Process], jobs: dict[str, int]
) -> None:
    world = World(sides, draws)
    rolled_over(world, old, new, jobs)
    world.check_once(jobs, 2, 290)
    assert world.phase == "done"
    old_client: Any = sides[0].client
    assert old_client.hgetall("sidekiq-scheduler:states") == {}, "the old side has back what was there before: nothing"
    for key in old_client.keys("cron_job:*"):
        if not key.endswith(b":enqueued"):
            assert old_client.hget(key, "status") == b"enabled"


@pytest.mark.parametrize(
    ("old", "new"), [(SlowCronProcess, SlowCronProcess), (CronProcess, SlowCronProcess), (SlowCronProcess, CronProcess)]
)
def test_an_instance_before_the_instant_that_is_noticed_after_it(
    there: tuple[RedisServer, RedisServer], draws: random.Random, old: type[Process], new: type[Process]
) -> None:
    jobs = {"every minute": 60}
    world = World(there, draws)
    world.start(old, 0, jobs)
    world.new_gate()
    world.run(1)
    world.start(new, 1, jobs)
    world.run(330)
    world.check_once(jobs, 2, 290)


@pytest.mark.long
@pytest.mark.parametrize("round_", range(3))
def test_killed_again_and_again_it_goes_on(sides: tuple[RedisServer, RedisServer], draws: random.Random, round_: int) -> None:
    world = World(sides, random.Random(f"{draws.random()} {round_}"))
    world.dies = lambda _name: world.draws.random() < 0.4
    rolled_over(world, SchedulerProcess, SchedulerProcess, EVERY_SECOND)
    assert world.kills >= 8
    world.dies = lambda _name: False
    world.run(420)
    world.check_once(EVERY_SECOND, 2, 290)
    assert world.phase == "done"


@pytest.mark.long
def test_cut_off_before_half_into_and_after_a_send(
    sides: tuple[RedisServer, RedisServer], draws: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(sides, draws, is_cut=True)
    send, cuts = Connection.send, 0

    def breaking(connection: Connection, data: bytes) -> None:
        nonlocal cuts
        if draws.random() >= share:
            send(connection, data)
            return
        cuts += 1
        send(connection, data[: draws.choice([0, len(data) // 2, len(data)])])
        connection.close()
        if draws.random() < 0.5:
            raise Killed
        raise ConnectionLost("cut by the test", connection)

    share = 0.03
    monkeypatch.setattr(Connection, "send", breaking)
    rolled_over(world, SchedulerProcess, SchedulerProcess, EVERY_SECOND)
    share = 0.0
    world.run(420)
    assert cuts >= 50
    world.check_once(EVERY_SECOND, 2, 290)
    assert world.phase == "done"


@pytest.mark.long
def test_without_the_gate_the_overlap_is_fired_twice(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws, wish=GateWish(0))
    rolled_over(world, SchedulerProcess, SchedulerProcess, {"every second": 1})
    counts = Counter(world.fired)
    assert {counts["every second", BEGIN + second] for second in range(20, 230)} == {2}


@pytest.mark.long
def test_it_turns_back_within_the_hour(sides: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(sides, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(240)
    assert world.phase == "turned"
    world.wish = GateWish(BEGIN + 240, Direction.BACK)
    world.new_gate()
    world.run(520)
    assert world.phase == "turned"
    world.fired.clear()
    for process in world.processes:
        if process.server is sides[1]:
            process.stop()
    world.run(600)
    world.check_once(EVERY_SECOND, 521, 600)
    assert world.phase == "done"


@pytest.mark.long
def test_turning_back_fires_each_instance_once(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(240)
    world.wish = GateWish(BEGIN, Direction.BACK)
    world.dies = lambda _name: world.draws.random() < 0.3
    world.new_gate()
    world.run(520)
    world.check_once(EVERY_SECOND, 2, 520)
    assert sum(step.is_postponed for step in world.steps) <= 1
