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


def storage_statements(prefix: str, environment: str, qualifier: str) -> list[iam.PolicyStatement]:
    """The bucket, the table, keys, secrets and facts."""
    bucket = (
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
        allow(
            "Facts", "ssm", fact, [arn("ssm", f"parameter/uplift/{environment}/*"), arn("ssm", f"parameter/cdk-bootstrap/{qualifier}/*")]
        ),
    ]
