"""Where everything is: ids of what exists already. Synthesis never looks anything up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from uplift.settings.base import FrozenSettings
from uplift.settings.legacy import SecurityGroupId, SubnetId, ec2_id
from uplift.settings.lists import EachOnce, Pairs
from uplift.settings.values import Text, TrueOrFalse

_ClientName = Annotated[str, Text("small letters, digits and hyphens, beginning with a letter", "[a-z][a-z0-9-]*", longest=100)]
# RFC 1035; a top domain is never digits alone (RFC 3696).
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?!([a-z0-9-]+\.)*[0-9]+$){_LABEL}(\.{_LABEL})*"
S3_PREFIX_LIST = ec2_id("pl")
# Lambda API reference, VpcConfig.
_MOST_SUBNETS_OF_A_FUNCTION = 16
# Each is a resource or two of a stack, which holds 500 (CloudFormation user guide, "Quotas").
_MOST_CLIENTS = 50
_RouteTableId = Annotated[str, ec2_id("rtb")]


class DnsZone(FrozenSettings):
    """A private hosted zone in which each new group gets names of its own."""

    id: Annotated[str, Text("Z and at most 31 capital letters and digits", "Z[0-9A-Z]{1,31}")]
    name: Annotated[str, Text("a domain in small letters, such as redis.internal, labels of at most 63", _DOMAIN, longest=200)]


class NetworkSettings(FrozenSettings):
    """The VPC, its subnets, who may reach Redis, and how functions reach AWS."""

    vpc_id: Annotated[str, ec2_id("vpc")]
    subnet_ids: Annotated[tuple[SubnetId, ...], EachOnce(1, 20)]
    client_security_group_ids: Annotated[dict[_ClientName, SecurityGroupId], Pairs()]
    create_vpc_endpoints: TrueOrFalse = False
    endpoint_security_group_id: SecurityGroupId | None = None
    route_table_ids: Annotated[tuple[_RouteTableId, ...], EachOnce()] = ()
    s3_prefix_list_id: Annotated[str, S3_PREFIX_LIST] | None = None
    dns_zone: DnsZone | None = None

    def problems(self) -> Iterator[str]:
        """Ways in which the functions would not reach what they need."""
        yield from self._client_problems()
        if self.create_vpc_endpoints and not self.route_table_ids:
            yield "route_table_ids is empty, but create_vpc_endpoints needs the route tables of the subnets for S3"

    def function_problems(self) -> Iterator[str]:
        """What the functions of an upgrade need, and groups alone do not."""
        if len(self.subnet_ids) > _MOST_SUBNETS_OF_A_FUNCTION:
            most = _MOST_SUBNETS_OF_A_FUNCTION
            yield f"network.subnet_ids has {len(self.subnet_ids)} entries, allowed: 1 to {most}, the most of a Lambda function"
        if self.s3_prefix_list_id is None:
            yield f"network.s3_prefix_list_id is missing, allowed: {S3_PREFIX_LIST.allowed}"
        if not self.create_vpc_endpoints and self.endpoint_security_group_id is None:
            yield (
                "network.endpoint_security_group_id is missing: name the security group of the VPC's endpoints, or set "
                "create_vpc_endpoints: true"
            )

    def _client_problems(self) -> Iterator[str]:
        if not self.client_security_group_ids:
            yield "client_security_group_ids is empty, allowed: at least one name: sg-id, such as api: sg-0123456789abcdef0"
        if len(self.client_security_group_ids) > _MOST_CLIENTS:
            yield f"client_security_group_ids has {len(self.client_security_group_ids)} entries, allowed: 1 to {_MOST_CLIENTS}"
        named: dict[str, str] = {}
        for client, group in self.client_security_group_ids.items():
            if named.setdefault(group, client) != client:
                yield f"client_security_group_ids.{client} is {group}, which {named[group]} is already; allowed: each security group once"
        # Constructs are named by what is left without hyphens.
        alike: dict[str, str] = {}
        for client in self.client_security_group_ids:
            if alike.setdefault(client.title().replace("-", ""), client) != client:
                other = alike[client.title().replace("-", "")]
                yield f"client_security_group_ids has {other} and {client}, allowed: names that differ in more than hyphens"

    def security_group_problems(self, legacy: str) -> Iterator[str]:
        """Security groups that are one where two are meant: rules would let in, or be written into, the wrong one."""
        for client, group in self.client_security_group_ids.items():
            if group == legacy:
                yield f"network.client_security_group_ids.{client} is {group}, which is legacy.security_group_id; allowed: the client's own"
            if group == self.endpoint_security_group_id:
                yield (
                    f"network.client_security_group_ids.{client} is {group}, which is network.endpoint_security_group_id; allowed: the "
                    "client's own"
                )
        if self.endpoint_security_group_id == legacy:
            yield f"network.endpoint_security_group_id is {legacy}, which is legacy.security_group_id; allowed: the endpoints' own"
