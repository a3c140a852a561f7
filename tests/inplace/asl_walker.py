"""Walks a synthesised state machine with functions of ours as its tasks: just the states our definition uses.

It stands in for Step Functions where the order of two executions' calls must be ours to choose.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]
Task = Callable[[str, State], State]


@dataclass(frozen=True, slots=True)
class Walked:
    """How an execution ended: the last state, its kind, and the data there."""

    last: str
    succeeded: bool
    data: State


class TaskFailed(Exception):
    """A task failed with an error name, as Lambda reports it."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


def definition_of(template: dict[str, Any]) -> dict[str, Any]:
    """The state machine of the upgrade, its ARNs replaced by their logical ids."""
    found = template["Resources"].items()
    (machine,) = [item for name, item in found if item["Type"] == "AWS::StepFunctions::StateMachine" and name.startswith("InPlaceUpgrade")]
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts)
    definition: dict[str, Any] = json.loads(text)
    return definition


def walk(definition: dict[str, Any], data: State, task: Task, wait: Callable[[float], None]) -> Walked:
    """Run from StartAt to an end; `wait` gets the seconds a Wait state would take."""
    name = definition["StartAt"]
    while True:
        state = definition["States"][name]
        match state["Type"]:
            case "Task":
                name, data = _run_task(state, data, task)
            case "Choice":
                name = _choose(state, data)
            case "Wait":
                wait(state["Seconds"])
                name = state["Next"]
            case "Succeed" | "Fail" as kind:
                return Walked(name, kind == "Succeed", data)
            case other:
                raise NotImplementedError(other)


def _run_task(state: dict[str, Any], data: State, task: Task) -> tuple[str, State]:
    retries: dict[int, int] = {}
    while True:
        try:
            return state["Next"], task(state["Parameters"]["step"], data)
        except TaskFailed as failed:
            for number, retrier in enumerate(state.get("Retry", [])):
                if failed.error in retrier["ErrorEquals"] and retries.get(number, 0) < retrier["MaxAttempts"]:
                    retries[number] = retries.get(number, 0) + 1
                    break
            else:
                for catcher in state.get("Catch", []):
                    if "States.ALL" in catcher["ErrorEquals"] or failed.error in catcher["ErrorEquals"]:
                        field = catcher["ResultPath"].removeprefix("$.")
                        return catcher["Next"], {**data, field: {"Error": failed.error, "Cause": failed.cause}}
                raise


def _choose(state: dict[str, Any], data: State) -> str:
    for rule in state["Choices"]:
        if _holds(rule, data):
            return str(rule["Next"])
    return str(state["Default"])


def _holds(rule: dict[str, Any], data: State) -> bool:
    if "Or" in rule:
        return any(_holds(part, data) for part in rule["Or"])
    value: Any = data
    for part in rule["Variable"].removeprefix("$.").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if "IsPresent" in rule:
        return (value is not None) is rule["IsPresent"]
    return bool(value == rule["StringEquals"])
