"""ElastiCache's own events of one group, and who gets them: whoever is named in `upgrade.notify`, but for what is routine."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.shared.acknowledge import acknowledge
from uplift.settings.receivers import Receivers

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

    def __init__(self, scope: Construct, construct_id: str, *, receivers: Receivers) -> None:
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
        for protocol, endpoints in (("email", receivers.mail), ("https", receivers.https)):
            for endpoint in endpoints:
                # By its endpoint, not by a number: SNS takes the same endpoint under another logical id for the same subscription, and
                # cleaning up the old id would delete it.
                sns.CfnSubscription(
                    self,
                    endpoint,
                    topic_arn=self.topic_arn,
                    protocol=protocol,
                    endpoint=endpoint,
                    filter_policy={event: [{"exists": False}] for event in ROUTINE_EVENTS},
                    filter_policy_scope="MessageBody",
                )
