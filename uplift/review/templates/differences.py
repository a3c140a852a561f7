"""Base against head, resource by resource: what is added, removed, changed or replaced, and because of which property.

References are followed: where a resource is replaced, every property that refers to it gets another value, and a
create-only property that does so replaces its own resource as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from uplift.review.templates.known_values import is_expression
from uplift.review.templates.renamed_resources import renamed_resources, with_new_ids
from uplift.review.templates.same_values import is_equal, is_same
from uplift.review.templates.schemas import type_schema
from uplift.review.templates.template import REPLICATION_GROUP, Absent, Resource, StackTemplate, Value, referred_to


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
    """One value that differs. `cause`: the resource whose replacement makes it so, while it is itself written as before; else empty."""

    path: tuple[str, ...]
    before: Value
    after: Value
    cause: str = ""

    @property
    def name(self) -> str:
        """The top-level property."""
        return self.path[0]

    @property
    def follows(self) -> bool:
        """Whether it differs only because another resource is replaced."""
        return bool(self.cause)

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that differs; of one made anew under another logical id, `before` has the old id and `after` the new one.

    `attributes` differ beside the properties: DependsOn, Metadata and their like.
    """

    stack: str
    fate: Fate
    before: Resource | None
    after: Resource | None
    properties: tuple[PropertyChange, ...] = ()
    because: tuple[str, ...] = ()
    attributes: tuple[PropertyChange, ...] = ()
    region: str = ""

    @property
    def resource(self) -> Resource:
        """The resource as it will be, or as it was where it goes."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change has a side")
        return found

    @property
    def logical_id(self) -> str:
        """Its logical id; the old one where it gets another, since that is what runs."""
        return self.before.logical_id if self.before is not None else self.resource.logical_id

    @property
    def type(self) -> str:
        """Its type."""
        return self.resource.type

    @property
    def renamed_to(self) -> str:
        """The new logical id; empty where it keeps its own."""
        return self.after.logical_id if self.fate is Fate.RENAMED and self.after is not None else ""

    @property
    def is_replaced(self) -> bool:
        """Whether another physical resource takes its place, or may."""
        return self.fate in {Fate.REPLACED, Fate.MAY_BE_REPLACED, Fate.RENAMED}

    def changed(self, name: str) -> PropertyChange | None:
        """The first change under a top-level property."""
        return next((change for change in self.properties if change.name == name), None)


def compare_stacks(base: StackTemplate, head: StackTemplate) -> list[Change]:
    """Every difference of two templates of one stack, removed resources last."""
    renamed = renamed_resources(base, head)
    heirs = {new: old for old, new in renamed.items()}
    before = {logical_id: with_new_ids(resource, renamed) for logical_id, resource in base.resources.items()} if renamed else base.resources
    differing = {
        after.logical_id: _difference(head, before[heirs.get(after.logical_id, after.logical_id)], after)
        for after in head.resources.values()
        if heirs.get(after.logical_id, after.logical_id) in before
    }
    _follow_replacements(differing)
    _follow_ports(differing)
    changes = [change for change in differing.values() if _is_change(change)]
    changes += [Change(head.name, Fate.ADDED, None, new) for logical_id, new in head.resources.items() if logical_id not in differing]
    removed = [old for logical_id, old in base.resources.items() if logical_id not in head.resources and logical_id not in renamed]
    return changes + [Change(head.name, Fate.REMOVED, old, None) for old in removed]


def _is_change(change: Change) -> bool:
    before, after = change.before, change.after
    if change.fate is not Fate.CHANGED or change.properties or change.attributes or before is None or after is None:
        return True
    return (before.deletion_policy, before.replace_policy) != (after.deletion_policy, after.replace_policy)


def _difference(stack: StackTemplate, before: Resource, after: Resource) -> Change:
    if before.type != after.type:
        return Change(stack.name, Fate.RETYPED, before, after, region=stack.region)
    properties = tuple(_property_changes(before, after, stack.region))
    attributes = tuple(
        PropertyChange((name,), before.attributes.get(name, Absent.ABSENT), after.attributes.get(name, Absent.ABSENT))
        for name in sorted(before.attributes.keys() | after.attributes.keys())
        if not is_equal(before.attributes.get(name), after.attributes.get(name))
    )
    fate, because = _fate(before, after, tuple(dict.fromkeys(change.name for change in properties)), stack.region)
    return Change(stack.name, fate, before, after, properties, because, attributes, stack.region)


def _fate(before: Resource, after: Resource, names: tuple[str, ...], region: str) -> tuple[Fate, tuple[str, ...]]:
    if before.logical_id != after.logical_id:
        return Fate.RENAMED, ()
    schema = type_schema(after.type, region)
    replacing = tuple(name for name in names if name in schema.create_only)
    if replacing:
        return Fate.REPLACED, replacing
    perhaps = tuple(name for name in names if _may_replace(name, before, after, region))
    return (Fate.MAY_BE_REPLACED, perhaps) if perhaps else (Fate.CHANGED, ())


def _may_replace(name: str, before: Resource, after: Resource, region: str) -> bool:
    """Whether a change of this property replaces the resource under some conditions, as far as they are known.

    A token that becomes another one is modified in place; one that comes or goes replaces (CloudFormation's coverage roadmap, #2356).
    NumNodeGroups replaces unless UpdatePolicy asks for online resharding (CloudFormation guide, "UpdatePolicy attribute").
    """
    if after.type == REPLICATION_GROUP:
        if name == "AuthToken":
            return (before.property(name) is None) != (after.property(name) is None)
        if name in {"NumNodeGroups", "NodeGroupConfiguration"}:
            return not (isinstance(after.update_policy, dict) and after.update_policy.get("UseOnlineResharding") in {True, "true"})
    return name in type_schema(after.type, region).conditional_create_only


def _property_changes(before: Resource, after: Resource, region: str) -> Iterator[PropertyChange]:
    unordered = type_schema(after.type, region).unordered
    for name in sorted(before.properties.keys() | after.properties.keys()):
        old, new = before.properties.get(name, Absent.ABSENT), after.properties.get(name, Absent.ABSENT)
        if _is_absent(old, new) or not is_same(name, old, new, unordered):
            yield from _values((name,), old, new)


def _values(path: tuple[str, ...], before: Value, after: Value) -> Iterator[PropertyChange]:
    if not _is_absent(before, after) and is_equal(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and not (is_expression(before) or is_expression(after)):
        for key in sorted(before.keys() | after.keys()):
            yield from _values((*path, str(key)), before.get(key, Absent.ABSENT), after.get(key, Absent.ABSENT))
    else:
        yield PropertyChange(path, before, after)


def _is_absent(before: Value, after: Value) -> bool:
    return isinstance(before, Absent) or isinstance(after, Absent)


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
            cause = changes[causes[0]]
            yield PropertyChange((name,), f"the {cause.logical_id} of now", f"the {causes[0]} of then ({cause.fate})", cause.logical_id)


def _with_following(change: Change, after: Resource, following: tuple[PropertyChange, ...]) -> Change:
    properties = (*change.properties, *following)
    fate, because = _fate(change.before or after, after, tuple(dict.fromkeys(one.name for one in properties)), change.region)
    return replace(change, fate=fate, properties=properties, because=because)


# Where a group's port is written beside the group itself.
_HOLD_PORTS = frozenset(
    {"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress", "AWS::SSM::Parameter"}
)


def _follow_ports(changes: dict[str, Change]) -> None:
    """Where a group's port moves, what names the old port and then the new one follows it."""
    for group in list(changes.values()):
        port = group.changed("Port")
        if port is None or group.type != REPLICATION_GROUP:
            continue
        for logical_id, change in changes.items():
            if change.type in _HOLD_PORTS:
                followed = (replace(one, cause=group.logical_id) if _is_of_port(one, port) else one for one in change.properties)
                changes[logical_id] = replace(change, properties=tuple(followed))


def _is_of_port(one: PropertyChange, port: PropertyChange) -> bool:
    before, after = json.dumps(one.before, default=str), json.dumps(one.after, default=str)
    return not one.follows and before.replace(str(port.before), str(port.after)) == after
