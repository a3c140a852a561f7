"""ARNs in the stack's own account and region, and statements that allow actions of one service."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

# What a function in a VPC needs, as AWS's managed policy AWSLambdaVPCAccessExecutionRole lists it.
NETWORK_INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def arn(service: str, resource: str) -> str:
    """Of a service whose ARNs name region and account; the resource may hold a wildcard."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def allow(sid: str, service: str, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    """Allow actions, written without their service's prefix."""
    return iam.PolicyStatement(sid=sid, actions=[f"{service}:{action}" for action in actions], resources=list(resources))


def deny(sid: str, service: str, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    """Deny actions, whatever else allows them."""
    statement = allow(sid, service, actions, resources)
    statement.effect = iam.Effect.DENY
    return statement
