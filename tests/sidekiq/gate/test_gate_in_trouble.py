"""The gate where something is amiss: it was dead, a server forgot, a scheduler is missing, a person or another gate intervenes."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from tests.sidekiq.gate.simulated_schedulers import (
    BEGIN,
    EVERY_SECOND,
    SchedulerProcess,
    World,
)
from uplift.errors import RunRefused
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateWish
from uplift.sidekiq.gate.instances import Doubt
from uplift.sidekiq.gate.servers import GateServers


def armed(there: tuple[RedisServer, RedisServer], draws: random.Random) -> World:
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(40)
    assert world.phase == "armed"
    return world


def test_dead_over_the_instant_it_turns_by_itself(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = armed(there, draws)
    world.gate = None
    world.run(300)
    world.new_gate()
    world.run(320)
    world.check_once(EVERY_SECOND, 2, 320)
    assert world.phase == "turned"
    # From here on it is the switch that lasts; only what the new side fired itself is marked there.
    old, new = (side.client for side in there)
    assert set(old.hgetall("sidekiq-scheduler:states").values()) == {b'{"enabled":false}'}
    assert new.hgetall("sidekiq-scheduler:states") == {}
    assert new.zcount("sidekiq-scheduler:pushed:every second", "-inf", BEGIN + 89) == 0
    assert not any(step.doubtful or step.is_postponed for step in world.steps)


@pytest.mark.parametrize("side", [0, 1])
def test_marks_and_record_that_a_server_forgot_are_written_again(
    there: tuple[RedisServer, RedisServer], draws: random.Random, side: int
) -> None:
    world = armed(there, draws)
    world.is_cut = True
    losses = (60, 85, 95, 200)
    for second in losses:
        world.run(second)
        client: Any = there[side].client
        client.delete(*client.keys("sidekiq-scheduler:pushed:*"), *client.keys("uplift:handover:*"))
    world.run(320)
    counts = Counter(world.fired)
    wrong = {second: counts["every second", BEGIN + second] for second in range(2, 320) if counts["every second", BEGIN + second] != 1}
    # Until the next step sees it both sides may fire, for a second.
    assert set(wrong) <= {loss + 1 for loss in losses}
    assert set(wrong.values()) <= {2}
    assert world.phase == "turned"


def test_a_job_that_comes_up_meanwhile_is_turned_too(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = armed(there, draws)
    world.start(SchedulerProcess, 1, {**EVERY_SECOND, "new": 5}, 1)
    world.run(60)
    world.start(SchedulerProcess, 0, {"late": 2}, 1)
    world.run(300)
    assert {second for name, second in world.fired if name == "new"} == set(range(BEGIN + 90, BEGIN + 300 + 1, 5))
    assert max(second for name, second in world.fired if name == "late") < BEGIN + 90
    assert any("late" in step.only_giving for step in world.steps)
    world.check_once(EVERY_SECOND, 2, 300)


def test_postponed_while_no_scheduler_lives_there(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(100)
    postponed = [step for step in world.steps if step.is_postponed]
    assert [step.reason for step in postponed] == ["no Sidekiq process lives there"]
    new = world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(120)
    assert world.phase == "armed"
    for process in new:
        process.stop()
    world.run(140)
    assert world.phase == "holding"
    world.check_once(EVERY_SECOND, 2, 140)
    assert sum(step.is_postponed for step in world.steps) == 2


def test_turns_at_once_where_the_old_schedulers_are_gone(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws, wish=GateWish(BEGIN + 3_000))
    old = world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(5)
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(20)
    for process in old:
        process.stop()
    world.run(100)
    missing = [one for step in world.steps for one in step.doubtful]
    assert {one.job.title for one in missing} == set(EVERY_SECOND)
    assert {one.doubt for one in missing} == {Doubt.MISSING}
    end = max(one.window.end for one in missing) - BEGIN
    # A few seconds, in which a process that only restarts has a heartbeat again.
    assert 20 <= end <= 30
    world.run(300)
    world.check_once(EVERY_SECOND, end + 1, 300)
    assert world.phase == "done"


def test_abandoned_before_the_instant_the_old_side_goes_on(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    there[1].client.hset("sidekiq-scheduler:states", "every 20", '{"enabled":true,"kept":1}')
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(1)
    new = world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(20)
    assert world.phase == "armed"
    world.wish = GateWish(BEGIN, is_abandon=True)
    world.new_gate()
    world.run(80)
    assert world.phase == "abandoning"
    for process in new:
        process.stop()
    world.run(90)
    assert world.steps[-1].outcome is GateOutcome.ENDED
    world.check_once(EVERY_SECOND, 2, 90)
    assert there[1].client.hgetall("sidekiq-scheduler:states") == {b"every 20": b'{"enabled":true,"kept":1}'}
    assert there[0].client.zcount("sidekiq-scheduler:pushed:every second", BEGIN + 91, "inf") == 0


def test_a_switch_of_the_old_side_is_taken_over(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    there[0].client.hset("sidekiq-scheduler:states", "every 20", '{"enabled":false}')
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.run(220)
    assert {name for name, _ in world.fired} == {"every second"}
    world.check_once({"every second": 1}, 2, 220)


def dead_from(world: World, phase: str) -> None:
    """The mover goes on until it is in a phase, and dies there."""
    while world.phase != phase:
        world.run(world.now - BEGIN + 0.5)
        for number, step in enumerate(world.steps):
            if step.record and step.record.phase.value == phase:
                del world.steps[number + 1 :]
                break


def test_dead_before_it_was_armed_until_after_the_instant(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, EVERY_SECOND)
    world.dies = lambda name: name == "switch the taking side as the giving one is"
    written = Gate._do
    try:
        # It dies with all marks written and the new side off: from the instant on nobody fires.
        Gate._do = _refusing  # type: ignore[method-assign]
        world.run(20)
    finally:
        Gate._do = written  # type: ignore[method-assign]
    world.gate = None
    world.run(120)
    world.dies = lambda _name: False
    world.new_gate()
    world.run(130)
    told = [one for step in world.steps for one in step.doubtful]
    assert {(one.doubt, one.job.title) for one in told} == {(Doubt.MISSING, name) for name in EVERY_SECOND}
    assert {(one.window.first - BEGIN, one.window.end - BEGIN) for one in told} == {(90, 121)}
    # What a scheduler wrote of its last firing, which came to nothing.
    assert {(one.job.title, second - BEGIN) for one in told for second in one.seconds} == {("every second", 120), ("every 20", 120)}
    counts = Counter(world.fired)
    assert [counts["every second", BEGIN + second] for second in (89, 90, 119, 125)] == [1, 0, 0, 1]
    world.run(500)
    world.check_once(EVERY_SECOND, 122, 500)


def _refusing(self: Gate, decision: Any, seen: Any, now: float) -> None:
    if decision.act.value == "switch the taking side as the giving one is":
        return
    _WRITTEN(self, decision, seen, now)


_WRITTEN = Gate._do


def test_dead_for_an_hour_both_sides_fire_and_it_is_told(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    jobs = {"every minute": 60}
    world = World(there, draws)
    world.start(SchedulerProcess, 0, jobs)
    world.new_gate()
    world.run(1)
    world.start(SchedulerProcess, 1, jobs)
    world.run(100)
    assert world.phase == "armed"
    world.gate = None
    world.run(90 + 3_600 + 300, step=10)
    world.new_gate()
    world.run(90 + 3_600 + 310)
    twice = [one for step in world.steps for one in step.doubtful]
    assert [(one.doubt, one.job.title) for one in twice] == [(Doubt.TWICE, "every minute")]
    counts = Counter(world.fired)
    assert set(twice[0].seconds) == {second for (_, second), count in counts.items() if count == 2}
    assert len(twice[0].seconds) >= 4


def test_two_gates_of_one_run(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(5)
    first = world.gate
    world.new_gate()
    world.run(10)
    assert first is not None
    outcomes = [first.step(world.now).outcome for _ in range(10)]
    assert outcomes[-1] is GateOutcome.FENCED
    world.run(15)


def test_a_gate_of_another_run_is_refused_until_the_first_has_ended(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    world = World(there, draws)
    world.start(SchedulerProcess, 0, EVERY_SECOND)
    world.new_gate()
    world.run(5)
    servers = GateServers(endpoint(there[0]), endpoint(there[1]))
    with pytest.raises(RunRefused, match="--run test"):
        Gate(servers, b"other", world.wish).step(world.now)
    world.wish = GateWish(BEGIN, is_abandon=True)
    world.new_gate()
    world.run(10)
    assert world.phase == "abandoned"
    assert Gate(servers, b"other", world.wish).step(world.now).outcome is GateOutcome.WORKED


def test_enterprise_periodic_is_named(there: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    there[0].client.sadd("periodic", "loop-1")
    there[0].client.sadd("cron_jobs", "something else", "cron_job:\xff")
    world = World(there, draws)
    world.new_gate()
    world.run(1)
    assert {one.name for one in world.steps[-1].by_hand} == {"PERIODIC", "STRANGE_NAME"}
