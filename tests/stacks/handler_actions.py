"""The actions of CloudFormation's handlers, as the registry names them, and those our stacks never ask for, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.stacks.variants import Synthesised

# What a handler names for writing and our templates never ask for: by action, with the property that would need it.
NOT_NEEDED = {
    "dynamodb:*Replica*": "global tables",
    "dynamodb:*Item": "moving items of a replica, or importing them",
    "dynamodb:Query": "importing",
    "dynamodb:Scan": "importing",
    "dynamodb:*Import*": "ImportSourceSpecification",
    "dynamodb:*KinesisStreamingDestination": "KinesisStreamSpecification",
    "dynamodb:*ResourcePolicy": "ResourcePolicy",
    "dynamodb:UpdateContributorInsights": "ContributorInsightsSpecification",
    "kinesis:*": "KinesisStreamSpecification",
    "iam:*User*": "policies of users",
    "iam:*Group*": "policies of groups",
    "iam:DeleteRolePermissionsBoundary": "every role keeps its boundary",
    "kms:*Grant": "a customer key of another service",
    "kms:Decrypt": "a customer key of another service",
    "kms:Encrypt": "a customer key of another service",
    "kms:GenerateDataKey": "a customer key of another service",
    "kms:ListAliases": "an alias",
    "kms:DisableKey*": "a disabled key",
    "kms:EnableKey": "a disabled key",
    "logs:*KmsKey": "a customer key for logs",
    "logs:*DataProtectionPolicy": "DataProtectionPolicy",
    "logs:*IndexPolicy": "FieldIndexPolicies",
    "logs:PutBearerTokenAuthentication": "BearerTokenAuthenticationEnabled",
    "logs:PutLogGroupDeletionProtection": "DeletionProtectionEnabled",
    "logs:*LogStream*": "delivering logs of a group itself",
    "logs:PutLogEvents": "delivering logs of a group itself",
    "logs:DeleteResourcePolicy": "ResourcePolicyDocument",
    "firehose:*": "delivering logs to Firehose",
    "s3:REST.PUT.OBJECT": "delivering logs to a bucket",
    "s3:GetObjectVersion": "S3ObjectVersion",
    "s3:GetObjectMetadata": "ImportSourceSpecification",
    "s3:*AccelerateConfiguration": "AccelerateConfiguration",
    "s3:*AnalyticsConfiguration": "AnalyticsConfigurations",
    "s3:*BucketAbac": "AbacStatus",
    "s3:PutBucketAcl": "AccessControl",
    "s3:PutObjectAcl": "AccessControl",
    "s3:*BucketCORS": "CorsConfiguration",
    "s3:*BucketCors": "CorsConfiguration",
    "s3:PutBucketLogging": "LoggingConfiguration",
    "s3:*BucketMetadata*": "MetadataConfiguration",
    "s3:PutBucketNotification": "NotificationConfiguration",
    "s3:*ObjectLockConfiguration": "ObjectLockConfiguration",
    "s3:PutBucketOwnershipControls": "OwnershipControls",
    "s3:*Replication*": "ReplicationConfiguration",
    "s3:*BucketWebsite": "WebsiteConfiguration",
    "s3:PutIntelligentTieringConfiguration": "IntelligentTieringConfigurations",
    "s3:PutInventoryConfiguration": "InventoryConfigurations",
    "s3:*MetricsConfiguration": "MetricsConfigurations",
    "s3:DeleteBucketEncryption": "taking BucketEncryption away",
    "s3:DeleteBucketLifecycle": "taking LifecycleConfiguration away",
    "s3:DeleteObject": "metadata tables",
    "s3tables:*": "MetadataConfiguration",
    "s3files:*": "file systems of a function",
    "elasticfilesystem:*": "file systems of a function",
    "ec2:DescribeInstances": "a rule that names an instance",
    "vpc-lattice:*": "an endpoint of a service network",
    "vpce:AllowMultiRegion": "an endpoint of a service in another region",
    "elasticache:ModifyReplicationGroupShardConfiguration": "shards",
    "lambda:AssociateRuntimeAlias": "a runtime's version",
    "lambda:*CodeSigning*": "CodeSigningConfigArn",
    "lambda:*Concurrency": "ReservedConcurrentExecutions",
    "lambda:PutFunctionRecursionConfig": "RecursiveLoop",
    "lambda:PutFunctionScalingConfig": "FunctionScalingConfig",
    "lambda:GetLayerVersion": "Layers",
    "lambda:PassCapacityProvider": "CapacityProviderConfig",
    "lambda:Publish*": "versions",
    "lambda:PutRuntimeManagementConfig": "RuntimeManagementConfig",
    "sns:PutDataProtectionPolicy": "DataProtectionPolicy",
    "secretsmanager:*Replic*": "ReplicaRegions",
}
# A handler reads back every property, whether the template has it or not; but for these.
NOT_READ = {
    "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation": "there is no such action (Service Authorization Reference, VPC Lattice)",
    "kms:Decrypt": "code or a definition under a customer key",
    "s3:DeleteBucketTagging": "there is no such action: S3 asks for PutBucketTagging (Service Authorization Reference)",
}


def takes_tags(resource_type: str) -> bool:
    """As the registry says; the CDK's own metadata is in no registry."""
    if resource_type == "AWS::CDK::Metadata":
        return False
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return bool(schema.get("tagging", {}).get("taggable", "Tags" in schema["properties"]))


def handlers(one: Synthesised) -> Iterator[tuple[str, str, str]]:
    """Type, verb and action of every handler of the stacks' types, and of the tags of those that take them."""
    types = {resource["Type"] for template in one.stacks.values() for resource in template["Resources"].values()}
    for resource_type in sorted(types - {"AWS::CDK::Metadata"}):
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
        for verb in ("create", "read", "update", "delete"):
            for action in schema["handlers"].get(verb, {}).get("permissions", []):
                yield resource_type, verb, action
        for action in schema.get("tagging", {}).get("permissions", []) if takes_tags(resource_type) else ():
            yield resource_type, "tags", action
