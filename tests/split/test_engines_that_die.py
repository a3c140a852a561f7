"""Engines that are killed: in every phase, with and without one that stands by, and between any two stored steps of a command."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.split.driven import SECONDS, World, asked, drive, in_a_child, in_phase, jobs_of, kill, push, settled_status, wait_for, world
from uplift.cli.split import asking
from uplift.cli.split.asking import asked_and_answered, state_at, who
from uplift.split.decisions.next_step import FLIP, STEPS
from uplift.split.decisions.role import Role
from uplift.split.record.asked import Answer, Asked, Change, Options, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Phase, Stage
from uplift.split.record.steps import StepName, StepOutcome
from uplift.split.run.split_run import SplitRun
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

_ = world
pytestmark = pytest.mark.long
NO_SCHEDULER_SECONDS = 70.0
FULL_SECONDS = 3.0
"""More than three times as long as between two statuses."""


class DyingStore(DirectoryStore):
    """Kills its process right before or right behind the write of a step's intent or outcome."""

    def __init__(self, world: World, step: StepName, *, is_outcome: bool, is_before: bool) -> None:
        folder = SplitFolder(world.path)
        folder.make()
        super().__init__(folder)
        self._step, self._is_outcome, self._is_before = step, is_outcome, is_before

    def write(self, record: SplitRecord) -> None:
        latest = record.command.latest if record.command is not None else None
        is_it = latest is not None and latest.step is self._step and (latest.outcome is not None) is self._is_outcome
        if is_it and self._is_before:
            os.kill(os.getpid(), signal.SIGKILL)
        super().write(record)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)


def told_phase(world: World, phase: Phase) -> Callable[[], bool]:
    return lambda: (
        world.store().read_status() is not None and world.status.phase is phase and world.status.revision == world.record.revision
    )


MOMENTS = [(is_outcome, is_before) for is_outcome in (False, True) for is_before in (True, False)]


@pytest.mark.parametrize(("is_outcome", "is_before"), MOMENTS, ids=["before the intent", "behind it", "before the outcome", "behind that"])
@pytest.mark.parametrize("step", STEPS[Wish.GO], ids=lambda step: step.value)
def test_killed_at_a_step_of_go(world: World, step: StepName, *, is_outcome: bool, is_before: bool) -> None:
    """Before the flip nothing was changed; from the flip on the next engine completes it, but never runs --on-go a second time."""
    ran = world.path.parent / "ran"
    on_go = f"sh -c 'echo x >> {ran}'"
    with in_a_child(world, lambda: DyingStore(world, step, is_outcome=is_outcome, is_before=is_before), on_go=on_go) as child:
        wait_for(told_phase(world, Phase.ARMED), "armed")
        try:
            asked_and_answered_or_dead(world, child)
        finally:
            kill(child)
    run = world.engine("b", on_go=on_go)
    drive(
        run,
        until=lambda: world.record.engine == "b" and world.record.command is None and run.phase in {Phase.ARMED, Phase.MOVING, Phase.MOVED},
    )
    flipped = _has_flipped(step, is_outcome=is_outcome, is_before=is_before)
    assert (world.record.stage, world.pointer_side) == ((Stage.NEW, "new") if flipped else (Stage.OLD, "old"))
    times = len(ran.read_text().split()) if ran.exists() else 0
    unfinished = world.record.unfinished
    assert times <= 1
    if step is StepName.HOOK and not (is_before and not is_outcome):
        # Whether it was run: its engine did not live to say so.
        is_known = is_outcome and not is_before
        assert (unfinished is None) is is_known
        if unfinished is not None:
            assert unfinished.outcome is StepOutcome.UNKNOWN
            settled_status(world, run)
            assert asked(world, Wish.GO, run, options=Options()).change is Change.NOTHING


def _has_flipped(step: StepName, *, is_outcome: bool, is_before: bool) -> bool:
    """The pointer is written between the intent and the outcome of its step."""
    order = STEPS[Wish.GO]
    if step is FLIP[Wish.GO]:
        return is_outcome
    return order.index(step) > order.index(FLIP[Wish.GO])


def asked_and_answered_or_dead(world: World, child: int) -> None:
    """Ask; the engine dies over it."""
    state = state_at(world.path)
    state.store.ask(Asked(wish=Wish.GO, run=state.status.run, revision=state.status.revision, who=who(), at=time.time()))
    wait_for(lambda: _is_dead(child), "the engine did not die")


