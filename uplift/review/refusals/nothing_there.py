"""What is referred to and is not there: a logical id, a condition, or a resource whose condition is false.

Source: CloudFormation user guide, "DependsOn attribute", "Conditions" and "Template anatomy": a template with an unresolved dependency is
refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.refusals.nearest import did_you_mean
from uplift.review.refusals.references import Reference, conditions_in, references_in
from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.template import StackTemplate, Value, referred_to


def missing_references(stack: StackTemplate) -> Iterator[Refusal]:
    """References of resources, outputs and conditions to what the template does not have; each missing name once, on who names it first."""
    users: dict[Reference, list[str]] = {}
    for logical_id, raw in stack.section("Resources").items():
        for one in _missing(stack, raw):
            users.setdefault(one, []).append(logical_id)
        yield from _conditions(stack, logical_id, raw, raw.get("Condition"))
    for one, names in users.items():
        yield _nothing_there(stack, one, names)
    for name, output in stack.section("Outputs").items():
        for one in _missing(stack, output):
            yield _nothing_there(stack, one, [""], f"output {name}: ")
        yield from _conditions(stack, "", output, output.get("Condition"))
    yield from _conditions(stack, "", stack.section("Conditions"), None)


def references_to_what_is_left_out(stack: StackTemplate) -> Iterator[Refusal]:
    """A resource whose condition is false is not made, and nothing that is made can refer to it."""
    left_out = stack.section("Resources").keys() - stack.resources.keys()
    for resource in stack.resources.values():
        for name, value in resource.properties.items():
            for target in sorted(left_out.intersection(referred_to(value))):
                yield Refusal(
                    resource.logical_id,
                    f"{name} refers to {target}",
                    f"the condition of {target} is false here, so it is not made",
                    "refer to it behind the same condition, with Fn::If",
                    frozenset({name}),
                )


def _missing(stack: StackTemplate, value: Value) -> Iterator[Reference]:
    resources, parameters = stack.section("Resources"), stack.section("Parameters")
    for one in dict.fromkeys(references_in(value)):
        is_there = one.target in resources or (one.function == "Ref" and one.target in parameters)
        if not is_there and not one.target.startswith("AWS::"):
            yield one


def _nothing_there(stack: StackTemplate, one: Reference, users: list[str], prefix: str = "") -> Refusal:
    others = f", in {len(users)} resources" if len(users) > 1 else ""
    names = [*stack.section("Resources"), *(stack.section("Parameters") if one.function == "Ref" else ())]
    nearest = did_you_mean(one.target, names)
    if one.function == "DependsOn":
        about = frozenset({"DependsOn"})
        return Refusal(users[0], f"DependsOn {one.target}{others}", "the template has no such resource", f"take it out{nearest}", about)
    return Refusal(
        users[0],
        f"{prefix}{one.function} of {one.target}{others}",
        "the template has nothing of that name",
        f"name what it has{nearest}",
        frozenset(_properties_with(stack.as_written(users[0]), one.target)),
    )


def _properties_with(raw: Value, target: str) -> Iterator[str]:
    for name, value in (raw.get("Properties") or {}).items():
        if any(one.target == target for one in references_in(value)):
            yield name


def _conditions(stack: StackTemplate, logical_id: str, value: Value, own: Value) -> Iterator[Refusal]:
    known = stack.section("Conditions")
    inside = value.get("Properties") if logical_id else value
    asked = [*([own] if isinstance(own, str) else []), *conditions_in(inside)]
    for name in dict.fromkeys(asked):
        if name not in known:
            yield Refusal(
                logical_id,
                f"condition {name}",
                "the template has no such condition",
                f"define it under Conditions{did_you_mean(name, known)}",
            )
