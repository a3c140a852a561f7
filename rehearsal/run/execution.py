"""Watches executions of the deployed state machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rehearsal.run.narrator import PhaseTime
from uplift.errors import UpliftError
from uplift.inplace.run_phases import PHASES

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


def watch(states: Any, arns: list[str], tell: Callable[[str], None], longest_seconds: float) -> list[Ended]:
    """Wait until all executions have ended. Raises StillRunning after `longest_seconds`."""
    deadline = time.monotonic() + longest_seconds
    while time.monotonic() < deadline:
        running = [arn for arn in arns if states.describe_execution(executionArn=arn)["status"] == "RUNNING"]
        tell(_current_state(states, (running or arns)[0]))
        if not running:
            return [_ended(states, arn) for arn in arns]
        time.sleep(_POLL_SECONDS)
    raise StillRunning(
        f"the state machine is still in {_current_state(states, arns[0])} after {longest_seconds:.0f} s: the rehearsal gives up"
    )


def entered_states(states: Any, arn: str) -> list[tuple[str, float]]:
    """The states an execution has entered, with their moments in seconds since 1970; the last, nameless one is its latest event."""
    events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = [
        (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
        for event in events
        if "stateEnteredEventDetails" in event
    ]
    # One that was started this very moment has no event yet.
    return [*entered, ("", events[-1]["timestamp"].timestamp())] if events else []


def _current_state(states: Any, arn: str) -> str:
    entered = entered_states(states, arn)
    return entered[-2][0] if len(entered) > 1 else "starting"


def _ended(states: Any, arn: str) -> Ended:
    found = states.describe_execution(executionArn=arn)
    last = json.loads(found.get("output") or "{}")
    run_id = last.get("run_id") or _run_id(states, arn)
    outcome = last.get("outcome") or last.get("next") or found.get("error", "")
    return Ended(
        arn, found["status"], outcome, last.get("reason") or found.get("cause", ""), tuple(_phases(entered_states(states, arn))), run_id
    )


def _run_id(states: Any, arn: str) -> str:
    """The run's id out of the last step's answer; a failed execution has no output of its own."""
    events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    outputs = [event["stateExitedEventDetails"].get("output") for event in events if "stateExitedEventDetails" in event]
    return str(json.loads(outputs[-1]).get("run_id", "")) if outputs and outputs[-1] else ""


def _phases(entered: list[tuple[str, float]]) -> list[PhaseTime]:
    seconds: dict[str, float] = {}
    first: dict[str, float] = {}
    for (name, began), (_next, ended) in pairwise(entered):
        if name in PHASES:
            phase = PHASES[name].name
            seconds[phase] = seconds.get(phase, 0.0) + ended - began
            first.setdefault(phase, began)
    return [PhaseTime(f"upgrade: {name}", round(value, 2), first[name]) for name, value in seconds.items()]
