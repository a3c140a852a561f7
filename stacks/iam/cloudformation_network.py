"""What CloudFormation may do with the network around Redis and the functions."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.iam.statements import allow, arn
from uplift.settings.network import NetworkSettings

SECURITY_GROUP_WRITES = (
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateSecurityGroup",
    "CreateTags",
    "DeleteSecurityGroup",
    "DeleteTags",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
)
"""On security groups and their rules."""


def network_statements(network: NetworkSettings) -> list[iam.PolicyStatement]:
    """Security groups and their rules; endpoints and names where the settings ask for them."""
    kinds = ("security-group/*", "security-group-rule/*")
    reads = ("DescribeNetworkInterfaces", "DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
    statements = [
        allow("SecurityGroups", "ec2", SECURITY_GROUP_WRITES, [arn("ec2", kind) for kind in kinds]),
        allow("InTheVpc", "ec2", ["CreateSecurityGroup"], [arn("ec2", f"vpc/{network.vpc_id}")]),
        allow("ReadNetwork", "ec2", [*reads, *(["DescribeVpcEndpoints"] if network.create_vpc_endpoints else [])], ["*"]),
    ]
    if network.create_vpc_endpoints:
        endpoint = ("CreateTags", "CreateVpcEndpoint", "DeleteTags", "DeleteVpcEndpoints", "ModifyVpcEndpoint")
        touched = ("vpc-endpoint/*", f"vpc/{network.vpc_id}", "security-group/*", "subnet/*", "route-table/*")
        statements.append(allow("Endpoints", "ec2", endpoint, [arn("ec2", kind) for kind in touched]))
    if network.dns_zone is not None:
        zone = f"arn:{Aws.PARTITION}:route53:::hostedzone/{network.dns_zone.id}"
        names = ("ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets")
        statements.append(allow("Names", "route53", names, [zone]))
        statements.append(allow("NamesAreThere", "route53", ["GetChange", "ListHostedZones"], ["*"]))
    return statements
