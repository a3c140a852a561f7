"""A changed state machine as people draw it: states added, removed, rewired, and changed inside; and how much each line weighs.

Field names are those of the Amazon States Language. A `Comment` says nothing to Step Functions, and neither does the order of fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from uplift.review.templates.template import Resource
from uplift.review.wording.state_machines import definition_of, without_comments
from uplift.review.wording.values import flattened

_ARROWS = ("Next", "Default", "End")
_MEETS_FAILURES = ("Retry", "Catch")


class Weight(StrEnum):
    """What a line is about."""

    SAFETY = "failures"
    STEPS = "steps"
    WORDS = "comments"


@dataclass(frozen=True, slots=True)
class Line:
    """One difference in words."""

    text: str
    weight: Weight = Weight.STEPS


def differences(before: Resource, after: Resource) -> list[Line]:
    """One line for each state that is new, removed, rewired or changed; one line for a definition that cannot be read."""
    old, new = definition_of(before), definition_of(after)
    if old is None or new is None:
        return [Line("the definition differs, and is not written in the template")]
    lines = list(_differences(without_comments(old), without_comments(new)))
    substitutions = [flattened(side.property("DefinitionSubstitutions") or {}) for side in (before, after)]
    if substitutions[0] != substitutions[1]:
        lines.append(Line(f"what is put in: {substitutions[0]} → {substitutions[1]}"))
    return lines or ([Line("comments alone", Weight.WORDS)] if old != new else [])


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    if old.get("StartAt") != new.get("StartAt"):
        yield Line(f"starts at {new.get('StartAt')} (was {old.get('StartAt')})")
    before, after = old.get("States", {}), new.get("States", {})
    for name in sorted(after.keys() - before.keys()):
        yield Line(f"added: {name} ({after[name].get('Type')}){_leads(after[name])}")
    for name in sorted(before.keys() - after.keys()):
        yield Line(f"removed: {name}")
    for name in sorted(before.keys() & after.keys()):
        yield from _of_state(name, before[name], after[name])
    if _rest(old, {"States", "StartAt"}) != _rest(new, {"States", "StartAt"}):
        yield Line("the machine's own settings, such as its timeout")


def _of_state(name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Line]:
    old, new = list(_arrows(before)), list(_arrows(after))
    fewer = [key for key in _MEETS_FAILURES if _meets_less(before.get(key), after.get(key))]
    if old != new:
        removed, added = [one for one in old if one not in new], [one for one in new if one not in old]
        now = f"{', '.join(removed) or 'nothing'} → {', '.join(added) or 'nothing'}"
        weight = Weight.SAFETY if "Catch" in fewer else Weight.STEPS
        yield Line(f"rewired: {name}: {now}" if removed or added else f"reordered: {name}", weight)
    inside = sorted(key for key in before.keys() | after.keys() if key not in _ARROWS and _inside(before, key) != _inside(after, key))
    if inside:
        yield Line(f"changed: {name}: {', '.join(inside)}", Weight.SAFETY if set(fewer) & set(inside) else Weight.STEPS)


def _meets_less(before: Any, after: Any) -> bool:
    """Whether an error that was tried again, or caught, is met by fewer attempts or by nothing."""
    old, new = _attempts(before), _attempts(after)
    return any(new.get(error, -1) < attempts for error, attempts in old.items())


def _attempts(entries: Any) -> dict[str, float]:
    """By error: how often it is tried again, 3 times where nothing is said; a catcher counts as none."""
    found: dict[str, float] = {}
    for entry in entries if isinstance(entries, list) else []:
        attempts = entry.get("MaxAttempts", 3) if isinstance(entry, dict) and "Next" not in entry else 0
        for error in entry.get("ErrorEquals", []) if isinstance(entry, dict) else []:
            found.setdefault(str(error), attempts if isinstance(attempts, int) else 0)
    return found


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
