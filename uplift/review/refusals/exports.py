"""Exports and imports over the stacks of an assembly.

Source: CloudFormation user guide, "Get exported outputs from a deployed CloudFormation stack": a name is exported once in an account and
region, and an export that a stack imports can be neither deleted nor changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from uplift.review.refusals.nearest import did_you_mean
from uplift.review.refusals.refusal import Refusal, StackRefusal
from uplift.review.templates.differences import compare_stacks
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import Assembly, StackTemplate, Value, expressions_of, referred_to


@dataclass(frozen=True, slots=True)
class Export:
    """One export: who makes it, under which name, and what it is worth."""

    stack: str
    output: str
    value: Value


def exports_and_imports(base: Assembly, head: Assembly) -> Iterator[StackRefusal]:
    """An import nobody exports, an export of somebody else's name, and an export that goes or changes while it is in use."""
    for place in dict.fromkeys(stack.environment for stack in head.stacks.values()):
        before, after = _in(base, place), _in(head, place)
        yield from _unknown_imports(before, after)
        yield from _exported_twice(before, after)
        yield from _taken_away(before, after)


def _in(assembly: Assembly, place: DeployEnvironment) -> list[StackTemplate]:
    return [stack for stack in assembly.stacks.values() if stack.environment.agrees_with(place)]


def _unknown_imports(before: list[StackTemplate], after: list[StackTemplate]) -> Iterator[StackRefusal]:
    exported = {name for stack in after for name in _exports(stack)}
    gone = {name for stack in before for name in _exports(stack)} - exported
    known = {stack.name: _imports(stack) for stack in before}
    for stack in after:
        if stack.deployment is None:
            # A template alone says nothing of the stacks beside it.
            continue
        for name, makers in _imports(stack).items():
            # What base imports as well is exported by a stack that is not in this assembly.
            if name in exported or (name in known.get(stack.name, {}) and name not in gone):
                continue
            for maker in makers:
                yield StackRefusal(
                    stack,
                    Refusal(maker, f"Fn::ImportValue of {name}", "no stack here exports it", f"export it{did_you_mean(name, exported)}"),
                )


def _exported_twice(before: list[StackTemplate], after: list[StackTemplate]) -> Iterator[StackRefusal]:
    taken = {name: (stack.name, export.output) for stack in before for name, export in _exports(stack).items()}
    seen: dict[str, tuple[str, str]] = {}
    for stack in after:
        for name, export in _all_exports(stack):
            own = (stack.name, export.output)
            holder = seen.setdefault(name, own)
            if holder != own and taken.get(name) != own:
                where = f"output {holder[1]} of {holder[0]}"
                yield StackRefusal(
                    stack,
                    Refusal("", f"output {export.output} exports {name}", f"{where} exports that name already", "choose another name"),
                )


def _taken_away(before: list[StackTemplate], after: list[StackTemplate]) -> Iterator[StackRefusal]:
    users: dict[str, set[str]] = {}
    for stack in before:
        for name in _imports(stack):
            users.setdefault(name, set()).add(stack.name)
    by_name = {stack.name: stack for stack in after}
    for stack in before:
        head = by_name.get(stack.name)
        if head is None:
            continue
        in_use = {name: export for name, export in _exports(stack).items() if users.get(name, set()) - {stack.name}}
        if not in_use:
            continue
        kept, replaced = _exports(head), {change.logical_id for change in compare_stacks(stack, head) if change.is_replaced}
        for name, export in in_use.items():
            using = sorted(users[name] - {stack.name})
            # What is made anew has another name or address, however the export is written.
            if name in kept and kept[name].value == export.value and not replaced.intersection(referred_to(export.value)):
                continue
            way = "changes" if name in kept else "is taken away"
            yield StackRefusal(
                head,
                Refusal(
                    "",
                    f"export {name} {way}",
                    f"{' and '.join(using)} as deployed still imports it, and an export in use cannot be deleted or changed",
                    "keep the export in this deploy (exportValue in the CDK), and take it away in the next",
                ),
            )


def _exports(stack: StackTemplate) -> dict[str, Export]:
    return dict(_all_exports(stack))


def _all_exports(stack: StackTemplate) -> Iterator[tuple[str, Export]]:
    expressions = expressions_of(stack)
    for output, definition in stack.section("Outputs").items():
        export = definition.get("Export")
        if not isinstance(export, dict) or (
            isinstance(definition.get("Condition"), str) and expressions.decided(definition["Condition"]) is False
        ):
            continue
        name = expressions.resolved(export.get("Name"))
        if isinstance(name, str):
            yield name, Export(stack.name, output, expressions.resolved(definition.get("Value")))


def _imports(stack: StackTemplate) -> Mapping[str, list[str]]:
    """Names that are imported, with the logical ids that do; an output is named by an empty one."""
    expressions = expressions_of(stack)
    found: dict[str, list[str]] = {}
    for logical_id, resource in stack.resources.items():
        for name in _imported(dict(resource.properties)):
            found.setdefault(name, []).append(logical_id)
    for output in stack.section("Outputs").values():
        for name in _imported(expressions.resolved(output)):
            found.setdefault(name, []).append("")
    return {name: list(dict.fromkeys(makers)) for name, makers in found.items()}


def _imported(value: Value) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _imported(item)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Fn::ImportValue" and isinstance(argument, str):
                yield argument
            else:
                yield from _imported(argument)
