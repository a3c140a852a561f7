"""A deployed state machine as commands use it: executions started, looked at, watched, stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from uplift.aws_calls import aws_named
from uplift.cli.deployment import Deployment
from uplift.inplace.aws.executions import RUNNING, Look, look_at

_POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Machine:
    """One deployed state machine."""

    deployment: Deployment
    arn: str

    def start(self, machine_input: dict[str, Any]) -> str:
        """Start an execution under a name that says when; returns its ARN."""
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

    def watch(self, arn: str, show: Callable[[Look], None]) -> Look:
        """Look until it has ended."""
        while True:
            look = self.look(arn)
            show(look)
            if look.status != RUNNING:
                return look
            time.sleep(_POLL_SECONDS)

    def stop(self, arn: str, cause: str) -> None:
        """Stop one execution; a function that is at work ends its step nevertheless."""
        with aws_named("stopping the execution"):
            self.deployment.states.stop_execution(executionArn=arn, error="Stopped", cause=cause)
