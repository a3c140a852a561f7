"""The two functions: control calls AWS from outside the VPC, data speaks Redis from inside. One bundle, two entry points."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.iam.elasticache_arns import acknowledge_elasticache_wildcards, elasticache_arn
from stacks.iam.legacy_reads import alarm_arns, legacy_arns, read_legacy
from stacks.iam.statements import NETWORK_INTERFACE_ACTIONS
from stacks.shared.acknowledge import acknowledge, acknowledge_wildcards
from stacks.shared.bundle import Bundle
from stacks.upgrade.data_network import DataNetwork
from uplift.inplace.records.run_settings import VARIABLE, RunSettings
from uplift.settings.legacy import LegacyKind, LegacySettings


class StepFunction(Construct):
    """One Lambda function with a role and a log group of its own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bundle: Bundle,
        handler: str,
        run_settings: RunSettings,
        role_path: str,
        log_retention: logs.RetentionDays,
        timeout: Duration,
        memory_mib: int,
        network: DataNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), path=role_path)
        log_group = logs.LogGroup(self, "Logs", retention=log_retention, removal_policy=RemovalPolicy.DESTROY)
        log_group.grant(self.role, "logs:CreateLogStream", "logs:PutLogEvents")
        if network is not None:
            _allow_network_interfaces(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime(bundle.runtime, lambda_.RuntimeFamily.PYTHON),
            code=lambda_.Code.from_asset(str(bundle.directory)),
            handler=handler,
            role=self.role.without_policy_updates(),
            timeout=timeout,
            memory_size=memory_mib,
            log_group=log_group,
            environment={VARIABLE: Stack.of(self).to_json_string(run_settings.model_dump(mode="json"))},
            vpc=network.vpc if network else None,
            security_groups=[network.security_group] if network else None,
        )
        acknowledge(
            self.function, rule="AwsSolutions-L1", reason="the bundle holds wheels for this interpreter; both move together, in bundle.py"
        )


def _allow_network_interfaces(role: iam.Role) -> None:
    role.add_to_policy(iam.PolicyStatement(sid="NetworkInterfaces", actions=list(NETWORK_INTERFACE_ACTIONS), resources=["*"]))
    acknowledge_wildcards(role, {"Resource::*": "a function in a VPC makes network interfaces that have no ARN beforehand"})


def allow_control(role: iam.Role, *, legacy: LegacySettings, snapshot_prefix: str, parameter_group: str) -> None:
    """What the control function may ask ElastiCache for: reads of legacy, its snapshot, its one modify."""
    for statement in _control_statements(legacy, snapshot_prefix, parameter_group):
        role.add_to_policy(statement)
    wildcards = (
        ("cluster", f"{legacy.id}-*", "the member clusters of legacy, whose numbers change with its nodes"),
        ("parametergroup", "*", "reads whatever parameter group legacy uses before the upgrade"),
        ("snapshot", "*", "counts what snapshots of a node were taken in 24 hours"),
        ("snapshot", f"{snapshot_prefix}*", "the snapshot's name derives from the run"),
    )
    acknowledge_elasticache_wildcards(role, wildcards)


def _control_statements(legacy: LegacySettings, snapshot_prefix: str, parameter_group: str) -> Sequence[iam.PolicyStatement]:
    group, cluster, members = legacy_arns(legacy)
    standalone = legacy.kind is LegacyKind.STANDALONE
    return (
        *read_legacy(legacy),
        iam.PolicyStatement(
            sid="TakeSnapshot",
            actions=["elasticache:CreateSnapshot"],
            resources=[elasticache_arn("snapshot", f"{snapshot_prefix}*"), group, cluster, members],
        ),
        iam.PolicyStatement(
            sid="TagSnapshot", actions=["elasticache:AddTagsToResource"], resources=[elasticache_arn("snapshot", f"{snapshot_prefix}*")]
        ),
        iam.PolicyStatement(
            sid="UpgradeLegacy",
            actions=["elasticache:ModifyCacheCluster" if standalone else "elasticache:ModifyReplicationGroup"],
            resources=[cluster if standalone else group, elasticache_arn("parametergroup", parameter_group)],
        ),
    )


def allow_metrics(role: iam.Role, *, namespace: str) -> None:
    """Let a role write metrics of one namespace; PutMetricData has no resource ARN, only this condition."""
    role.add_to_policy(
        iam.PolicyStatement(
            sid="Metrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": namespace}},
        )
    )
    acknowledge_wildcards(role, {"Resource::*": "PutMetricData and DescribeEvents have no resource; a condition names the one namespace"})


def allow_muting(role: iam.Role, *, alarm_names: Sequence[str]) -> None:
    """Let a role keep exactly these alarms from acting, and let them act again."""
    if not alarm_names:
        return
    actions = ["cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions"]
    role.add_to_policy(iam.PolicyStatement(sid="MuteAlarms", actions=actions, resources=alarm_arns(alarm_names)))
