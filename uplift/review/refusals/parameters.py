"""Parameters of a template that nothing gives a value, or one that they cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.known_values import known_number
from uplift.review.templates.template import StackTemplate


def parameters_without_value(base: StackTemplate | None, head: StackTemplate) -> Iterator[Refusal]:
    """Parameters without a default that are new, or that lose it.

    CloudFormation keeps the value of a deployed parameter only where it is asked to (API reference, UpdateStack, `UsePreviousValue`).
    """
    known = base.section("Parameters") if base is not None else {}
    for name, definition in head.section("Parameters").items():
        if "Default" in definition:
            continue
        before = known.get(name)
        if before is not None and "Default" not in before:
            continue
        yield Refusal(
            "",
            f"parameter {name} has no default",
            "the deploy gives it no value",
            f"give {name} a Default, or put the value itself into the template",
        )


def defaults_of_another_kind(stack: StackTemplate) -> Iterator[Refusal]:
    """A parameter of type Number whose default is none (user guide, "Parameters"); cfn-lint judges the other rules of a default."""
    for name, definition in stack.section("Parameters").items():
        if definition.get("Type") != "Number" or "Default" not in definition:
            continue
        if known_number(definition["Default"]) is None:
            yield Refusal("", f"parameter {name}: default {definition['Default']}", "its type is Number", "write a number")
