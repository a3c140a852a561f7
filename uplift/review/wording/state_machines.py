"""A changed state machine as people draw it: states added, removed, rewired, and changed inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from uplift.review.templates.template import Resource, referred_to
from uplift.review.wording.values import flattened

STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_ARROWS = ("Next", "Default", "End")


def functions_of(machine: Resource) -> list[str]:
    """Logical ids the definition refers to, such as its functions."""
    return list(dict.fromkeys(referred_to([machine.property("DefinitionString"), machine.property("DefinitionSubstitutions")])))


def differences(before: Resource, after: Resource) -> list[str]:
    """One line for each state that is new, removed, rewired or changed; one line for a definition that cannot be read."""
    old, new = _definition(before), _definition(after)
    if old is None or new is None:
        return ["the definition differs, and is not written in the template"]
    return list(_differences(old, new))


def _definition(machine: Resource) -> dict[str, Any] | None:
    whole = machine.property("Definition")
    if isinstance(whole, dict):
        return whole
    try:
        definition = json.loads(flattened(machine.property("DefinitionString") or ""))
    except ValueError:
        return None
    return definition if isinstance(definition, dict) else None


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    if old.get("StartAt") != new.get("StartAt"):
        yield f"starts at {new.get('StartAt')} (was {old.get('StartAt')})"
    before, after = old.get("States", {}), new.get("States", {})
    for name in sorted(after.keys() - before.keys()):
        yield f"added: {name} ({after[name].get('Type')}){_leads(after[name])}"
    for name in sorted(before.keys() - after.keys()):
        yield f"removed: {name}"
    for name in sorted(before.keys() & after.keys()):
        yield from _of_state(name, before[name], after[name])
    if _rest(old, {"States", "StartAt"}) != _rest(new, {"States", "StartAt"}):
        yield "the machine's own settings, such as its timeout"


def _of_state(name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    old, new = list(_arrows(before)), list(_arrows(after))
    if old != new:
        removed, added = [one for one in old if one not in new], [one for one in new if one not in old]
        now = f"{', '.join(removed) or 'nothing'} → {', '.join(added) or 'nothing'}"
        yield f"rewired: {name}: {now}" if removed or added else f"reordered: {name}"
    inside = sorted(key for key in before.keys() | after.keys() if key not in _ARROWS and _inside(before, key) != _inside(after, key))
    if inside:
        yield f"changed: {name}: {', '.join(inside)}"


def _inside(state: dict[str, Any], key: str) -> object:
    """A state's field without its arrows, which are told apart from it."""
    value = state.get(key)
    if key in {"Catch", "Choices"} and isinstance(value, list):
        return [{name: item for name, item in branch.items() if name != "Next"} for branch in value]
    return value


def _arrows(state: dict[str, Any]) -> Iterator[str]:
    if "Next" in state:
        yield str(state["Next"])
    if state.get("End"):
        yield "the end"
    if "Default" in state:
        yield f"otherwise {state['Default']}"
    for choice in state.get("Choices", []):
        yield f"a choice to {choice.get('Next')}"
    for catch in state.get("Catch", []):
        yield f"on {'/'.join(catch.get('ErrorEquals', []))} {catch.get('Next')}"


def _leads(state: dict[str, Any]) -> str:
    arrows = ", ".join(_arrows(state))
    return f", leads to {arrows}" if arrows else ""


def _rest(definition: dict[str, Any], without: set[str]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in without}
