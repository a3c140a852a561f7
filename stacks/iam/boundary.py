"""The permissions boundary of every role our stacks make: the most that any of them may ever be given.

A boundary grants nothing; a role may do what its policies and the boundary both allow. A test holds it against what the roles have.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.iam.statements import NETWORK_INTERFACE_ACTIONS
from stacks.shared.acknowledge import acknowledge_statements

_AT_MOST = (
    "cloudwatch:DisableAlarmActions",
    "cloudwatch:EnableAlarmActions",
    "cloudwatch:PutMetricData",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:UpdateItem",
    *NETWORK_INTERFACE_ACTIONS,
    "elasticache:AddTagsToResource",
    "elasticache:CreateReplicationGroup",
    "elasticache:CreateSnapshot",
    "elasticache:DeleteSnapshot",
    "elasticache:Describe*",
    "elasticache:ModifyCacheCluster",
    "elasticache:ModifyReplicationGroup",
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "lambda:InvokeFunction",
    "logs:*LogDeliver*",
    "logs:CreateLogStream",
    "logs:Describe*",
    "logs:PutLogEvents",
    "logs:PutResourcePolicy",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:GetSecretValue",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecretVersionStage",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:SendMessage",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:ListExecutions",
    "states:StartExecution",
    "states:StopExecution",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


class Boundary(Construct):
    """One managed policy, in force where config/ names no `permissions_boundary_arn` of the organisation's own."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, role_path: str) -> None:
        super().__init__(scope, construct_id)
        # A fixed name: every stack names it before it is deployed.
        at_most = iam.PolicyStatement(sid="AtMost", actions=list(_AT_MOST), resources=["*"])
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=name,
            path=role_path,
            description="The most that any role of Uplift's stacks may do",
            statements=[at_most],
        )
        acknowledge_statements(policy, [at_most], "a boundary grants nothing: the resources are those of each role's own policy")
