"""What CloudFormation itself may do while it deploys our stacks: in place of AdministratorAccess, for `cdk bootstrap`.

The actions are those the registry's handlers of our resource types name (a test holds the two together); the resources are ours by
name wherever CloudFormation's generated names begin with the stack's. Legacy is denied by name: no deploy may touch it.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.acknowledge import acknowledge_statements
from stacks.elasticache_arns import elasticache_arn
from uplift.settings.legacy import LegacySettings

_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")
_RUNS_OUR_ROLES = ("lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com")


class ExecutionPolicies(Construct):
    """Two managed policies, since one would be longer than the 6,144 characters IAM allows."""

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, environment: str, legacy: LegacySettings, role_path: str, boundary: str
    ) -> None:
        super().__init__(scope, construct_id)
        data = [*_elasticache(legacy), *_stored(prefix, environment), *_network()]
        running = [*_identity(prefix, role_path, boundary), *_functions(prefix), *_watching(prefix)]
        self.policies: list[iam.ManagedPolicy] = []
        parts = (("Data", "Redis, secrets, storage, network", data), ("Running", "roles, functions, machines, alarms", running))
        for name, what, statements in parts:
            policy = iam.ManagedPolicy(self, name, description=f"CloudFormation: {what}", statements=statements)
            acknowledge_statements(policy, statements, "generated names: the narrowest scope each service's names allow")
            self.policies.append(policy)


def _arn(service: str, resource: str) -> str:
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def _allow(sid: str, service: str, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=[f"{service}:{action}" for action in actions], resources=list(resources))


def _elasticache(legacy: LegacySettings) -> list[iam.PolicyStatement]:
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
    keep_off = [
        elasticache_arn("replicationgroup", legacy.id),
        elasticache_arn("cluster", legacy.id),
        elasticache_arn("cluster", f"{legacy.id}-*"),
    ]
    return [
        _allow("ElastiCache", "elasticache", writes, [elasticache_arn(kind, "*") for kind in kinds]),
        _allow("ReadElastiCache", "elasticache", reads, ["*"]),
        iam.PolicyStatement(
            sid="KeepOffLegacy", effect=iam.Effect.DENY, actions=[f"elasticache:{action}" for action in writes], resources=keep_off
        ),
    ]


def _stored(prefix: str, environment: str) -> list[iam.PolicyStatement]:
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
        _allow("Bucket", "s3", bucket, [f"arn:{Aws.PARTITION}:s3:::{prefix.lower()}*"]),
        _allow("Table", "dynamodb", table, [_arn("dynamodb", f"table/{prefix}*")]),
        _allow("NewKey", "kms", ["CreateKey"], ["*"]),
        _allow("Key", "kms", key, [_arn("kms", "key/*")]),
        # CloudFormation names a secret after its logical id, without the stack's.
        _allow("Secret", "secretsmanager", secret, [_arn("secretsmanager", "secret:*AuthToken*")]),
        _allow("DrawSecret", "secretsmanager", ["GetRandomPassword"], ["*"]),
        _allow("Facts", "ssm", fact, [_arn("ssm", f"parameter/uplift/{environment}/*"), _arn("ssm", "parameter/cdk-bootstrap/*")]),
    ]


def _network() -> list[iam.PolicyStatement]:
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
        _allow(
            "SecurityGroups", "ec2", writes, [_arn("ec2", "security-group/*"), _arn("ec2", "security-group-rule/*"), _arn("ec2", "vpc/*")]
        ),
        _allow("ReadNetwork", "ec2", reads, ["*"]),
    ]


def _identity(prefix: str, role_path: str, boundary: str) -> list[iam.PolicyStatement]:
    """Roles under our path and name only, and each with the boundary: a deploy cannot make itself an administrator."""
    roles = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role{role_path}{prefix}*"
    policies = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:policy{role_path}{prefix}*"
    bounded = ("AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy")
    role = (
        "DeleteRole",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    )
    policy = (
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "GetPolicy",
        "GetPolicyVersion",
        "ListEntitiesForPolicy",
        "ListPolicyVersions",
    )
    return [
        iam.PolicyStatement(
            sid="RolesWithinTheBoundary",
            actions=[f"iam:{action}" for action in bounded],
            resources=[roles],
            conditions={"StringEquals": {"iam:PermissionsBoundary": boundary}},
        ),
        _allow("Roles", "iam", role, [roles]),
        _allow("Policies", "iam", policy, [policies]),
        iam.PolicyStatement(
            sid="PassRoles",
            actions=["iam:PassRole"],
            resources=[roles],
            conditions={"StringEquals": {"iam:PassedToService": list(_RUNS_OUR_ROLES)}},
        ),
        iam.PolicyStatement(
            sid="ElastiCacheItself",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/elasticache.amazonaws.com/*"],
        ),
    ]


def _functions(prefix: str) -> list[iam.PolicyStatement]:
    function = (
        "CreateFunction",
        "DeleteFunction",
        "GetFunction",
        "GetFunctionCodeSigningConfig",
        "GetRuntimeManagementConfig",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    )
    machine = ("CreateStateMachine", "DeleteStateMachine", "DescribeStateMachine", "UpdateStateMachine", *_TAGS)
    schedule = (
        "CreateSchedule",
        "CreateScheduleGroup",
        "DeleteSchedule",
        "DeleteScheduleGroup",
        "GetSchedule",
        "GetScheduleGroup",
        "UpdateSchedule",
        *_TAGS,
    )
    return [
        _allow("Functions", "lambda", function, [_arn("lambda", f"function:{prefix}*")]),
        _allow("Code", "s3", ["GetObject"], [f"arn:{Aws.PARTITION}:s3:::cdk-*-assets-{Aws.ACCOUNT_ID}-{Aws.REGION}/*"]),
        # CloudFormation names a machine after its logical id, without the stack's.
        _allow("Machines", "states", machine, [_arn("states", "stateMachine:*")]),
        _allow(
            "Schedules", "scheduler", schedule, [_arn("scheduler", f"schedule/{prefix}*/*"), _arn("scheduler", f"schedule-group/{prefix}*")]
        ),
    ]


def _watching(prefix: str) -> list[iam.PolicyStatement]:
    topic = (
        "CreateTopic",
        "DeleteTopic",
        "GetSubscriptionAttributes",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "Unsubscribe",
        *_TAGS,
    )
    queue = (
        "CreateQueue",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListQueueTags",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    )
    log = ("CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "PutRetentionPolicy", *_TAGS)
    delivery = (
        "CreateLogDelivery",
        "DeleteLogDelivery",
        "DescribeLogGroups",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "UpdateLogDelivery",
    )
    alarm = ("DeleteAlarms", "DeleteDashboards", "DescribeAlarms", "GetDashboard", "PutDashboard", "PutMetricAlarm", *_TAGS)
    return [
        _allow("Topics", "sns", topic, [_arn("sns", f"{prefix}*")]),
        _allow("Queues", "sqs", queue, [_arn("sqs", f"{prefix}*")]),
        _allow("Logs", "logs", log, [_arn("logs", f"log-group:{prefix}*")]),
        # A state machine's log delivery has no resource (Step Functions developer guide, "Logging using CloudWatch Logs").
        _allow("LogDelivery", "logs", delivery, ["*"]),
        _allow(
            "Alarms",
            "cloudwatch",
            alarm,
            [_arn("cloudwatch", f"alarm:{prefix}*"), f"arn:{Aws.PARTITION}:cloudwatch::{Aws.ACCOUNT_ID}:dashboard/*"],
        ),
    ]
