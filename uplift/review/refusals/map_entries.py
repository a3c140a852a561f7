"""Fn::FindInMap of a map or a key that is not there: CloudFormation refuses the template as a whole (user guide, "Fn::FindInMap")."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.refusals.nearest import did_you_mean
from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.template import StackTemplate, Value


def missing_map_entries(stack: StackTemplate) -> Iterator[Refusal]:
    """Of resources, outputs and conditions; a key that a parameter names is left out, and so is one with a default."""
    for logical_id, raw in stack.section("Resources").items():
        properties = raw.get("Properties") or {}
        for name, value in properties.items():
            for path in _paths(value):
                yield from _missing(stack, path, logical_id, frozenset({name}))
    for section in ("Outputs", "Conditions"):
        for path in _paths(stack.section(section)):
            yield from _missing(stack, path, "", frozenset())


def _paths(value: Value) -> Iterator[list[Value]]:
    """Every map, key and second key that is asked for, without those that have a default."""
    if isinstance(value, list):
        for item in value:
            yield from _paths(item)
    elif isinstance(value, dict):
        path = value.get("Fn::FindInMap")
        if isinstance(path, list) and len(path) == 3:
            yield path
        for item in value.values():
            yield from _paths(item)


def _missing(stack: StackTemplate, path: list[Value], logical_id: str, about: frozenset[str]) -> Iterator[Refusal]:
    found: Value = stack.section("Mappings")
    for step in path:
        key = _key(step, stack)
        if key is None or not isinstance(found, dict):
            return
        if key not in found:
            written = ".".join(str(_key(one, stack) or "…") for one in path)
            yield Refusal(
                logical_id,
                f"Fn::FindInMap of {written}",
                f"there is no {key}",
                f"write it under Mappings{did_you_mean(key, found)}",
                about,
            )
            return
        found = found[key]


def _key(step: Value, stack: StackTemplate) -> str | None:
    match step:
        case {"Ref": str(name)} if name.startswith("AWS::"):
            return stack.known.get(name)
        case str() | int():
            return str(step)
        case _:
            return None