def _is_dead(child: int) -> bool:
    done, _ = os.waitpid(child, os.WNOHANG)
    return done == child


PHASES = [Phase.CATCHING_UP, Phase.ARMED, Phase.MOVING, Phase.MOVING_BACK]


@pytest.mark.parametrize("has_standby", [True, False], ids=["with a standby", "alone"])
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.value)
def test_killed_in_a_phase(world: World, phase: Phase, *, has_standby: bool) -> None:
    """Another engine goes on in the same phase, keys and jobs are all there, and what was told to both sides stays."""
    push(world.legacy, *range(10))
    with in_a_child(world) as child:
        wait_for(lambda: world.path.joinpath("split.json").exists() and world.record.has_led, "it follows")
        other = world.engine("other", stands_by=True) if has_standby else None
        if other is not None:
            drive(other, until=lambda: other.role is Role.STAND_BY)
        _bring(world, phase, *([other] if other is not None else []))
        world.legacy.client.set("users_b:told", "to both", ex=3600)
        kill(child)
    world.legacy.client.set("users_b:00000001", "while nobody led", ex=3600)
    run = other or world.engine("other")
    drive(run, until=lambda: world.record.engine == "other" and run.phase in _AFTER[phase])
    if phase is Phase.MOVING:
        world.heartbeat(world.sidekiq)
        drive(run, until=lambda: jobs_of(world.sidekiq) == list(range(10)))
    drive(
        run,
        until=lambda: (
            [world.app_cache.client.get(name) for name in ("users_b:told", "users_b:00000001")] == [b"to both", b"while nobody led"]
        ),
    )
    assert world.record.stage.side.value == world.pointer_side
    assert world.status.named == 0


_AFTER = {
    Phase.CATCHING_UP: {Phase.ARMED},
    Phase.ARMED: {Phase.ARMED},
    Phase.MOVING: {Phase.MOVING, Phase.MOVED},
    Phase.MOVING_BACK: {Phase.MOVING_BACK, Phase.ARMED},
}


def _bring(world: World, phase: Phase, *others: SplitRun) -> None:
    """To a phase, while another process leads."""
    if phase is Phase.CATCHING_UP:
        return
    drive_or_wait(world, told_phase(world, Phase.ARMED), *others)
    if phase is Phase.ARMED:
        return
    assert _said(world, Wish.GO, *others).change is Change.CHANGED
    if phase is Phase.MOVING_BACK:
        drive_or_wait(world, lambda: world.status.revision == world.record.revision, *others)
        assert _said(world, Wish.BACK, *others).change is Change.CHANGED


def drive_or_wait(world: World, is_so: Callable[[], bool], *others: SplitRun) -> None:
    if others:
        drive(*others, until=is_so)
    else:
        wait_for(is_so, str(world.path))


def _said(world: World, wish: Wish, *others: SplitRun) -> Answer:
    if others:
        return asked(world, wish, *others)
    return asked_and_answered(state_at(world.path), wish, Options(), lambda _text: None)


def test_a_state_directory_that_is_away_for_a_while_stops_no_follow(world: World) -> None:
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    gone = world.path.parent / "gone"
    (world.path / "split.json").rename(gone)
    drive(run, until=lambda: run.not_written is not None)
    world.legacy.client.set("users_b:1", "meanwhile")
    drive(run, until=lambda: world.app_cache.client.get("users_b:1") == b"meanwhile")
    gone.rename(world.path / "split.json")
    drive(run, until=lambda: run.not_written is None)
    settled_status(world, run)
    assert asked(world, Wish.GO, run).change is Change.CHANGED


def test_a_disk_that_is_full_ends_no_engine(world: World) -> None:
    """It may write files of no length. What it keeps for itself may be lost; what is decided waits until it can be written down."""
    legacy, app_cache = world.legacy.client, world.app_cache.client
    with in_a_child(world) as child:
        wait_for(told_phase(world, Phase.ARMED), "armed")
        _soft, hard = resource.prlimit(child, resource.RLIMIT_FSIZE)
        resource.prlimit(child, resource.RLIMIT_FSIZE, (0, hard))
        wait_for(lambda: time.time() - world.status.at > FULL_SECONDS, "nothing is told any more")
        legacy.set("users_b:full", "written meanwhile", ex=600)
        wait_for(lambda: app_cache.get("users_b:full") == b"written meanwhile", "it follows on")
        resource.prlimit(child, resource.RLIMIT_FSIZE, (hard, hard))
        wait_for(lambda: time.time() - world.status.at < FULL_SECONDS, "it tells again")
        assert (world.status.engine, world.status.named) == (f"child{child}", 0)


