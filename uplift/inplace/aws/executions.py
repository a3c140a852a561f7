"""Executions of the state machine: whether one is over, and what one looks like at one point in time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Look:
    """One execution at one point in time. Times are seconds since 1970; `states` are those entered, in order, each with its time."""

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

    @property
    def entered(self) -> tuple[str, ...]:
        """The states it came to, in order."""
        return tuple(name for name, _at in self.states)


@dataclass(frozen=True, slots=True)
class Executions:
    """Looks executions up by ARN."""

    client: SFNClient

    def is_running(self, arn: str) -> bool | None:
        """Whether an execution is at work; None where that cannot be known, as of one that is none of this machine's."""
        try:
            return self.client.describe_execution(executionArn=arn)["status"] == RUNNING
        except ClientError as problem:
            if problem.response["Error"]["Code"] in {"ExecutionDoesNotExist", "InvalidArn", "AccessDenied", "AccessDeniedException"}:
                return None
            raise


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
