"""Base against head, resource by resource: what is added, removed, changed or replaced, and because of which property.

References are followed: where a resource is replaced, every property that refers to it gets another value, and a
create-only property that does so replaces its own resource as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from uplift.review.templates.schemas import type_schema
from uplift.review.templates.template import REPLICATION_GROUP, Resource, StackTemplate, Value, referred_to


class Absent(StrEnum):
    """Stands for a property that one side does not have; a template can hold null."""

    ABSENT = "not set"


class Fate(StrEnum):
    """What becomes of the physical resource."""

    ADDED = "added"
    CHANGED = "changed in place"
    MAY_BE_REPLACED = "may be replaced"
    REPLACED = "replaced"
    REMOVED = "removed"
    RENAMED = "made anew under another logical id"
    RETYPED = "given another type"


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One value that differs. `follows`: it refers to a resource that is replaced, and is itself written as before."""

    path: tuple[str, ...]
    before: Value
    after: Value
    follows: bool = False

    @property
    def name(self) -> str:
        """The top-level property."""
        return self.path[0]

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that differs. `renamed_to`: a removed one that another logical id of the same type takes the place of."""

    stack: str
    fate: Fate
    before: Resource | None
    after: Resource | None
    properties: tuple[PropertyChange, ...] = ()
    because: tuple[str, ...] = ()
    renamed_to: str = ""

    @property
    def resource(self) -> Resource:
        """The resource as it will be, or as it was where it goes."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change has a side")
        return found

    @property
    def logical_id(self) -> str:
        """Its logical id."""
        return self.resource.logical_id

    @property
    def type(self) -> str:
        """Its type."""
        return self.resource.type

    @property
    def is_replaced(self) -> bool:
        """Whether another physical resource takes its place, or may."""
        return self.fate in {Fate.REPLACED, Fate.MAY_BE_REPLACED}

    def changed(self, name: str) -> PropertyChange | None:
        """The first change under a top-level property."""
        return next((change for change in self.properties if change.name == name), None)


def compare_stacks(base: StackTemplate, head: StackTemplate) -> list[Change]:
    """Every difference of two templates of one stack, removed resources last."""
    differing = {
        logical_id: _difference(head.name, base.resources[logical_id], after)
        for logical_id, after in head.resources.items()
        if logical_id in base.resources
    }
    _follow_replacements(differing)
    changes = [change for change in differing.values() if _is_change(change)]
    changes += [Change(head.name, Fate.ADDED, None, new) for logical_id, new in head.resources.items() if logical_id not in base.resources]
    removed = [old for logical_id, old in base.resources.items() if logical_id not in head.resources]
    return changes + list(_removed(head, removed, base))


def _is_change(change: Change) -> bool:
    before, after = change.before, change.after
    if change.fate is not Fate.CHANGED or change.properties or before is None or after is None:
        return True
    policies = (before.deletion_policy, before.replace_policy) != (after.deletion_policy, after.replace_policy)
    return policies or before.condition != after.condition


def _difference(stack: str, before: Resource, after: Resource) -> Change:
    if before.type != after.type:
        return Change(stack, Fate.RETYPED, before, after)
    properties = tuple(_property_changes(before, after))
    names = dict.fromkeys(change.name for change in properties)
    fate, because = _fate(before, after, tuple(names))
    return Change(stack, fate, before, after, properties, because)


def _fate(before: Resource, after: Resource, names: tuple[str, ...]) -> tuple[Fate, tuple[str, ...]]:
    schema = type_schema(after.type)
    replacing = tuple(name for name in names if name in schema.create_only)
    if replacing:
        return Fate.REPLACED, replacing
    perhaps = tuple(name for name in names if _may_replace(name, before, after))
    if perhaps:
        return Fate.MAY_BE_REPLACED, perhaps
    if before.condition != after.condition:
        return Fate.MAY_BE_REPLACED, ("its condition",)
    return Fate.CHANGED, ()


