"""The VPC that is there already, by its ids: nothing is looked up."""

from __future__ import annotations

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.shared.acknowledge import acknowledge
from uplift.settings.network import NetworkSettings


def existing_vpc(scope: Construct, *, network: NetworkSettings) -> ec2.IVpc:
    """The VPC of an environment with its subnets; zone names are resolved while deploying."""
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id=network.vpc_id,
        availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(len(network.subnet_ids))],
        private_subnet_ids=list(network.subnet_ids),
    )
    acknowledge(
        scope, rule="Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId", reason="nothing here reads a route table of an existing subnet"
    )
    return vpc