def test_an_engine_that_is_told_to_leave_hands_over_without_a_gap(world: World) -> None:
    first, second = world.engine("a"), world.engine("b", stands_by=True)
    drive(first, second, until=lambda: in_phase(first, Phase.ARMED)() and second.parts.is_warm)
    drive(first, second, until=lambda: first.parts.has_warm_standby)
    first.leave()
    drive(first, second, until=lambda: world.record.engine == "b" and first.step(0.0).is_over)
    first.close()
    drive(second, until=in_phase(second, Phase.ARMED))
    status = world.status
    assert status.follow is not None
    assert (status.follow.gaps.count, status.engines_used) == (0, 2)


def test_one_that_is_started_as_the_first_was_stands_by_where_another_leads(world: World) -> None:
    """The first one died, the other took over, and somebody's service manager starts the first again with its own command."""
    with in_a_child(world) as child:
        wait_for(told_phase(world, Phase.ARMED), "armed")
        second = world.engine("second", stands_by=True)
        drive(second, until=lambda: second.parts.is_warm)
        kill(child)
        drive(second, until=lambda: world.record.engine == "second" and second.phase is Phase.ARMED)
    again = world.engine("again")
    drive(second, again, until=lambda: again.role is Role.STAND_BY and again.parts.is_warm)
    assert world.record.engine == "second"


def test_an_engine_that_stood_still_stands_by_when_it_wakes_up(world: World) -> None:
    with in_a_child(world) as child:
        wait_for(told_phase(world, Phase.ARMED), "armed")
        other = world.engine("other", stands_by=True)
        drive(other, until=lambda: other.parts.is_warm)
        os.kill(child, signal.SIGSTOP)
        try:
            drive(other, until=lambda: world.record.engine == "other" and other.phase is Phase.ARMED)
        finally:
            os.kill(child, signal.SIGCONT)
        drive(
            other,
            until=lambda: any(beat.engine == f"child{child}" and beat.is_warm and not beat.is_leading for beat in world.store().beats()),
        )
        assert world.record.engine == "other"
        assert world.status.named == 0


def test_one_that_stands_by_leaves_once_when_the_run_is_ended(world: World) -> None:
    first, second = world.engine("a"), world.engine("b", stands_by=True)
    drive(first, second, until=lambda: first.phase is Phase.ARMED and second.parts.is_warm)
    settled_status(world, first)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(asked_and_answered, state_at(world.path), Wish.ABANDON, Options(), lambda _text: None)
        told: list[str] = []
        deadline = time.monotonic() + SECONDS
        while not answer.done():
            assert time.monotonic() < deadline
            first.step(0.02)
            told += [event.text for event in second.step(0.02).events]
    assert answer.result().change is Change.CHANGED
    drive(second, until=lambda: second.step(0.0).is_over)
    assert not any("standing by" in text for text in told)
    assert world.own_keys() == []


def test_one_that_had_left_and_then_leads_has_not_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that sent it away died at the end it had sent it away for. Another that says it takes over sends it to stand by, and not out."""
    monkeypatch.setattr(asking, "_NOBODY_SECONDS", 1.0)
    first, second = world.engine("a"), world.engine("b", stands_by=True)
    drive(first, second, until=lambda: first.phase is Phase.ARMED and second.parts.is_warm)
    settled_status(world, first)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(asked_and_answered, state_at(world.path), Wish.ABANDON, Options(), lambda _text: None)
        drive(first, until=lambda: world.record.command is not None and world.record.command.has_begun(StepName.STANDBYS))
        # Neither of them lives any more, as far as an operator can see.
        wait_for(answer.done, "the operator is told")
    assert answer.result().change is Change.UNKNOWN
    assert "start one with the same --state" in answer.result().text
    drive(second, until=lambda: any(beat.engine == "b" and beat.has_left for beat in world.store().beats()))
    drive(second, until=lambda: world.record.engine == "b")
    drive(second, until=lambda: any(beat.engine == "b" and beat.is_leading and not beat.has_left for beat in world.store().beats()))
    drive(second, until=in_phase(second, Phase.ARMED))
    assert world.record.command is None, "it was before the flip, and is undone"