def _may_replace(name: str, before: Resource, after: Resource) -> bool:
    """Whether a change of this property replaces the resource under some conditions, as far as they are known.

    A token that becomes another one is modified in place; one that comes or goes replaces (CloudFormation's coverage roadmap, #2356).
    NumNodeGroups replaces unless UpdatePolicy asks for online resharding (CloudFormation guide, "UpdatePolicy attribute").
    """
    if after.type == REPLICATION_GROUP:
        if name == "AuthToken":
            return (before.property(name) is None) != (after.property(name) is None)
        if name in {"NumNodeGroups", "NodeGroupConfiguration"}:
            return not (isinstance(after.update_policy, dict) and after.update_policy.get("UseOnlineResharding") in {True, "true"})
    return name in type_schema(after.type).conditional_create_only


def _property_changes(before: Resource, after: Resource) -> Iterator[PropertyChange]:
    for name in sorted(before.properties.keys() | after.properties.keys()):
        yield from _values((name,), before.properties.get(name, Absent.ABSENT), after.properties.get(name, Absent.ABSENT))


def _values(path: tuple[str, ...], before: Value, after: Value) -> Iterator[PropertyChange]:
    if before == after and type(before) is type(after):
        return
    if _same_scalar(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and not (_is_expression(before) or _is_expression(after)):
        for key in sorted(before.keys() | after.keys()):
            yield from _values((*path, str(key)), before.get(key, Absent.ABSENT), after.get(key, Absent.ABSENT))
    else:
        yield PropertyChange(path, before, after)


def _same_scalar(before: Value, after: Value) -> bool:
    """CloudFormation takes `6379` and `"6379"`, `true` and `"true"` for the same."""
    scalars = (str, int, float, bool)
    if isinstance(before, Absent) or isinstance(after, Absent) or not isinstance(before, scalars) or not isinstance(after, scalars):
        return False
    return _as_text(before) == _as_text(after)


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_expression(value: dict[str, Value]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::", "Parameter"))


def _follow_replacements(changes: dict[str, Change]) -> None:
    """Bring every change to what the replacements of others make of it; goes on until nothing more is replaced."""
    followed: set[str] = set()
    while replaced := {logical_id for logical_id, change in changes.items() if change.is_replaced} - followed:
        followed |= replaced
        for logical_id, change in changes.items():
            if change.after is None or change.fate is Fate.RETYPED:
                continue
            following = tuple(_following(change, change.after, replaced, changes))
            if following:
                changes[logical_id] = _with_following(change, change.after, following)


def _following(change: Change, after: Resource, replaced: set[str], changes: dict[str, Change]) -> Iterator[PropertyChange]:
    for name, value in after.properties.items():
        causes = sorted(replaced.intersection(referred_to(value)))
        if causes and change.changed(name) is None:
            yield PropertyChange((name,), f"the {causes[0]} of now", f"the {causes[0]} of then ({changes[causes[0]].fate})", follows=True)


def _with_following(change: Change, after: Resource, following: tuple[PropertyChange, ...]) -> Change:
    properties = (*change.properties, *following)
    fate, because = _fate(change.before or after, after, tuple(dict.fromkeys(one.name for one in properties)))
    return Change(change.stack, fate, change.before, after, properties, because)


def _removed(head: StackTemplate, removed: list[Resource], base: StackTemplate) -> Iterator[Change]:
    """What was removed; of each type the new ones are taken for the old ones under another logical id, in order.

    An alarm is another one where it watches something else, and a subscription where it tells somebody else.
    """
    new = [resource for logical_id, resource in head.resources.items() if logical_id not in base.resources]
    for old in removed:
        heir = next((resource for resource in new if resource.type == old.type and _is_same(old, resource)), None)
        if heir is not None:
            new.remove(heir)
        yield Change(head.name, Fate.REMOVED, old, None, renamed_to=heir.logical_id if heir else "")


_IDENTITY = {
    "AWS::CloudWatch::Alarm": ("MetricName", "Namespace", "Dimensions", "Metrics", "ComparisonOperator"),
    "AWS::SNS::Subscription": ("Protocol", "Endpoint"),
}


def _is_same(old: Resource, new: Resource) -> bool:
    return all(old.property(name) == new.property(name) for name in _IDENTITY.get(old.type, ()))
