"""A split from its first look to its end on real servers: both ways, back, abandoned, finished, and with engines that die."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.split.driven import KEYS, World, asked, drive, in_phase, jobs_of, push, settled_status, world
from uplift.sidekiq.handover.handover import Handover
from uplift.split.record.asked import Change, Options, Wish
from uplift.split.record.stage import Phase, Stage
from uplift.split.run.held_jobs import HeldJobs
from uplift.split.run.moving_jobs import MovingJobs
from uplift.split.run.split_run import SplitRun

_ = world
pytestmark = pytest.mark.long
NO_SCHEDULER_SECONDS = 70.0
"""A gate that sees none waits for as long as one that was killed looks alive."""


def test_from_the_first_look_to_finish(world: World) -> None:
    push(world.legacy, *range(50))
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    settled_status(world, run)
    assert (world.pointer_side, world.status.can["go"].is_allowed) == ("old", True)
    world.app_cache.client.set("users_b:canary", "written on the new side before go", ex=600)
    drive(run, until=lambda: world.legacy.client.get("users_b:canary") is not None)
    settled_status(world, run)
    answer = asked(world, Wish.GO, run)
    assert answer.change is Change.CHANGED, answer
    assert (world.pointer_side, world.record.stage) == ("new", Stage.NEW)
    world.heartbeat(world.sidekiq)
    drive(run, until=lambda: len(jobs_of(world.sidekiq)) == 50)
    assert jobs_of(world.sidekiq) == list(range(50))
    world.app_cache.client.set("users_b:new", "by a new process")
    world.legacy.client.set("users_b:old", "by an old process")
    drive(
        run,
        until=lambda: (
            (world.legacy.client.get("users_b:new"), world.app_cache.client.get("users_b:old"))
            == (b"by a new process", b"by an old process")
        ),
    )
    world.stop_worker(world.sidekiq)
    world.cron_ahead = NO_SCHEDULER_SECONDS
    drive(run, until=lambda: world.status.can["finish"].is_allowed)
    answer = asked(world, Wish.FINISH, run)
    assert answer.change is Change.CHANGED, answer
    assert (run.phase, world.own_keys()) == (Phase.FINISHED, [])
    assert [step.step.value for step in world.record.history if step.outcome is not None and step.wish is Wish.FINISH][-1] == "report"
    assert world.app_cache.client.dbsize() == KEYS + 3


def test_abandoned_before_go_nothing_of_ours_stays(world: World) -> None:
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    before = Counter(world.legacy.client.scan_iter("users_b:*"))
    settled_status(world, run)
    assert asked(world, Wish.ABANDON, run, options=Options(empty_targets=True)).change is Change.CHANGED
    assert (run.phase, world.own_keys(), world.pointer_side) == (Phase.ABANDONED, [], "old")
    assert Counter(world.legacy.client.scan_iter("users_b:*")) == before
    assert [server.client.dbsize() for server in (world.app_cache, world.sidekiq)] == [0, 0]


def test_back_and_all_of_it_is_there(world: World) -> None:
    push(world.legacy, *range(20))
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    settled_status(world, run)
    assert asked(world, Wish.GO, run).change is Change.CHANGED
    world.heartbeat(world.sidekiq)
    drive(run, until=lambda: len(jobs_of(world.sidekiq)) == 20)
    push(world.sidekiq, 20, 21)
    world.app_cache.client.set("users_b:new", "by a new process")
    settled_status(world, run)
    assert asked(world, Wish.BACK, run).change is Change.CHANGED
    assert world.pointer_side == "old"
    world.stop_worker(world.sidekiq)
    world.heartbeat(world.legacy)
    world.cron_ahead = NO_SCHEDULER_SECONDS
    drive(run, until=in_phase(run, Phase.ARMED))
    assert world.record.stage is Stage.OLD
    assert jobs_of(world.legacy) == list(range(22))
    assert (jobs_of(world.sidekiq), world.legacy.client.get("users_b:new")) == ([], b"by a new process")
    settled_status(world, run)
    assert asked(world, Wish.ABANDON, run).change is Change.CHANGED
    assert world.own_keys() == []


TWIN = '{"class": "A", "args": [], "jid": "000000000000000000000001", "queue": "default"}'


def on_the_way_back_with_a_twin(world: World) -> SplitRun:
    """The same bytes in `retry` of both sides: two jobs, with two scores; the one of legacy is held on the new side."""
    run = world.engine()
    legacy: Any = world.legacy.client
    new: Any = world.sidekiq.client
    legacy.zadd("retry", {TWIN: 4_000_000_000})
    drive(run, until=in_phase(run, Phase.ARMED))
    new.zadd("retry", {TWIN: 4_000_000_001})
    settled_status(world, run)
    assert asked(world, Wish.GO, run).change is Change.CHANGED
    world.heartbeat(world.sidekiq)
    drive(run, until=lambda: bool(new.exists(f"uplift:handover:{world.record.run}:held:retry")))
    settled_status(world, run)
    assert asked(world, Wish.BACK, run).change is Change.CHANGED
    world.stop_worker(world.sidekiq)
    world.heartbeat(world.legacy)
    return run


def both_twins_come_back(world: World, run: SplitRun) -> None:
    """The first one comes back; the one that was held follows it, and is held on legacy until that one ran."""
    legacy: Any = world.legacy.client
    drive(run, until=lambda: bool(legacy.exists(f"uplift:handover:{world.record.run}b:held:retry")))
    assert (legacy.zscore("retry", TWIN), run.phase) == (4_000_000_001, Phase.MOVING_BACK)
    assert not world.sidekiq.client.exists(f"uplift:handover:{world.record.run}:held:retry")
    legacy.zrem("retry", TWIN)
    drive(run, until=lambda: legacy.zscore("retry", TWIN) == 4_000_000_000)
    world.cron_ahead = NO_SCHEDULER_SECONDS
    drive(run, until=in_phase(run, Phase.ARMED))


def test_a_job_that_is_held_behind_its_twin_comes_back_too(world: World) -> None:
    both_twins_come_back(world, on_the_way_back_with_a_twin(world))


def test_back_is_not_over_before_it_was_looked_for_what_was_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look comes late: the handover in the other direction has come to its end once by then, and begun anew."""
    look, opened_handover, opened = HeldJobs.step, MovingJobs._opened, 0

    def count_opened(jobs: MovingJobs) -> Handover:
        nonlocal opened
        opened += 1
        return opened_handover(jobs)

    run = on_the_way_back_with_a_twin(world)
    monkeypatch.setattr(MovingJobs, "_opened", count_opened)
    monkeypatch.setattr(HeldJobs, "step", lambda held: look(held) if opened > 1 else None)
    both_twins_come_back(world, run)


def test_abandoned_at_once_after_back_the_gate_is_given_up_as_well(world: World) -> None:
    """What the gate said in the other direction is no answer to what is wanted now."""
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    settled_status(world, run)
    assert asked(world, Wish.GO, run).change is Change.CHANGED
    world.heartbeat(world.sidekiq)
    world.cron_ahead = NO_SCHEDULER_SECONDS
    settled_status(world, run)
    assert asked(world, Wish.BACK, run).change is Change.CHANGED
    world.stop_worker(world.sidekiq)
    drive(run, until=lambda: world.status.can["abandon"].is_allowed)
    assert asked(world, Wish.ABANDON, run).change is Change.CHANGED
    assert world.own_keys() == []
