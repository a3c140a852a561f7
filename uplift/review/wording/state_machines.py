"""A state machine's definition as its template has it, with and without comments."""

from __future__ import annotations

import json
from typing import Any

from uplift.review.templates.template import Resource, Value, referred_to
from uplift.review.wording.values import flattened

STATE_MACHINE = "AWS::StepFunctions::StateMachine"
# A machine inside a machine: branches of a Parallel, the processor of a Map. Elsewhere a `Comment` may be what a step is given.
_MACHINES_INSIDE = ("Branches", "Iterator", "ItemProcessor")
_RULES_INSIDE = ("Choices", "Retry", "Catch")


def functions_of(machine: Resource) -> list[str]:
    """Logical ids the definition refers to, such as its functions."""
    return list(dict.fromkeys(referred_to([machine.property("DefinitionString"), machine.property("DefinitionSubstitutions")])))


def definition_of(machine: Resource) -> dict[str, Any] | None:
    """The definition; None where it is not written in the template."""
    whole = machine.property("Definition")
    if isinstance(whole, dict):
        return _read(json.dumps(_flat(whole)))
    return _read(flattened(machine.property("DefinitionString") or ""))


def _read(text: str) -> dict[str, Any] | None:
    try:
        definition = json.loads(text)
    except ValueError:
        return None
    # An expression in words is JSON as well.
    return definition if isinstance(definition, dict) and "States" in definition else None


def _flat(value: Value) -> Value:
    """References inside a definition that is an object, as they stand in one that is a text."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in {"Ref", "Fn::GetAtt", "Fn::Join", "Parameter"}:
            return flattened(value)
        return {name: _flat(item) for name, item in value.items()}
    return [_flat(item) for item in value] if isinstance(value, list) else value


def without_comments(machine: dict[str, Any]) -> dict[str, Any]:
    """A machine without what is for readers only; what steps are given stays as it is."""
    states = machine.get("States")
    found = {name: item for name, item in machine.items() if name != "Comment"}
    if isinstance(states, dict):
        found["States"] = {name: _state(state) if isinstance(state, dict) else state for name, state in states.items()}
    return found


def _state(state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in state.items():
        if name == "Comment":
            continue
        if name in _RULES_INSIDE and isinstance(item, list):
            found[name] = [{key: one for key, one in rule.items() if key != "Comment"} if isinstance(rule, dict) else rule for rule in item]
        elif name in _MACHINES_INSIDE:
            found[name] = [without_comments(one) for one in item] if isinstance(item, list) else without_comments(item)
        else:
            found[name] = item
    return found
