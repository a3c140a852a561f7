"""What CloudFormation may do with what holds data: ElastiCache, storage, and the network around them."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.iam.elasticache_arns import elasticache_arn
from stacks.iam.legacy_reads import legacy_arns
from stacks.iam.statements import allow, arn
from uplift.settings.legacy import LegacySettings


def elasticache_statements(legacy: LegacySettings) -> list[iam.PolicyStatement]:
    """Groups and what belongs to them; every write on legacy is denied by name."""
    kinds = ("replicationgroup", "cluster", "parametergroup", "subnetgroup", "snapshot")
    writes = (
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
        allow("ElastiCache", "elasticache", writes, [elasticache_arn(kind, "*") for kind in kinds]),
        allow("ReadElastiCache", "elasticache", reads, ["*"]),
        iam.PolicyStatement(
            sid="KeepOffLegacy",
            effect=iam.Effect.DENY,
            actions=[f"elasticache:{action}" for action in writes],
            resources=legacy_arns(legacy),
        ),
    ]


def storage_statements(prefix: str, environment: str) -> list[iam.PolicyStatement]:
    """The bucket, the table, keys, secrets and facts."""
    bucket = (
        "CreateBucket",
        "DeleteBucket",
        "DeleteBucketPolicy",
        "GetBucketPolicy",
        "GetBucketPublicAccessBlock",
        "GetBucketVersioning",
        "GetEncryptionConfiguration",
        "GetLifecycleConfiguration",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutEncryptionConfiguration",
        "PutLifecycleConfiguration",
    )
    table = (
        "CreateTable",
        "DeleteTable",
        "DescribeContinuousBackups",
        "DescribeContributorInsights",
        "DescribeKinesisStreamingDestination",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetResourcePolicy",
        "ListTagsOfResource",
        "TagResource",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateTable",
        "UpdateTimeToLive",
    )
    key = (
        "DescribeKey",
        "EnableKeyRotation",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListResourceTags",
        "PutKeyPolicy",
        "ScheduleKeyDeletion",
        "TagResource",
        "UntagResource",
        "UpdateKeyDescription",
    )
    secret = ("CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue", "TagResource", "UntagResource", "UpdateSecret")
    fact = ("AddTagsToResource", "DeleteParameter", "GetParameters", "ListTagsForResource", "PutParameter", "RemoveTagsFromResource")
    return [
        allow("Bucket", "s3", bucket, [f"arn:{Aws.PARTITION}:s3:::{prefix.lower()}*"]),
        allow("Table", "dynamodb", table, [arn("dynamodb", f"table/{prefix}*")]),
        allow("NewKey", "kms", ["CreateKey"], ["*"]),
        allow("Key", "kms", key, [arn("kms", "key/*")]),
        # CloudFormation names a secret after its logical id, without the stack's.
        allow("Secret", "secretsmanager", secret, [arn("secretsmanager", "secret:*AuthToken*")]),
        allow("DrawSecret", "secretsmanager", ["GetRandomPassword"], ["*"]),
        allow("Facts", "ssm", fact, [arn("ssm", f"parameter/uplift/{environment}/*"), arn("ssm", "parameter/cdk-bootstrap/*")]),
    ]


def network_statements() -> list[iam.PolicyStatement]:
    """Security groups and their rules."""
    writes = (
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
    reads = ("DescribeNetworkInterfaces", "DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
    return [
        allow("SecurityGroups", "ec2", writes, [arn("ec2", "security-group/*"), arn("ec2", "security-group-rule/*"), arn("ec2", "vpc/*")]),
        allow("ReadNetwork", "ec2", reads, ["*"]),
    ]
