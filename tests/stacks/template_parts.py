"""What tests read of a template: resources of a type, and the actions of statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Template = dict[str, Any]
Statement = dict[str, Any]


def of_type(template: Template, kind: str, contains: str = "") -> dict[str, Any]:
    """The properties of each resource of a type, by logical id."""
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind and contains in name}


def statements_of(properties: dict[str, Any]) -> list[Statement]:
    """Those of a policy."""
    found: list[Statement] = properties["PolicyDocument"]["Statement"]
    return found


def actions_of(statements: Iterable[Statement], effect: str = "Allow") -> set[str]:
    """What statements of one effect name."""
    named = [one["Action"] for one in statements if one["Effect"] == effect]
    return {action for actions in named for action in ([actions] if isinstance(actions, str) else actions)}
