"""A rule of a security group that is there already: EC2 refuses it as `InvalidPermission.Duplicate`.

Source: EC2 API reference, AuthorizeSecurityGroupIngress: a rule is known by group, protocol, ports and source; its description is not
part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from uplift.review.refusals.refusal import Refusal
from uplift.review.rules.ingress import EGRESS, INGRESS, SECURITY_GROUP, protocol_name
from uplift.review.templates.known_values import known_text
from uplift.review.templates.template import Resource, StackTemplate, Value

_RULES = {INGRESS: "SecurityGroupIngress", EGRESS: "SecurityGroupEgress"}
_OTHER_END = (
    "CidrIp",
    "CidrIpv6",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "DestinationPrefixListId",
    "DestinationSecurityGroupId",
)


@dataclass(frozen=True, slots=True)
class HeldRule:
    """One rule of one group, and the resource that makes it."""

    direction: str
    group: str
    ports: tuple[str, str, str]
    other_end: str
    maker: str
    is_inline: bool

    @property
    def identity(self) -> tuple[str, str, tuple[str, str, str], str]:
        """What EC2 knows a rule by."""
        return self.direction, self.group, self.ports, self.other_end


def duplicate_rules(base: StackTemplate | None, head: StackTemplate) -> Iterator[Refusal]:
    """A rule that another resource of head makes too, or that a resource of base holds until it is deleted at the end."""
    before = list(_held(base)) if base is not None else []
    made_before = {(one.identity, one.maker) for one in before}
    # Of two that are both new the second is refused, so what was there comes first.
    after = sorted(_held(head), key=lambda one: (one.identity, one.maker) not in made_before)
    makers: dict[tuple[object, ...], str] = {}
    # An inline rule goes with the update of its group, which a rule that refers to the group waits for.
    stale = {one.identity: one.maker for one in before if not one.is_inline}
    for one in after:
        other = makers.setdefault(one.identity, one.maker)
        if (one.identity, one.maker) in made_before:
            continue
        if other != one.maker:
            yield _duplicate(one, other, f"{other} makes it too")
        elif stale.get(one.identity, one.maker) != one.maker:
            holder = stale[one.identity]
            yield _duplicate(one, holder, f"{holder} holds it until the new one is made")


def _duplicate(one: HeldRule, other: str, why: str) -> Refusal:
    protocol, low, high = one.ports
    return Refusal(
        one.maker,
        f"the same rule as {other}: {protocol} {low}-{high}" if low else f"the same rule as {other}: {protocol}",
        f"EC2 has a rule once, and {why}",
        f"leave the rule to {other}, or give it other ports or another end",
        frozenset({one.direction}) if one.is_inline else frozenset({"IpProtocol", "FromPort", "ToPort"}),
    )


def _held(stack: StackTemplate) -> Iterator[HeldRule]:
    for resource in stack.resources.values():
        if resource.type == SECURITY_GROUP:
            for direction in _RULES.values():
                rules = resource.property(direction)
                for rule in rules if isinstance(rules, list) else []:
                    if isinstance(rule, dict):
                        yield _rule(direction, json.dumps(resource.logical_id), rule, resource, is_inline=True)
        elif resource.type in _RULES:
            group = resource.property("GroupId")
            if group is not None:
                yield _rule(_RULES[resource.type], _group(group), resource.properties, resource, is_inline=False)


def _rule(direction: str, group: str, rule: Value, resource: Resource, *, is_inline: bool) -> HeldRule:
    protocol = protocol_name(rule.get("IpProtocol", ""))
    ports = ("", "") if protocol == "-1" else (_port(rule.get("FromPort")), _port(rule.get("ToPort")))
    end = {name: _group(rule[name]) for name in _OTHER_END if rule.get(name) is not None}
    return HeldRule(direction, group, (protocol, *ports), json.dumps(end, sort_keys=True), resource.logical_id, is_inline)


def _port(value: Value) -> str:
    text = known_text(value)
    return json.dumps(value, default=str) if text is None else text


def _group(value: Value) -> str:
    """`Ref` of a group in a VPC and its GroupId attribute are the same id."""
    match value:
        case {"Fn::GetAtt": [str(name), "GroupId"]} | {"Ref": str(name)}:
            return json.dumps(name)
        case str():
            return value
        case _:
            return json.dumps(value, sort_keys=True, default=str)
