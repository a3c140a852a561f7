"""ARNs of ElastiCache in the stack's own account and region, and their wildcards with reasons."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from stacks.iam.statements import arn
from stacks.shared.acknowledge import acknowledge_wildcards


def elasticache_arn(kind: str, name: str) -> str:
    """Such as `replicationgroup`, `cluster`, `snapshot`; the name may hold a wildcard."""
    return arn("elasticache", f"{kind}:{name}")


def acknowledge_elasticache_wildcards(role: iam.Role, reasons: Sequence[tuple[str, str, str]]) -> None:
    """Accept ARNs with a wildcard: kind, name and the reason of each."""
    for kind, name, reason in reasons:
        # cdk-nag names a finding with the pseudo parameters spelled out.
        acknowledge_wildcards(role, {f"Resource::arn:<AWS::Partition>:elasticache:<AWS::Region>:<AWS::AccountId>:{kind}:{name}": reason})
