"""Two resources of one name: CloudFormation makes the new one before it deletes the old one, and AWS has each name once.

Sources: CloudFormation user guide, "Update behaviors of stack resources" (a replacement is made first) and "Name type" (a resource with a
custom name cannot be replaced under the same name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from uplift.review.refusals.refusal import Refusal
from uplift.review.refusals.unique_names import fixed_name, name_properties, name_values
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import Resource, StackTemplate, referred_to
from uplift.review.wording.values import shown

Named = tuple[str, tuple[str, ...]]


def taken_names(base: StackTemplate | None, head: StackTemplate, changes: Sequence[Change]) -> Iterator[Refusal]:
    """Names that two resources of head share, names a resource of base still holds, and replacements under the same name."""
    held = _holders(base) if base is not None else {}
    replaced = {change.logical_id: change for change in changes if change.fate is Fate.REPLACED}
    seen: dict[Named, Resource] = {}
    for logical_id, resource in head.resources.items():
        name = _name(resource, head)
        if name is None:
            continue
        before = base.resources.get(logical_id) if base is not None else None
        kept = before is not None and base is not None and _name(before, base) == name
        holder = seen.setdefault(name, resource)
        if holder is not resource and not _was_so(base, holder, resource, name):
            yield _twice(resource, holder, head)
        elif (
            name in held
            and held[name] != logical_id
            and not kept
            and holder is resource
            and not _names_what_is_replaced(resource, head, replaced)
        ):
            yield _still_held(resource, held[name], head)
        elif kept and logical_id in replaced and not _names_what_is_replaced(resource, head, replaced):
            yield _replaced_under_its_name(resource, replaced[logical_id], head)


def _name(resource: Resource, stack: StackTemplate) -> Named | None:
    """None where AWS names it."""
    found = fixed_name(resource, stack.region)
    return (resource.type, found) if found else None


def _holders(stack: StackTemplate) -> Mapping[Named, str]:
    return {name: one.logical_id for one in stack.resources.values() if (name := _name(one, stack)) is not None}


def _was_so(base: StackTemplate | None, one: Resource, other: Resource, name: Named) -> bool:
    """Whether base has both under this name as well."""
    if base is None:
        return False
    found = [base.resources.get(resource.logical_id) for resource in (one, other)]
    return all(before is not None and _name(before, base) == name for before in found)


def _names_what_is_replaced(resource: Resource, head: StackTemplate, replaced: Mapping[str, Change]) -> bool:
    """A name that refers to something that is replaced is another name then."""
    return any(replaced.keys() & set(referred_to(value)) for value in name_values(resource, head.region))


def _said(resource: Resource, head: StackTemplate) -> str:
    names = name_properties(resource.type, head.region)
    return f"{names[0]} {shown(resource.property(names[0]))}"


def _about(resource: Resource, head: StackTemplate) -> frozenset[str]:
    return frozenset(name_properties(resource.type, head.region)[:1])


def _twice(resource: Resource, holder: Resource, head: StackTemplate) -> Refusal:
    return Refusal(
        resource.logical_id,
        f"{_said(resource, head)} twice",
        f"{holder.logical_id} has it as well, and AWS has it once",
        "give one of them another, or leave it to CloudFormation",
        _about(resource, head),
    )


def _still_held(resource: Resource, holder: str, head: StackTemplate) -> Refusal:
    return Refusal(
        resource.logical_id,
        f"{_said(resource, head)} is still that of {holder}",
        f"CloudFormation makes {resource.logical_id} before it deletes {holder}, so it already exists",
        f"keep the logical id {holder}, or change it in a deploy before",
        _about(resource, head),
    )


def _replaced_under_its_name(resource: Resource, change: Change, head: StackTemplate) -> Refusal:
    return Refusal(
        resource.logical_id,
        f"replaced because of {' and '.join(change.because)}, under its fixed {_said(resource, head)}",
        "CloudFormation cannot update a stack when a custom-named resource requires replacing",
        "take the change back, give it another name, or leave the name to CloudFormation",
        frozenset(change.because),
    )
