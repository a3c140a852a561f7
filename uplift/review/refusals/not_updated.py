"""Changes of a property that a service refuses on what exists: CloudFormation answers "updates are not supported" and rolls back.

Sources: CloudFormation template reference, "Update requires: Updates are not supported" of each property; DynamoDB API reference,
UpdateTable; Systems Manager user guide, "Managing parameter tiers"; ElastiCache user guide, "Modifying a subnet group".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.known_values import is_expression, known_text, members
from uplift.review.templates.template import REPLICATION_GROUP, Resource, StackTemplate
from uplift.review.wording.values import flattened

_KEY, _LOGS, _PARAMETER = "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::SSM::Parameter"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A property that stays as it was made; `default` is AWS's where nothing is said."""

    name: str
    default: str


_FIXED: Mapping[str, tuple[Fixed, ...]] = {
    _KEY: (Fixed("KeySpec", "SYMMETRIC_DEFAULT"), Fixed("KeyUsage", "ENCRYPT_DECRYPT"), Fixed("MultiRegion", "false")),
    _LOGS: (Fixed("LogGroupClass", "STANDARD"),),
}


def refused_updates(base: StackTemplate | None, head: StackTemplate) -> Iterator[Refusal]:
    """What is refused of resources that are there on both sides."""
    if base is None:
        return
    for after in head.resources.values():
        before = base.resources.get(after.logical_id)
        if before is not None and before.type == after.type:
            yield from _fixed(before, after)
            yield from _tier(before, after)
            yield from _two_indexes(before, after)
            yield from _subnet_in_use(before, after, base, head)


def _fixed(before: Resource, after: Resource) -> Iterator[Refusal]:
    for one in _FIXED.get(after.type, ()):
        old, new = (known_text(side.property(one.name) if side.property(one.name) is not None else one.default) for side in (before, after))
        if old is not None and new is not None and old != new:
            yield Refusal(
                after.logical_id,
                f"{one.name}: {old} → {new}",
                "it stays as it was made",
                f"keep {one.name}, or make another resource beside it",
                frozenset({one.name}),
            )


def _tier(before: Resource, after: Resource) -> Iterator[Refusal]:
    tiers = [known_text(side.property("Tier") or "Standard") for side in (before, after)]
    if after.type == _PARAMETER and tiers == ["Advanced", "Standard"]:
        yield Refusal(
            after.logical_id,
            "Tier: Advanced → Standard",
            "an advanced parameter cannot become a standard one",
            "keep it, or make another parameter",
            frozenset({"Tier"}),
        )


def _two_indexes(before: Resource, after: Resource) -> Iterator[Refusal]:
    """One index is made or deleted in an update."""
    name = "GlobalSecondaryIndexes"
    if after.type not in {"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"}:
        return
    if any(is_expression(side.property(name)) for side in (before, after)):
        return
    old, new = (
        {flattened(one.get("IndexName")) for one in members(side.property(name)) if isinstance(one, dict)} for side in (before, after)
    )
    for verb, found in (("made", new - old), ("deleted", old - new)):
        if len(found) > 1:
            yield Refusal(
                after.logical_id,
                f"{len(found)} global indexes {verb} at once: {', '.join(sorted(found))}",
                f"DynamoDB takes one index to be {verb} in an update",
                "do it in a deploy for each",
                frozenset({name}),
            )


def _subnet_in_use(before: Resource, after: Resource, base: StackTemplate, head: StackTemplate) -> Iterator[Refusal]:
    if after.type != "AWS::ElastiCache::SubnetGroup" or any(is_expression(side.property("SubnetIds")) for side in (before, after)):
        return
    old, new = ({flattened(one) for one in members(side.property("SubnetIds"))} for side in (before, after))
    users = [
        one.logical_id
        for one in head.of_type(REPLICATION_GROUP)
        if one.logical_id in base.resources and after.logical_id in one.references("CacheSubnetGroupName")
    ]
    if old - new and users:
        yield Refusal(
            after.logical_id,
            f"SubnetIds: {', '.join(sorted(old - new))} taken away",
            f"ElastiCache keeps a subnet while nodes are in it, and {' and '.join(users)} uses this group",
            "keep the subnets, and add others beside them",
            frozenset({"SubnetIds"}),
        )
