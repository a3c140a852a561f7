"""Rules of security groups, inline or as resources of their own, as comparable values.

What is the same for EC2 is the same here: `6` and `tcp`, two halves of a range and the whole, two ranges of ports that touch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from uplift.review.templates.known_values import is_open, members
from uplift.review.templates.template import Resource, Value
from uplift.review.wording.values import flattened

SECURITY_GROUP = "AWS::EC2::SecurityGroup"
INGRESS = "AWS::EC2::SecurityGroupIngress"
EGRESS = "AWS::EC2::SecurityGroupEgress"
NETWORK = frozenset({SECURITY_GROUP, INGRESS, EGRESS})
_PEERS = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "DestinationSecurityGroupId",
    "SourcePrefixListId",
    "DestinationPrefixListId",
)
_ALL_PORTS = (0, 65535)
_ALL = "-1"
# IANA protocol numbers, which EC2 takes in place of the four names it knows (EC2 API, IpPermission).
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": _ALL}
_WITH_PORTS = frozenset({"tcp", "udp"})
# Of these FromPort is a type and ToPort a code of that type (EC2 API, IpPermission): each pair is one number here.
_WITH_TYPES = frozenset({"icmp", "icmpv6"})
_CODES = 256
# Where all egress is to be off the CDK writes a rule for this one address: no rule at all means all egress (aws-ec2, security-group.ts).
_NOBODY = "255.255.255.255/32"
# A block of addresses as large as this is no company's own.
_SMALLEST_PREFIX = 8


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
        return is_covered(other, [self])

    @property
    def is_public(self) -> bool:
        """Whether the whole internet is let in, or a large part of it."""
        network = _network(self.peer)
        return self.direction == "ingress" and network is not None and network.prefixlen < _SMALLEST_PREFIX and not network.is_private

    def __str__(self) -> str:
        ports = f"{self.first_port}" if self.first_port == self.last_port else f"{self.first_port} to {self.last_port}"
        if self.protocol in _WITH_TYPES:
            ports = "of every type" if (self.first_port, self.last_port) == _ALL_PORTS else f"type {self.first_port // _CODES}"
        protocol = "everything" if self.protocol == _ALL else f"{self.protocol} {ports}"
        where = f" into {self.group}" if self.group and self.direction == "ingress" else ""
        return f"{protocol} {'from' if self.direction == 'ingress' else 'to'} {self.peer}{where}"


EVERYTHING_OUT = Rule("egress", _ALL, *_ALL_PORTS, "0.0.0.0/0")


def protocol_name(protocol: Value) -> str:
    """`tcp` for `6` and `TCP`, and `-1` for everything."""
    name = str(protocol).lower()
    return _PROTOCOLS.get(name, name)


def is_covered(rule: Rule, by: Collection[Rule]) -> bool:
    """Whether these rules together let through all that one does."""
    same = [one for one in by if _may_cover(one, rule)]
    # Between two edges the same rules apply, so the lowest port of each part stands for it.
    edges = {rule.first_port, *(one.first_port for one in same), *(one.last_port + 1 for one in same)}
    inside = [edge for edge in edges if rule.first_port <= edge <= rule.last_port]
    return bool(inside) and all(
        _peers_cover([one.peer for one in same if one.first_port <= edge <= one.last_port], rule.peer) for edge in inside
    )


def _may_cover(one: Rule, other: Rule) -> bool:
    same = (one.direction, one.group) == (other.direction, other.group) and one.protocol in {_ALL, other.protocol}
    return same and one.first_port <= other.last_port and other.first_port <= one.last_port


def rules_of(resource: Resource | None) -> list[Rule]:
    """Every rule that a security group has inline, or that a rule resource is; one that is written twice is there twice."""
    if resource is None:
        return []
    match resource.type:
        case "AWS::EC2::SecurityGroupIngress":
            found = [_rule("ingress", dict(resource.properties), _group_of(resource))]
        case "AWS::EC2::SecurityGroupEgress":
            found = [_rule("egress", dict(resource.properties), _group_of(resource))]
        case "AWS::EC2::SecurityGroup":
            found = list(_inline(resource))
        case _:
            return []
    return [rule for rule in found if rule.peer != _NOBODY]


def _group_of(resource: Resource) -> str:
    return flattened(resource.property("GroupId") or resource.property("GroupName") or "")


def has_inline_egress(resource: Resource) -> bool:
    """Whether a group says what it lets out, if only that it is nothing."""
    return bool(members(resource.property("SecurityGroupEgress")))


def _inline(resource: Resource) -> Iterator[Rule]:
    for direction, name in (("ingress", "SecurityGroupIngress"), ("egress", "SecurityGroupEgress")):
        for rule in members(resource.property(name)):
            if isinstance(rule, dict) and not is_open(rule):
                yield _rule(direction, rule, "")
            else:
                yield Rule(direction, _ALL, *_ALL_PORTS, flattened(rule))


def _rule(direction: str, rule: dict[str, Value], group: str) -> Rule:
    """One rule. What only a deploy knows of its protocol or ports makes it a rule of its own, which no other covers."""
    peer = next((flattened(rule[name]) for name in _PEERS if name in rule), "(nobody named)")
    protocol = rule.get("IpProtocol", _ALL)
    unknown = [flattened(rule[name]) for name in ("IpProtocol", "FromPort", "ToPort") if is_open(rule.get(name))]
    if unknown:
        return Rule(direction, _ALL, *_ALL_PORTS, f"{peer} ({', '.join(unknown)})", group)
    name = _PROTOCOLS.get(str(protocol).lower(), str(protocol).lower())
    network = _network(peer)
    return Rule(direction, name, *_ports(name, rule), str(network) if network is not None else peer, group)


def _ports(protocol: str, rule: dict[str, Value]) -> tuple[int, int]:
    """A protocol other than tcp, udp and icmp has no ports; -1 stands for all."""
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if protocol in _WITH_TYPES and str(first).isdigit():
        kind = int(str(first)) * _CODES
        return (kind + int(str(last)), kind + int(str(last))) if str(last).isdigit() else (kind, kind + _CODES - 1)
    if protocol not in _WITH_PORTS:
        return _ALL_PORTS
    return _port(first, _ALL_PORTS[0]), _port(last, _ALL_PORTS[1])


def _port(value: Value, default: int) -> int:
    return int(value) if str(value).isdigit() else default


def _network(peer: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(peer, strict=False)
    except ValueError:
        return None


def _peers_cover(peers: Collection[str], wanted: str) -> bool:
    """Whether these peers together are all that one is: ranges of addresses add up."""
    if wanted in peers:
        return True
    theirs = _network(wanted)
    if theirs is None:
        return False
    mine = [found for peer in peers if (found := _network(peer)) is not None and found.version == theirs.version]
    # Networks of one version only, which the type cannot say.
    return any(theirs.subnet_of(one) for one in collapse_addresses(mine))  # type: ignore[type-var, arg-type]


def is_open_together(opened: Collection[Rule]) -> bool:
    """Whether these rules, each a part of it, together let the whole internet in."""
    return any(
        is_covered(replace(rule, peer=whole), opened) for rule in opened if rule.direction == "ingress" for whole in ("0.0.0.0/0", "::/0")
    )
