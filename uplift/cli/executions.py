"""Executions of a deployed state machine: started, looked at, watched, stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from uplift.cli.aws import Deployment, aws_named

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
_POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """One execution at one moment. Times are seconds since 1970; `states` are those entered, in order, each with its moment."""

    arn: str
    status: str
    started_at: float
    stopped_at: float | None
    states: tuple[tuple[str, float], ...]
    last: dict[str, Any]
    error: str
    cause: str

    @property
    def state(self) -> str:
        """The state it is in, or was in last."""
        return self.states[-1][0] if self.states else ""

    @property
    def outcome(self) -> str:
        """How it ended, as far as it has; a failed execution's error outweighs what its last step said (it may be unreported)."""
        return self.error or str(self.last.get("outcome") or (self.last.get("next") if self.status == SUCCEEDED else "") or "")

    @property
    def reason(self) -> str:
        """Why: a failed execution's cause, else what the last step said."""
        return self.cause or str(self.last.get("reason") or "")

    def has_entered(self, state: str) -> bool:
        """Whether it came to a state."""
        return state in [name for name, _at in self.states]


@dataclass(frozen=True, slots=True)
class Machine:
    """One deployed state machine."""

    deployment: Deployment
    arn: str

    def start(self, machine_input: dict[str, Any]) -> str:
        """Start an execution under a name that tells when; returns its ARN."""
        name = f"by-hand-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        with aws_named("starting the state machine"):
            started = self.deployment.states.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps(machine_input))
        return started["executionArn"]

    def newest(self) -> str | None:
        """The execution that runs, else the one that was started last; None where there never was one."""
        with aws_named("listing executions"):
            found = self.deployment.states.list_executions(stateMachineArn=self.arn, maxResults=100)["executions"]
        found.sort(key=lambda one: (one["status"] == RUNNING, one["startDate"]), reverse=True)
        return found[0]["executionArn"] if found else None

    def running(self) -> list[str]:
        """Every execution that runs now."""
        with aws_named("listing executions"):
            found = self.deployment.states.list_executions(stateMachineArn=self.arn, statusFilter="RUNNING")["executions"]
        return [one["executionArn"] for one in found]

    def look(self, arn: str) -> Look:
        """Look at one execution."""
        with aws_named("reading the execution"):
            return look_at(self.deployment.states, arn)

    def watch(self, arn: str, tell: Callable[[Look], None]) -> Look:
        """Look until it has ended."""
        while True:
            look = self.look(arn)
            tell(look)
            if look.status != RUNNING:
                return look
            time.sleep(_POLL_SECONDS)

    def stop(self, arn: str, cause: str) -> None:
        """Stop one execution; a function that is at work ends its step nevertheless."""
        with aws_named("stopping the execution"):
            self.deployment.states.stop_execution(executionArn=arn, error="Stopped", cause=cause)


def look_at(states: SFNClient, arn: str) -> Look:
    """Look at one execution. Raises botocore's ClientError."""
    found = states.describe_execution(executionArn=arn)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    stopped = found.get("stopDate")
    return Look(
        arn=arn,
        status=found["status"],
        started_at=found["startDate"].timestamp(),
        stopped_at=stopped.timestamp() if stopped else None,
        states=tuple(_entered(events)),
        last=json.loads(found.get("output") or _last_output(events) or "{}"),
        error=found.get("error", ""),
        cause=found.get("cause", ""),
    )


def _entered(events: list[HistoryEventTypeDef]) -> list[tuple[str, float]]:
    return [
        (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
        for event in events
        if "stateEnteredEventDetails" in event
    ]


def _last_output(events: list[HistoryEventTypeDef]) -> str:
    """What the last finished step handed on: the run's state."""
    outputs = [event["stateExitedEventDetails"].get("output", "") for event in events if "stateExitedEventDetails" in event]
    return outputs[-1] if outputs else ""
