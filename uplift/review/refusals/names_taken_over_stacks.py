"""One name in two stacks of an account and region: AWS has it once, whichever stack asks for it."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.refusals.references import targets_in
from uplift.review.refusals.refusal import Refusal, StackRefusal
from uplift.review.refusals.unique_names import fixed_name, name_properties, name_values
from uplift.review.templates.template import Assembly, Resource, StackTemplate
from uplift.review.wording.values import shown

_Place = tuple[str, str, tuple[str, ...]]


def names_over_stacks(base: Assembly, head: Assembly) -> Iterator[StackRefusal]:
    """A name that another stack of head has too, or that another stack of base holds until it is deployed."""
    before = {place: (stack, one) for stack, one, place in _named(base)}
    seen: dict[_Place, tuple[StackTemplate, Resource]] = {}
    for stack, resource, place in _named(head):
        holder, other = seen.setdefault(place, (stack, resource))
        was_here = stack.name in base.stacks and _place(base.stacks[stack.name], resource.logical_id) == place
        if was_here:
            continue
        if holder is not stack:
            yield StackRefusal(
                stack, _refusal(stack, resource, f"{other.logical_id} of {holder.name} has it as well", "give one of them another")
            )
        elif place in before and before[place][0].name != stack.name:
            old, one = before[place]
            yield StackRefusal(
                stack,
                _refusal(
                    stack,
                    resource,
                    f"{one.logical_id} of {old.name} still has it, unless that stack is deployed and rid of it before",
                    f"take it out of {old.name} in a deploy before, or import it",
                ),
            )


def _named(assembly: Assembly) -> Iterator[tuple[StackTemplate, Resource, _Place]]:
    for stack in assembly.stacks.values():
        for resource in stack.resources.values():
            place = _place(stack, resource.logical_id)
            if place is not None:
                yield stack, resource, place


def _place(stack: StackTemplate, logical_id: str) -> _Place | None:
    """Account and region, type, name; None for a name that differs by stack, that AWS chooses, or of what may not be there."""
    resource = stack.resources.get(logical_id)
    if resource is None or "Condition" in stack.document["Resources"][logical_id]:
        return None
    name = fixed_name(resource, stack.region)
    values = name_values(resource, stack.region) if name else []
    if not name or any("AWS::StackName" in str(value) or "AWS::StackId" in str(value) or targets_in(value) for value in values):
        return None
    if any("Parameter" in value for value in values if isinstance(value, dict)):
        return None
    return str(stack.environment), resource.type, name


def _refusal(stack: StackTemplate, resource: Resource, why: str, action: str) -> Refusal:
    names = name_properties(resource.type, stack.region)
    return Refusal(resource.logical_id, f"{names[0]} {shown(resource.property(names[0]))} is taken", why, action, frozenset(names[:1]))
