"""What CloudFormation may do with what runs: functions, machines and schedules, and what watches them."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.iam.statements import allow, arn
from stacks.shared.vended_logs import VENDED_LOGS

_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")


def function_statements(prefix: str, qualifier: str) -> list[iam.PolicyStatement]:
    """Functions, state machines and schedules."""
    function = (
        "CreateFunction",
        "DeleteFunction",
        "GetFunction",
        "GetFunctionCodeSigningConfig",
        "GetFunctionRecursionConfig",
        "GetFunctionScalingConfig",
        "GetRuntimeManagementConfig",
        "ListTags",
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
        allow("Code", "s3", ["GetObject"], [f"arn:{Aws.PARTITION}:s3:::cdk-{qualifier}-assets-{Aws.ACCOUNT_ID}-{Aws.REGION}/*"]),
        # CloudFormation names a machine after its logical id, without the stack's.
        allow("Machines", "states", machine, [arn("states", "stateMachine:*")]),
        allow(
            "Schedules", "scheduler", schedule, [arn("scheduler", f"schedule/{prefix}*/*"), arn("scheduler", f"schedule-group/{prefix}*")]
        ),
    ]


_ON_TOPICS = (
    "CreateTopic",
    "DeleteTopic",
    "GetDataProtectionPolicy",
    "GetSubscriptionAttributes",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
    "Subscribe",
    "Unsubscribe",
    *_TAGS,
)
_ON_QUEUES = (
    "CreateQueue",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListQueueTags",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
)
_ON_LOG_GROUPS = (
    "CreateLogGroup",
    "DeleteLogGroup",
    "DeleteRetentionPolicy",
    "DescribeIndexPolicies",
    "GetDataProtectionPolicy",
    "PutRetentionPolicy",
    *_TAGS,
)
_ON_LOG_DELIVERY = (
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
)
_ON_ALARMS = ("DeleteAlarms", "DeleteDashboards", "GetDashboard", "PutDashboard", "PutMetricAlarm", *_TAGS)


def watching_statements(prefix: str) -> list[iam.PolicyStatement]:
    """Topics, queues, logs, alarms and dashboards."""
    groups = [arn("logs", f"log-group:{prefix}*"), arn("logs", f"log-group:{VENDED_LOGS}{prefix}*")]
    return [
        allow("Topics", "sns", _ON_TOPICS, [arn("sns", f"{prefix}*")]),
        allow("Queues", "sqs", _ON_QUEUES, [arn("sqs", f"{prefix}*")]),
        allow("Logs", "logs", _ON_LOG_GROUPS, groups),
        # A state machine's log delivery has no resource (Step Functions developer guide, "Logging using CloudWatch Logs").
        allow("LogDelivery", "logs", _ON_LOG_DELIVERY, ["*"]),
        allow(
            "Alarms",
            "cloudwatch",
            _ON_ALARMS,
            [arn("cloudwatch", f"alarm:{prefix}*"), f"arn:{Aws.PARTITION}:cloudwatch::{Aws.ACCOUNT_ID}:dashboard/*"],
        ),
        # The reference names a resource for it, the user guide asks for all: whether one name is enough cannot be told without an account.
        allow("ReadAlarms", "cloudwatch", ["DescribeAlarms"], ["*"]),
    ]
