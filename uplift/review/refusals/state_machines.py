"""State machines that Step Functions refuses: CreateStateMachine and UpdateStateMachine answer `InvalidDefinition`.

Source: Amazon States Language specification (states-language.net) and Step Functions developer guide, "State machine structure" and the
page of each state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uplift.review.refusals.nearest import did_you_mean
from uplift.review.refusals.refusal import Refusal
from uplift.review.refusals.state_fields import STATE_TYPES, field_problems, seconds_problems
from uplift.review.refusals.state_machine_definitions import NotJson, definition_of, is_known
from uplift.review.templates.template import StackTemplate
from uplift.review.wording.state_machines import STATE_MACHINE
from uplift.review.wording.values import shown

# Specification, "States": "MUST be less than or equal to 80 Unicode characters in length".
_LONGEST_NAME = 80
_DEFINITIONS = frozenset({"DefinitionString", "Definition"})


def refused_state_machines(stack: StackTemplate) -> Iterator[Refusal]:
    """Every problem of every definition that is written in the template."""
    for machine in stack.of_type(STATE_MACHINE):
        about = frozenset(_DEFINITIONS & machine.properties.keys())
        if not (_DEFINITIONS | {"DefinitionS3Location"}) & machine.properties.keys():
            yield Refusal(machine.logical_id, "no definition", "a state machine has to have one", "set DefinitionString", _DEFINITIONS)
            continue
        try:
            definition = definition_of(machine)
        except NotJson as problem:
            yield Refusal(
                machine.logical_id, f"the definition is no JSON object: {problem}", "Step Functions reads JSON", "write an object", about
            )
            continue
        if definition is not None:
            for what, action in _machine(definition, "", str(definition.get("QueryLanguage", "JSONPath"))):
                yield Refusal(machine.logical_id, what, "the definition is not valid", action, about)


def _machine(machine: Mapping[str, Any], place: str, language: str) -> Iterator[tuple[str, str]]:
    """Problems of one level, and of the levels in it, with what to do."""
    states, start = machine.get("States"), machine.get("StartAt")
    where = f" in {place}" if place else ""
    if not isinstance(states, dict) or not states:
        yield f"no States{where}", "write at least one state"
        return
    if start is None:
        yield f"no StartAt{where}", "name the first state"
    elif is_known(start) and start not in states:
        yield f"StartAt{where} names {start}, which is no state there", f"name a state{did_you_mean(str(start), states)}"
    for problem, action in seconds_problems("TimeoutSeconds", machine.get("TimeoutSeconds"), 1, language):
        yield f"the machine{where} {problem}", action
    for name, state in states.items():
        if len(name) > _LONGEST_NAME:
            yield f"a state's name of {len(name)} characters{where}: {shown(name)}", f"allowed: up to {_LONGEST_NAME}"
        if not isinstance(state, dict):
            yield f"state {name}{where} is no object", "write it as an object"
            continue
        for target in _targets(state):
            if is_known(target) and target not in states:
                yield f"{name}{where} leads to {target}, which is no state there", f"name a state{did_you_mean(target, states)}"
        yield from _state(name, state, where, language)
    yield from _unreached(start, states, where)


def _unreached(start: Any, states: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Step Functions answers `MISSING_TRANSITION_TARGET: State is not reachable`; nothing is said where a transition is not known."""
    led_to = {target for state in states.values() if isinstance(state, dict) for target in _targets(state)}
    if not isinstance(start, str) or not all(map(is_known, [start, *led_to])):
        return
    for name in states:
        if name != start and name not in led_to:
            yield f"no state leads to {name}{where}", "lead to it, or take it out"


def _state(name: str, state: Mapping[str, Any], where: str, language: str) -> Iterator[tuple[str, str]]:
    kind = state.get("Type")
    if kind is None:
        yield f"{name}{where} has no Type", f"allowed: {', '.join(STATE_TYPES)}"
        return
    if not is_known(kind):
        return
    if kind not in STATE_TYPES:
        yield f"{name}{where} is of type {kind}", f"allowed: {', '.join(STATE_TYPES)}"
        return
    for problem, action in field_problems(state, str(state.get("QueryLanguage", language))):
        yield f"{name}{where} {problem}", action
    for label, inner in _inner_machines(state):
        if isinstance(inner, dict):
            yield from _machine(inner, f"{name}{label}", str(state.get("QueryLanguage", language)))


def _inner_machines(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if state.get("Type") == "Parallel" and isinstance(state.get("Branches"), list):
        yield from ((f", branch {number}", branch) for number, branch in enumerate(state["Branches"], 1))
    if state.get("Type") == "Map":
        yield from ((", its iterator", state[key]) for key in ("ItemProcessor", "Iterator") if key in state)


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    """States that this one leads to."""
    rules = [*_objects(state.get("Catch")), *(_objects(state.get("Choices")) if state.get("Type") == "Choice" else [])]
    for holder, field in [(state, "Next"), (state, "Default"), *((rule, "Next") for rule in rules)]:
        if isinstance(holder.get(field), str):
            yield holder[field]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
