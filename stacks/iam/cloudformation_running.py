"""What CloudFormation may do with what runs: roles, functions, machines and schedules, and what watches them."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.iam.statements import allow, arn

_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")
_RUNS_OUR_ROLES = ("lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com")


def identity_statements(prefix: str, role_path: str, boundary: str) -> list[iam.PolicyStatement]:
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
        allow("Roles", "iam", role, [roles]),
        allow("Policies", "iam", policy, [policies]),
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


def function_statements(prefix: str) -> list[iam.PolicyStatement]:
    """Functions, state machines and schedules."""
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
        allow("Functions", "lambda", function, [arn("lambda", f"function:{prefix}*")]),
        allow("Code", "s3", ["GetObject"], [f"arn:{Aws.PARTITION}:s3:::cdk-*-assets-{Aws.ACCOUNT_ID}-{Aws.REGION}/*"]),
        # CloudFormation names a machine after its logical id, without the stack's.
        allow("Machines", "states", machine, [arn("states", "stateMachine:*")]),
        allow(
            "Schedules", "scheduler", schedule, [arn("scheduler", f"schedule/{prefix}*/*"), arn("scheduler", f"schedule-group/{prefix}*")]
        ),
    ]


def watching_statements(prefix: str) -> list[iam.PolicyStatement]:
    """Topics, queues, logs, alarms and dashboards."""
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
        allow("Topics", "sns", topic, [arn("sns", f"{prefix}*")]),
        allow("Queues", "sqs", queue, [arn("sqs", f"{prefix}*")]),
        allow("Logs", "logs", log, [arn("logs", f"log-group:{prefix}*")]),
        # A state machine's log delivery has no resource (Step Functions developer guide, "Logging using CloudWatch Logs").
        allow("LogDelivery", "logs", delivery, ["*"]),
        allow(
            "Alarms",
            "cloudwatch",
            alarm,
            [arn("cloudwatch", f"alarm:{prefix}*"), f"arn:{Aws.PARTITION}:cloudwatch::{Aws.ACCOUNT_ID}:dashboard/*"],
        ),
    ]
