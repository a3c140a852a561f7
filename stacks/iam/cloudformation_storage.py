"""What CloudFormation may do with what keeps data: the bucket, the table, keys, secrets and facts."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.iam.statements import allow, arn

# The handler of a bucket reads back every property, whether the template has it or not.
_BUCKET_READS = (
    "GetAccelerateConfiguration",
    "GetAnalyticsConfiguration",
    "GetBucketAbac",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLogging",
    "GetBucketMetadataTableConfiguration",
    "GetBucketNotification",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPublicAccessBlock",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetIntelligentTieringConfiguration",
    "GetInventoryConfiguration",
    "GetLifecycleConfiguration",
    "GetMetricsConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "ListTagsForResource",
)

_ON_BUCKETS = (
    "CreateBucket",
    "DeleteBucket",
    "DeleteBucketPolicy",
    *_BUCKET_READS,
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutEncryptionConfiguration",
    "PutLifecycleConfiguration",
    "TagResource",
    "UntagResource",
)
_ON_TABLES = (
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
_ON_KEYS = (
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
_ON_SECRETS = ("CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue", "TagResource", "UntagResource", "UpdateSecret")
_ON_FACTS = ("AddTagsToResource", "DeleteParameter", "GetParameters", "ListTagsForResource", "PutParameter", "RemoveTagsFromResource")


def storage_statements(prefix: str, environment: str, qualifier: str) -> list[iam.PolicyStatement]:
    """The bucket, the table, keys, secrets and facts."""
    return [
        allow("Bucket", "s3", _ON_BUCKETS, [f"arn:{Aws.PARTITION}:s3:::{prefix.lower()}*"]),
        allow("Table", "dynamodb", _ON_TABLES, [arn("dynamodb", f"table/{prefix}*")]),
        allow("NewKey", "kms", ["CreateKey"], ["*"]),
        allow("Key", "kms", _ON_KEYS, [arn("kms", "key/*")]),
        # CloudFormation names a secret after its logical id, without the stack's.
        allow("Secret", "secretsmanager", _ON_SECRETS, [arn("secretsmanager", "secret:*AuthToken*")]),
        allow("DrawSecret", "secretsmanager", ["GetRandomPassword"], ["*"]),
        allow("Facts", "ssm", _ON_FACTS, [arn("ssm", f"parameter/uplift/{environment}/*")]),
        allow("BootstrapVersion", "ssm", ["GetParameters"], [arn("ssm", f"parameter/cdk-bootstrap/{qualifier}/*")]),
    ]
