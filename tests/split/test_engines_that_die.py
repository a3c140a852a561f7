"""Engines that are killed: in every phase, with and without one that stands by, and between any two stored steps of a command."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.split.driven import World, asked, drive, in_a_child, kill, settled_status, wait_for, world
from uplift.cli.split.asking import state_at
from uplift.split.decisions.next_step import FLIP, STEPS
from uplift.split.record.asked import Change, Options, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Phase, Stage
from uplift.split.record.steps import StepName, StepOutcome
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

_ = world
pytestmark = pytest.mark.long
NO_SCHEDULER_SECONDS = 70.0


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
    import time

    from uplift.cli.split.asking import who
    from uplift.split.record.asked import Asked

    state = state_at(world.path)
    state.store.ask(Asked(wish=Wish.GO, run=state.status.run, revision=state.status.revision, who=who(), at=time.time()))
    wait_for(lambda: _is_dead(child), "the engine did not die")


def _is_dead(child: int) -> bool:
    done, _ = os.waitpid(child, os.WNOHANG)
    return done == child
