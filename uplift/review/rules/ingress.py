"""Rules of security groups, inline or as resources of their own, as comparable values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from uplift.review.templates.template import Resource, Value
from uplift.review.wording.values import flattened

_PEERS = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId")
_ALL_PORTS = (0, 65535)


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """Traffic of one protocol and port range with one peer."""

    direction: str
    protocol: str
    first_port: int
    last_port: int
    peer: str
    group: str = ""

    def covers(self, other: Rule) -> bool:
        """Whether this rule lets through all the other does."""
        return (
            (self.direction, self.group) == (other.direction, other.group)
            and self.protocol in {"-1", other.protocol}
            and self.first_port <= other.first_port
            and other.last_port <= self.last_port
            and _peer_covers(self.peer, other.peer)
        )

    @property
    def is_public(self) -> bool:
        """Whether the whole internet is let in."""
        return self.direction == "ingress" and self.peer in {"0.0.0.0/0", "::/0"}

    def __str__(self) -> str:
        ports = f"{self.first_port}" if self.first_port == self.last_port else f"{self.first_port} to {self.last_port}"
        protocol = "everything" if self.protocol == "-1" else f"{self.protocol} {ports}"
        where = f" into {self.group}" if self.group and self.direction == "ingress" else ""
        return f"{protocol} {'from' if self.direction == 'ingress' else 'to'} {self.peer}{where}"


def rules_of(resource: Resource | None) -> frozenset[Rule]:
    """Every rule that a security group has inline, or that a rule resource is."""
    if resource is None:
        return frozenset()
    match resource.type:
        case "AWS::EC2::SecurityGroupIngress":
            return frozenset([_rule("ingress", dict(resource.properties), flattened(resource.property("GroupId")))])
        case "AWS::EC2::SecurityGroupEgress":
            return frozenset([_rule("egress", dict(resource.properties), flattened(resource.property("GroupId")))])
        case _:
            return frozenset(_inline(resource))


def _inline(resource: Resource) -> Iterator[Rule]:
    for direction, name in (("ingress", "SecurityGroupIngress"), ("egress", "SecurityGroupEgress")):
        rules = resource.property(name)
        for rule in rules if isinstance(rules, list) else []:
            if isinstance(rule, dict):
                yield _rule(direction, rule, "")


def _rule(direction: str, rule: dict[str, Value], group: str) -> Rule:
    peer = next((flattened(rule[name]) for name in _PEERS if name in rule), "(nobody named)")
    protocol = str(rule.get("IpProtocol", "-1"))
    first, last = _ALL_PORTS if protocol == "-1" else (_port(rule.get("FromPort"), 0), _port(rule.get("ToPort"), _ALL_PORTS[1]))
    return Rule(direction, protocol, first, last, peer, group)


def _port(value: Value, default: int) -> int:
    """-1 stands for all."""
    return int(value) if str(value).isdigit() else default


def _peer_covers(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        mine, theirs = ip_network(one, strict=False), ip_network(other, strict=False)
    except ValueError:
        return False
    return mine.version == theirs.version and mine.supernet_of(theirs)  # type: ignore[arg-type]
