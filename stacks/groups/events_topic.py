"""ElastiCache's own events of one group, and who gets them: whoever is named in `upgrade.notify`, but for what is routine."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.shared.acknowledge import acknowledge
from uplift.settings.upgrade import UpgradeSettings

# A message is {"ElastiCache:EVENT": "node or group"}. A filter may name five events (SNS guide, "Filter policy constraints"), so it names
# those that tell nobody anything new: the daily snapshot, and what somebody's own deploy or modify did. What is not named comes through.
ROUTINE_EVENTS = (
    "ElastiCache:SnapshotComplete",
    "ElastiCache:CacheClusterProvisioningComplete",
    "ElastiCache:CreateReplicationGroupComplete",
    "ElastiCache:AddCacheNodeComplete",
    "ElastiCache:CacheClusterParametersChanged",
)


class EventsTopic(sns.Topic):
    """The topic and its subscriptions. It has no key: ElastiCache publishes to unencrypted topics only."""

    def __init__(self, scope: Construct, construct_id: str, *, upgrade: UpgradeSettings) -> None:
        super().__init__(scope, construct_id)
        acknowledge(
            self, rule="AwsSolutions-SNS3", reason="ElastiCache publishes over its own channel; a deny on plain text would silence it"
        )
        acknowledge(self, rule="AwsSolutions-SNS2", reason="ElastiCache can only publish to an unencrypted topic (user guide, Amazon SNS)")
        # With aws:SourceAccount in its place ElastiCache cannot publish and calls the topic inactive (user guide, "Managing ElastiCache
        # Amazon SNS notifications").
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ElastiCacheMayPublish",
                principals=[iam.AnyPrincipal()],
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={"StringEquals": {"aws:SourceOwner": Aws.ACCOUNT_ID}},
            )
        )
        for number, (protocol, endpoint) in enumerate(_subscribers(upgrade), start=1):
            sns.CfnSubscription(
                self,
                f"Subscription{number}",
                topic_arn=self.topic_arn,
                protocol=protocol,
                endpoint=endpoint,
                filter_policy={event: [{"exists": False}] for event in ROUTINE_EVENTS},
                filter_policy_scope="MessageBody",
            )


def _subscribers(upgrade: UpgradeSettings) -> Iterator[tuple[str, str]]:
    yield from (("email", address) for address in upgrade.notified_mail)
    yield from (("https", endpoint) for endpoint in upgrade.notified_https)
