"""A topic for people: encrypted, TLS only, open to this account's alarms and schedules; and the topics they had before."""

from __future__ import annotations

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from uplift.inplace.records.notice_names import NOTICE
from uplift.settings.receivers import Receivers


class PeopleTopic(Construct):
    """The topic and its key.

    The key is ours because alarms cannot publish to a topic under the AWS managed key (CloudWatch user guide,
    "Notifying users on alarm changes"). ElastiCache's own events need an unencrypted topic and never use this one. Mail gets every message,
    an https endpoint none that is a mere notice: behind it is a pager. `topics` are this one and those of `upgrade.notify`, for alarms.
    """

    def __init__(self, scope: Construct, construct_id: str, *, receivers: Receivers) -> None:
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
        for address in receivers.mail:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        no_notice = {NOTICE: sns.SubscriptionFilter([{"exists": False}])}
        for endpoint in receivers.https:
            self.topic.add_subscription(
                subscriptions.UrlSubscription(endpoint, protocol=sns.SubscriptionProtocol.HTTPS, filter_policy=no_notice)
            )
        more = [sns.Topic.from_topic_arn(self, f"Existing{number}", arn) for number, arn in enumerate(receivers.topics, start=1)]
        self.topics: tuple[sns.ITopic, ...] = (self.topic, *more)
        self.key = key

    def grant_publish(self, role: iam.Role) -> None:
        """Let a role publish, with the two key actions an encrypted topic needs (SNS guide, "Key management")."""
        arns = [topic.topic_arn for topic in self.topics]
        role.add_to_policy(iam.PolicyStatement(sid="TellPeople", actions=["sns:Publish"], resources=arns))
        self.key.grant(role, "kms:Decrypt", "kms:GenerateDataKey")

    def grant_look(self, role: iam.Role) -> None:
        """Let a role see who is subscribed, and who has yet to confirm it."""
        arns = [topic.topic_arn for topic in self.topics]
        role.add_to_policy(iam.PolicyStatement(sid="WhoIsSubscribed", actions=["sns:ListSubscriptionsByTopic"], resources=arns))
