"""The network that is there before anything is deployed: a VPC, subnets and security groups with known ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import moto.ec2.models.route_tables as route_tables
import moto.ec2.models.security_groups as security_groups
import moto.ec2.models.subnets as subnets
import moto.ec2.models.vpcs as vpcs


def seed(ec2: Any, network: dict[str, Any]) -> None:
    """Make what `network` names, under exactly these ids: {vpc, subnets, security_groups, route_tables}."""
    ec2.describe_vpcs()  # moto makes its default VPC on the first call; that one may not take our id
    with _ids(vpcs, "random_vpc_id", [network["vpc"]]):
        ec2.create_vpc(CidrBlock="10.20.0.0/16")
    with _ids(subnets, "random_subnet_id", network["subnets"]):
        for index in range(len(network["subnets"])):
            ec2.create_subnet(VpcId=network["vpc"], CidrBlock=f"10.20.{index}.0/24")
    with _ids(security_groups, "random_security_group_id", network["security_groups"]):
        for identifier in network["security_groups"]:
            ec2.create_security_group(
                GroupName=identifier.removeprefix("sg-") + "-seeded", Description="there before", VpcId=network["vpc"]
            )
    with _ids(route_tables, "random_route_table_id", network["route_tables"]):
        for _ in network["route_tables"]:
            ec2.create_route_table(VpcId=network["vpc"])


class _ids:  # noqa: N801
    """Makes one of moto's id generators give the ids we want, in order."""

    def __init__(self, module: Any, name: str, identifiers: list[str]) -> None:
        self._module, self._name = module, name
        self._identifiers: Iterator[str] = iter(identifiers)

    def __enter__(self) -> None:
        self._original = getattr(self._module, self._name)
        setattr(self._module, self._name, lambda: next(self._identifiers, None) or self._original())

    def __exit__(self, *_exc: object) -> None:
        setattr(self._module, self._name, self._original)
