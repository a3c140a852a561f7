"""A gate that is held until go: the new side is silenced for as long as that takes, and then it turns as soon as it can."""

from __future__ import annotations

import random

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.sidekiq.gate.simulated_schedulers import BEGIN, EVERY_SECOND, SchedulerProcess, World
from uplift.sidekiq.gate.gate import GateWish

CRON = {"every minute": 60, "every 20": 20}


@pytest.mark.parametrize("is_new_gate", [False, True], ids=["the gate that runs", "another gate"])
@pytest.mark.parametrize("instant", [0, BEGIN + 86_400], ids=["a past instant", "a far instant"])
def test_held_until_go_and_then_at_once(
    there: tuple[RedisServer, RedisServer], draws: random.Random, instant: int, is_new_gate: bool
) -> None:
    world = World(there, draws, wish=GateWish(instant, is_held=True))
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(400, 1)
    assert world.phase == "holding"
    assert not any(step.is_postponed for step in world.steps)
    world.wish = GateWish(world.now)
    if is_new_gate:
        world.new_gate()
    assert world.gate is not None
    world.gate.wish = world.wish
    world.run(600)
    world.check_once(EVERY_SECOND, 2, 600)
    record = world.steps[-1].record
    assert record is not None
    # 400 s after the beginning :40 of a minute: the next instant that is 30 s away at least.
    assert (record.phase.value, record.instant - BEGIN) == ("turned", 450)
    assert not any(step.is_postponed for step in world.steps)


def test_held_it_does_not_turn_where_nobody_fires_any_more(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws, wish=GateWish(0, is_held=True))
    old = world.start(SchedulerProcess, 0, CRON)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, CRON)
    world.run(20)
    for process in old:
        process.stop()
    world.run(200, 1)
    assert (world.phase, world.steps[-1].reason) == ("holding", "held until go")
    assert max(second for _, second in world.fired) <= BEGIN + 20
    assert world.gate is not None
    world.gate.wish = GateWish(world.now)
    world.run(400, 1)
    world.check_once(CRON, 205, 390)
