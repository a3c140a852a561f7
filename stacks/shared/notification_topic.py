"""A topic for people: encrypted, TLS only, open to this account's alarms and schedules."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class PeopleTopic(Construct):
    """The topic and its key.

    The key is ours because alarms cannot publish to a topic under the AWS managed key (CloudWatch user guide,
    "Notifying users on alarm changes"). ElastiCache's own events need an unencrypted topic and never use this one.
    """

    def __init__(self, scope: Construct, construct_id: str, *, mail_addresses: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.DESTROY, description="Encrypts Uplift's messages")
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        for address in mail_addresses:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        self.key = key

    def grant_publish(self, role: iam.Role) -> None:
        """Let a role publish, with the two key actions an encrypted topic needs (SNS guide, "Key management")."""
        role.add_to_policy(iam.PolicyStatement(sid="TellPeople", actions=["sns:Publish"], resources=[self.topic.topic_arn]))
        self.key.grant(role, "kms:Decrypt", "kms:GenerateDataKey")
