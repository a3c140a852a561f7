"""Where everything is: ids of what exists already. Synthesis never looks anything up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from uplift.settings.base import FrozenSettings
from uplift.settings.legacy import DIGITS, SecurityGroupId, SubnetId


class DnsZone(FrozenSettings):
    """A private hosted zone in which each new group gets names of its own."""

    id: Annotated[str, StringConstraints(pattern=r"^Z[0-9A-Z]{1,31}$")]
    name: Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=200)]


class NetworkSettings(FrozenSettings):
    """The VPC, its subnets, who may reach Redis, and how functions reach AWS."""

    vpc_id: Annotated[str, StringConstraints(pattern=f"^vpc-{DIGITS}$")]
    subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=1, max_length=20)]
    client_security_group_ids: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")], SecurityGroupId]
    create_vpc_endpoints: bool = False
    endpoint_security_group_id: SecurityGroupId | None = None
    route_table_ids: tuple[Annotated[str, StringConstraints(pattern=f"^rtb-{DIGITS}$")], ...] = ()
    s3_prefix_list_id: Annotated[str, StringConstraints(pattern=f"^pl-{DIGITS}$")]
    dns_zone: DnsZone | None = None

    def problems(self) -> Iterator[str]:
        """Ways in which the functions would not reach what they need."""
        if not self.client_security_group_ids:
            yield "client_security_group_ids is empty, allowed: at least one name: sg-id, such as api: sg-0123456789abcdef0"
        if self.create_vpc_endpoints and not self.route_table_ids:
            yield "route_table_ids is empty, but create_vpc_endpoints needs the route tables of the subnets for S3"
        if not self.create_vpc_endpoints and self.endpoint_security_group_id is None:
            yield (
                "endpoint_security_group_id is missing: name the security group of the VPC's endpoints, or set create_vpc_endpoints: true"
            )
