"""Watches executions of the deployed state machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.run.progress_display import PhaseTime
from uplift.errors import UpliftError
from uplift.inplace.aws.executions import RUNNING, Look, look_at
from uplift.report.run_story import phases

_POLL_SECONDS = 0.25


class StillRunning(UpliftError):
    """An execution did not end in the time a rehearsal gives it."""

    code = "StillRunning"


@dataclass(frozen=True, slots=True)
class Ended:
    """One finished execution: its status, its last state, and how long each of its phases took."""

    arn: str
    status: str
    outcome: str
    reason: str
    phases: tuple[PhaseTime, ...]
    run_id: str = ""


def watch(states: Any, arns: list[str], show: Callable[[str], None], longest_seconds: float) -> list[Ended]:
    """Wait until all executions have ended. Raises StillRunning after `longest_seconds`."""
    deadline = time.monotonic() + longest_seconds
    while True:
        looks = [look_at(states, arn) for arn in arns]
        running = [look for look in looks if look.status == RUNNING]
        state = (running or looks)[0].state or "starting"
        show(state)
        if not running:
            return [_ended(look) for look in looks]
        if time.monotonic() > deadline:
            raise StillRunning(f"the state machine is still in {state} after {longest_seconds:.0f} s: the rehearsal gives up")
        time.sleep(_POLL_SECONDS)


def _ended(look: Look) -> Ended:
    passed = phases(look.states, look.stopped_at or time.time())
    times = tuple(PhaseTime(f"upgrade: {phase.name}", round(phase.seconds, 2), phase.began_at) for phase in passed)
    return Ended(look.arn, look.status, look.outcome, look.reason, times, str(look.last.get("run_id", "")))
