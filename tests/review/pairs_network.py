"""Who can reach what: wider, narrower, and the same written otherwise."""

from __future__ import annotations

from typing import Any

from tests.review.edits import APP_CACHE, SECURITY_GROUP, Edit, both, put, remove
from tests.review.pairs import BEHAVIOUR, HARMLESS, OUTAGE, SECURITY, Pair
from tests.review.rule_edits import (
    IMPORTED,
    NEW,
    new,
)


def _in(*rules: dict[str, Any]) -> Edit:
    return put(SECURITY_GROUP, SecurityGroupIngress=list(rules))


def _tcp(first: int = 6379, last: int = 6379, **peer: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **(peer or {"CidrIp": "10.0.0.0/16"})}


def _equal(name: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Pair:
    return Pair(f"the same rules: {name}", _in(*after), HARMLESS, "the same rules", SECURITY_GROUP, base=_in(*before))


_NOBODY = {"CidrIp": "255.255.255.255/32", "Description": "Disallow all traffic", "FromPort": 252, "IpProtocol": "icmp", "ToPort": 86}
_EVERYTHING = {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1", "Description": "Allow all outbound traffic by default"}
_BESIDE = new("AWS::EC2::SecurityGroupIngress", APP_CACHE, **_tcp(), GroupId={"Fn::GetAtt": [SECURITY_GROUP, "GroupId"]})
NETWORK = [
    _equal("6 is tcp", [_tcp()], [_tcp() | {"IpProtocol": "6"}]),
    _equal("two halves", [_tcp()], [_tcp(CidrIp="10.0.0.0/17"), _tcp(CidrIp="10.0.128.0/17")]),
    _equal("a whole", [_tcp(CidrIp="10.0.0.0/17"), _tcp(CidrIp="10.0.128.0/17")], [_tcp()]),
    _equal("two ranges of ports", [_tcp(6379, 6400)], [_tcp(6379, 6389), _tcp(6390, 6400)]),
    Pair("the same rules: in another order", _in(_tcp(1, 1), _tcp()), HARMLESS, "", SECURITY_GROUP, base=_in(_tcp(), _tcp(1, 1))),
    _equal("described", [_tcp()], [_tcp() | {"Description": "api"}]),
    _equal("an address and its network", [_tcp(CidrIp="10.0.0.0/16")], [_tcp(CidrIp="10.0.5.0/16")]),
    Pair(
        "ports nobody knows",
        _in(_tcp() | {"ToPort": IMPORTED}),
        OUTAGE,
        "narrower ingress",
        SECURITY_GROUP,
        base=_in(_tcp()),
        also=((SECURITY, "wider ingress"),),
    ),
    Pair("a peer nobody knows", _in(_tcp(), _tcp(CidrIp=IMPORTED)), SECURITY, "wider ingress", SECURITY_GROUP, base=_in(_tcp())),
    Pair("rules nobody knows", put(SECURITY_GROUP, SecurityGroupIngress=IMPORTED), SECURITY, "wider ingress", SECURITY_GROUP),
    Pair(
        "the internet in two halves",
        _in(_tcp(CidrIp="0.0.0.0/1"), _tcp(CidrIp="128.0.0.0/1")),
        SECURITY,
        "open to the internet",
        SECURITY_GROUP,
    ),
    Pair(
        "one of two equal rules", _in(_tcp()), OUTAGE, "both are revoked", SECURITY_GROUP, base=_in(_tcp(), _tcp() | {"Description": "b"})
    ),
    Pair(
        "nothing goes out",
        put(SECURITY_GROUP, SecurityGroupEgress=[_NOBODY]),
        BEHAVIOUR,
        "narrower egress",
        SECURITY_GROUP,
        base=put(SECURITY_GROUP, SecurityGroupEgress=[_EVERYTHING]),
    ),
    Pair(
        "everything goes out",
        put(SECURITY_GROUP, SecurityGroupEgress=[_EVERYTHING]),
        SECURITY,
        "wider egress",
        SECURITY_GROUP,
        base=put(SECURITY_GROUP, SecurityGroupEgress=[_NOBODY]),
    ),
    Pair(
        "everything goes out, unsaid",
        put(SECURITY_GROUP, SecurityGroupEgress=None),
        SECURITY,
        "wider egress",
        SECURITY_GROUP,
        base=put(SECURITY_GROUP, SecurityGroupEgress=[_NOBODY]),
    ),
    Pair(
        "nobody, said otherwise",
        put(SECURITY_GROUP, SecurityGroupEgress=[_NOBODY | {"Description": "none"}]),
        HARMLESS,
        "the same rules",
        SECURITY_GROUP,
        base=put(SECURITY_GROUP, SecurityGroupEgress=[_NOBODY]),
    ),
    Pair("a group of another network", put(SECURITY_GROUP, VpcId="vpc-2"), OUTAGE, "another VPC", SECURITY_GROUP),
    Pair(
        "a rule moves out of its group",
        both(_in(), new("AWS::EC2::SecurityGroupIngress", APP_CACHE, **_tcp(), GroupId={"Fn::GetAtt": [SECURITY_GROUP, "GroupId"]})),
        BEHAVIOUR,
        "moves to another resource",
        SECURITY_GROUP,
        base=_in(_tcp()),
    ),
    Pair(
        "another kind of ping",
        _in({"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "CidrIp": "10.0.0.0/8"}),
        SECURITY,
        "icmp type 8",
        SECURITY_GROUP,
        base=_in(),
    ),
    Pair(
        "a rule goes that another resource has as well",
        remove(NEW),
        OUTAGE,
        "another resource has as well",
        NEW,
        base=both(_in(_tcp()), _BESIDE),
    ),
    Pair(
        "a rule goes that a wider one covers",
        remove(NEW),
        HARMLESS,
        "a wider one covers",
        NEW,
        base=both(_in(_tcp(CidrIp="10.0.0.0/8")), _BESIDE),
    ),
]
