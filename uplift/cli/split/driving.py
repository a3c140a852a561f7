"""Drives an engine of a split to its end: what happens is shown, and Ctrl-C lets another engine take over."""

from __future__ import annotations

import time
from contextlib import suppress

from uplift.cli.signals import EndWish
from uplift.cli.split.view import SplitView
from uplift.errors import NotWritten
from uplift.split.decisions.role import Role
from uplift.split.record.stage import Phase
from uplift.split.run.split_run import SplitRun, SplitStep
from uplift.split.run.told_of_engine import EngineTold

_SHOW_SECONDS = 1.0
_LEAVE_SECONDS = 12.0
UNTIL_ARMED, UNTIL_FINISHED = "armed", "finished"


def driven(run: SplitRun, view: SplitView, wish: EndWish, *, until: str | None) -> None:
    """Until the run is over, or is as it was to be, or somebody wishes it to end: then an engine that stands by takes over, where one could
    without a gap. Raises KeyboardInterrupt for a second wish, and what SplitRun.step raises.
    """
    show_at = 0.0
    while True:
        step = run.step()
        is_due = time.monotonic() >= show_at
        if is_due:
            show_at = time.monotonic() + _SHOW_SECONDS
        _show(view, step, run.told if is_due else None)
        if step.is_over or _is_there(run, step, until):
            return
        if wish.is_there:
            _leave(run, view)
            return


def _is_there(run: SplitRun, step: SplitStep, until: str | None) -> bool:
    if until == UNTIL_ARMED:
        return run.role is Role.LEAD and step.phase is Phase.ARMED
    return until == UNTIL_FINISHED and step.phase is Phase.FINISHED and run.role is Role.LEAD and run.is_done


def _leave(run: SplitRun, view: SplitView) -> None:
    run.leave()
    deadline = time.monotonic() + _LEAVE_SECONDS
    while time.monotonic() < deadline:
        step = run.step()
        _show(view, step)
        if step.is_over:
            return


def _show(view: SplitView, step: SplitStep, told: EngineTold | None = None) -> None:
    """Nobody's sessions wait for a log: where that cannot be written, or its reader is gone, the engine goes on."""
    with suppress(OSError, NotWritten):
        for event in step.events:
            view.event(event)
        if told is not None:
            view.status(told)
