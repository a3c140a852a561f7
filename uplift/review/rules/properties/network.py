"""What connections go through: routes, endpoints, access lists, VPCs and subnets. Facts: the guides of VPC and PrivateLink."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import OPEN_TO_EVERYBODY
from uplift.review.rules.judgement import Judge, Judgement, behaviour, follower, listed, outage, security, switch, words
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at
from uplift.review.wording.values import flattened


def _route_target(change: Change, name: str) -> Iterator[Judgement]:
    after = at(change.after, name)
    if after is not None and name in {"GatewayId", "EgressOnlyInternetGatewayId"} and "vgw" not in flattened(after):
        yield security("What is in its subnets can be reached from the internet.").judged("a way to the internet", words(change, name))
    else:
        yield outage("Connections on this way end.").judged("another way", words(change, name))


_ROUTE_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "EgressOnlyInternetGatewayId",
)
ROUTE: dict[str, Judge] = dict.fromkeys(_ROUTE_TARGETS, _route_target)
ENDPOINT: dict[str, Judge] = {
    "SecurityGroupIds": listed(
        removed=outage("Whoever reached AWS through this endpoint by that group is refused."),
        added=security("Who that group lets in may use it."),
    ),
    "SubnetIds": listed(removed=outage("It is no longer in that subnet's zone."), added=behaviour("It is in one more subnet.")),
    "RouteTableIds": listed(removed=outage("Subnets of that table no longer reach AWS through it."), added=behaviour()),
    # Without private names the service's usual name leads to the internet (PrivateLink guide, "Private DNS").
    "PrivateDnsEnabled": switch(
        off=outage("The service's usual name no longer leads to the endpoint."), on=behaviour("The usual name leads here.")
    ),
}


def _entry(change: Change, name: str) -> Iterator[Judgement]:
    if name == "RuleAction" and at(change.after, name) == "allow":
        yield security("It lets through what it kept out.").judged(f"{name} changed", words(change, name))
    else:
        yield outage("Other traffic is kept out, perhaps.", "see whose").judged(f"{name} changed", words(change, name))


ACCESS_LIST_ENTRY: dict[str, Judge] = dict.fromkeys(("RuleAction", "CidrBlock", "Ipv6CidrBlock", "PortRange", "Protocol", "Icmp"), _entry)
VPC: dict[str, Judge] = {
    # A group's address is a name that only this resolver knows (VPC guide, "DNS attributes for your VPC").
    "EnableDnsSupport": switch(off=outage("Names, such as a group's address, are not resolved any more."), on=behaviour(), default=True),
    "EnableDnsHostnames": switch(off=outage("Private names of endpoints are not resolved any more."), on=behaviour()),
}
SUBNET: dict[str, Judge] = {
    "MapPublicIpOnLaunch": switch(
        off=behaviour("New instances have no public address."), on=security("New instances have a public address.")
    ),
}


def _authorization(change: Change, name: str) -> Iterator[Judgement]:
    if (at(change.after, name) or "NONE") == "NONE":
        yield security("Whoever knows the address may call it.", "keep it").judged(OPEN_TO_EVERYBODY, words(change, name))
    else:
        yield outage("Callers that sign in the old way are refused.", "change callers first").judged(f"{name} changed", words(change, name))


BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::EC2::Route": ROUTE,
    "AWS::EC2::VPCEndpoint": ENDPOINT,
    "AWS::EC2::VPC": VPC,
    "AWS::EC2::NetworkAclEntry": ACCESS_LIST_ENTRY,
    "AWS::ApiGateway::Method": {"AuthorizationType": _authorization},
    "AWS::ApiGatewayV2::Route": {"AuthorizationType": _authorization},
    "AWS::EC2::Subnet": SUBNET,
    "AWS::EC2::SubnetRouteTableAssociation": {"RouteTableId": follower(outage("The subnet's connections go another way."))},
}
