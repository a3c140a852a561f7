"""What CloudFormation may do with ElastiCache, and that it keeps off legacy."""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from stacks.iam.cloudformation_network import SECURITY_GROUP_WRITES
from stacks.iam.elasticache_arns import elasticache_arn
from stacks.iam.legacy_reads import legacy_arns
from stacks.iam.statements import allow, arn, deny
from uplift.settings.legacy import LegacySettings

_WRITES = (
    "AddTagsToResource",
    "CreateCacheCluster",
    "CreateCacheParameterGroup",
    "CreateCacheSubnetGroup",
    "CreateReplicationGroup",
    "CreateSnapshot",
    "DecreaseReplicaCount",
    "DeleteCacheCluster",
    "DeleteCacheParameterGroup",
    "DeleteCacheSubnetGroup",
    "DeleteReplicationGroup",
    "IncreaseReplicaCount",
    "ModifyCacheParameterGroup",
    "ModifyCacheSubnetGroup",
    "ModifyReplicationGroup",
    "RemoveTagsFromResource",
)
_OUR_INGRESS_RULE = ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "UpdateSecurityGroupRuleDescriptionsIngress")


def elasticache_statements() -> list[iam.PolicyStatement]:
    """Groups and what belongs to them."""
    kinds = ("replicationgroup", "cluster", "parametergroup", "subnetgroup", "snapshot")
    reads = (
        "DescribeCacheClusters",
        "DescribeCacheParameterGroups",
        "DescribeCacheParameters",
        "DescribeCacheSubnetGroups",
        "DescribeEngineDefaultParameters",
        "DescribeReplicationGroups",
        "ListTagsForResource",
    )
    return [
        allow("ElastiCache", "elasticache", _WRITES, [elasticache_arn(kind, "*") for kind in kinds]),
        allow("ReadElastiCache", "elasticache", reads, ["*"]),
    ]


def keep_off_legacy(legacy: LegacySettings) -> list[iam.PolicyStatement]:
    """Denials by name: legacy itself, the parameter group it uses now, and its security group but for the one rule that is ours.

    The upgrade stack lets its data function in by an ingress rule of legacy's security group, and takes that rule away again.
    """
    parameter_groups = [elasticache_arn("parametergroup", legacy.parameter_group)] if legacy.parameter_group else []
    on_its_security_group = [action for action in SECURITY_GROUP_WRITES if action not in _OUR_INGRESS_RULE]
    return [
        deny("KeepOffLegacy", "elasticache", _WRITES, [*legacy_arns(legacy), *parameter_groups]),
        deny("KeepOffItsRules", "ec2", on_its_security_group, [arn("ec2", f"security-group/{legacy.security_group_id}")]),
    ]
