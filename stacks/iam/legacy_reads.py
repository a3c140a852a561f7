"""Legacy in policies: its ARNs, and the reads that a run, a plan and a person need alike."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from stacks.iam.elasticache_arns import elasticache_arn
from stacks.iam.statements import allow, arn
from uplift.settings.legacy import LegacySettings


def legacy_arns(legacy: LegacySettings) -> list[str]:
    """The replication group, the standalone cluster, and the member clusters, whichever of them legacy is."""
    return [
        elasticache_arn("replicationgroup", legacy.id),
        elasticache_arn("cluster", legacy.id),
        elasticache_arn("cluster", f"{legacy.id}-*"),
    ]


def read_legacy(legacy: LegacySettings) -> list[iam.PolicyStatement]:
    """What ElastiCache says of legacy, its parameters, snapshots and events."""
    arns = legacy_arns(legacy)
    return [
        allow("ReadLegacy", "elasticache", ["DescribeReplicationGroups", "DescribeCacheClusters", "DescribeUpdateActions"], arns),
        allow("ReadParameters", "elasticache", ["DescribeCacheParameters"], [elasticache_arn("parametergroup", "*")]),
        allow("ReadSnapshots", "elasticache", ["DescribeSnapshots"], [elasticache_arn("snapshot", "*"), *arns]),
        # DescribeEvents has no resource (Service Authorization Reference).
        allow("ReadEvents", "elasticache", ["DescribeEvents"], ["*"]),
    ]


def alarm_arns(names: Sequence[str]) -> list[str]:
    """Alarms of whoever manages legacy, by name."""
    return [arn("cloudwatch", f"alarm:{name}") for name in names]
