"""The bucket that keeps reports and censuses: encrypted, TLS only, expiring."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.shared.acknowledge import acknowledge

# Key names hold session tokens: kept as long as a recovery may still be compared with them.
_NAMES_DAYS = 14


class ReportBucket(Construct):
    """Kept when the stack goes: a report is the proof of what happened. Not kept when its creation is rolled back: it is empty then."""

    def __init__(self, scope: Construct, construct_id: str, *, retention_days: int) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(prefix="runs/", expiration=Duration.days(retention_days), noncurrent_version_expiration=Duration.days(30)),
                s3.LifecycleRule(prefix="names/", expiration=Duration.days(_NAMES_DAYS), noncurrent_version_expiration=Duration.days(1)),
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            self.bucket, rule="AwsSolutions-S1", reason="two functions write a few objects a run; CloudTrail data events cover access"
        )
