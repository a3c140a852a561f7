"""One replication group with its parameter group, subnet group, security group and AUTH token."""

from __future__ import annotations

from aws_cdk import Fn, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.shared.acknowledge import acknowledge
from stacks.shared.existing_vpc import existing_vpc
from uplift.settings.groups import GroupSettings
from uplift.settings.network import NetworkSettings

PORT = 6379
# ElastiCache allows 16 to 128 printable characters and of the others only ! & # $ ^ < > - (API reference, AuthToken).
# Changing any of these two values makes Secrets Manager draw a new token, which cuts every client off.
TOKEN_LENGTH = 64
TOKEN_WITHOUT_PUNCTUATION = True


class ReplicationGroup(Construct):
    """Cluster mode disabled, TLS, AUTH, encrypted at rest, kept as a snapshot when deleted or replaced.

    No physical name and no snapshot to start from: both would make a later change replace the group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        group: GroupSettings,
        network: NetworkSettings,
        events_topic_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.security_group = _security_group(self, network=network)
        self.secret = _auth_token(self)
        parameters = elasticache.CfnParameterGroup(
            self,
            f"Parameters{group.version.family.title().replace('.', '')}",
            cache_parameter_group_family=group.version.family,
            description=f"{description}, {group.version}",
            properties=dict(group.parameters),
        )
        subnets = elasticache.CfnSubnetGroup(self, "Subnets", description=description, subnet_ids=list(network.subnet_ids))
        self.group = elasticache.CfnReplicationGroup(
            self,
            "Group",
            replication_group_description=description,
            engine=group.engine.value,
            engine_version=group.engine_version,
            cache_parameter_group_name=parameters.ref,
            cache_node_type=group.node_type,
            num_cache_clusters=group.node_count,
            automatic_failover_enabled=group.multi_az,
            multi_az_enabled=group.multi_az,
            port=PORT,
            cache_subnet_group_name=subnets.ref,
            security_group_ids=[self.security_group.security_group_id],
            transit_encryption_enabled=True,
            auth_token=self.secret.secret_value.unsafe_unwrap(),
            at_rest_encryption_enabled=True,
            kms_key_id=group.kms_key_arn,
            preferred_maintenance_window=group.maintenance_window,
            snapshot_window=group.snapshot_window,
            snapshot_retention_limit=group.snapshot_retention_days,
            notification_topic_arn=events_topic_arn,
            auto_minor_version_upgrade=False,
        )
        self.group.apply_removal_policy(RemovalPolicy.SNAPSHOT)
        if not group.multi_az:
            acknowledge(self.group, rule="AwsSolutions-AEC4", reason="this environment runs without failover on purpose (multi_az: false)")
        acknowledge(self.group, rule="AwsSolutions-AEC5", reason="port 6379: nobody reaches it but the named client security groups")

    def node_id(self, number: int) -> str:
        """The member cluster's id, `<group>-001` and so on: what per-node metrics are filed under with cluster mode disabled."""
        return Fn.join("-", [self.group.ref, f"{number:03}"])


def _security_group(scope: Construct, *, network: NetworkSettings) -> ec2.SecurityGroup:
    vpc = existing_vpc(scope, network=network)
    group = ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="Redis nodes: 6379 from named clients only"
    )
    for name, client_id in network.client_security_group_ids.items():
        client = ec2.SecurityGroup.from_security_group_id(scope, f"Client{name.title().replace('-', '')}", client_id, mutable=False)
        group.add_ingress_rule(client, ec2.Port.tcp(PORT), f"Redis from {name}")
    return group


def _auth_token(scope: Construct) -> secretsmanager.Secret:
    secret = secretsmanager.Secret(
        scope,
        "AuthToken",
        description="AUTH token of the replication group; rotate with ElastiCache's ROTATE and SET, not with a new secret",
        generate_secret_string=secretsmanager.SecretStringGenerator(
            password_length=TOKEN_LENGTH, exclude_punctuation=TOKEN_WITHOUT_PUNCTUATION
        ),
        # Not RETAIN: a first deploy that fails would leave a token that belongs to nothing.
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    acknowledge(
        secret, rule="AwsSolutions-SMG4", reason="an AUTH token is rotated in step with ElastiCache, by a runbook, never on a timer"
    )
    return secret
