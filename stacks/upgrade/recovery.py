"""Bringing a run's data back: a function of its own, the only one that may create a group, under a machine nobody schedules."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.iam.elasticache_arns import acknowledge_elasticache_wildcards, elasticache_arn
from stacks.shared.acknowledge import acknowledge_wildcards
from stacks.shared.bundle import Bundle
from stacks.upgrade.functions import StepFunction
from stacks.upgrade.recovery_state_machine import RecoveryStateMachine
from uplift.inplace.records.run_record import SNAPSHOT_PREFIX
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import RECOVERED_PREFIX
from uplift.settings.legacy import LegacySettings

_MEMORY_MIB = 256


class Recovery(Construct):
    """The function and the machine. What the function may do beside ElastiCache, the stack grants it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bundle: Bundle,
        run_settings: RunSettings,
        data: lambda_.IFunction,
        legacy: LegacySettings,
        role_path: str,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = StepFunction(
            self,
            "Restorer",
            bundle=bundle,
            handler="uplift.inplace.recovery.handler.handler",
            run_settings=run_settings,
            role_path=role_path,
            log_retention=log_retention,
            timeout=Duration.minutes(2),
            memory_mib=_MEMORY_MIB,
        )
        _allow(self.function.role, legacy=legacy, parameter_group=run_settings.parameter_group)
        self.machine = RecoveryStateMachine(
            self, "Recover", recovery=self.function.function, data=data, role_path=role_path, log_retention=log_retention
        ).machine


def _allow(role: iam.Role, *, legacy: LegacySettings, parameter_group: str) -> None:
    """Create groups of one name from snapshots of one name, read them and legacy (Service Authorization Reference)."""
    restored = [elasticache_arn("replicationgroup", f"{RECOVERED_PREFIX}*"), elasticache_arn("cluster", f"{RECOVERED_PREFIX}*")]
    source = [
        elasticache_arn("replicationgroup", legacy.id),
        elasticache_arn("cluster", legacy.id),
        elasticache_arn("cluster", f"{legacy.id}-*"),
    ]
    snapshots = elasticache_arn("snapshot", f"{SNAPSHOT_PREFIX}*")
    made_of = [snapshots, elasticache_arn("parametergroup", parameter_group), elasticache_arn("subnetgroup", "*"), *restored]
    reads = ["elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters"]
    role.add_to_policy(iam.PolicyStatement(sid="CreateGroup", actions=["elasticache:CreateReplicationGroup"], resources=made_of))
    role.add_to_policy(iam.PolicyStatement(sid="TagGroup", actions=["elasticache:AddTagsToResource"], resources=restored))
    role.add_to_policy(iam.PolicyStatement(sid="ReadGroups", actions=reads, resources=[*restored, *source]))
    role.add_to_policy(iam.PolicyStatement(sid="ReadSnapshot", actions=["elasticache:DescribeSnapshots"], resources=[snapshots]))
    role.add_to_policy(iam.PolicyStatement(sid="ReadEvents", actions=["elasticache:DescribeEvents"], resources=["*"]))
    acknowledge_wildcards(role, {"Resource::*": "DescribeEvents has no resource"})
    wildcards = (
        ("replicationgroup", f"{RECOVERED_PREFIX}*", "the group's name ends in the run's id"),
        ("cluster", f"{RECOVERED_PREFIX}*", "the nodes of a restored group"),
        ("cluster", f"{legacy.id}-*", "the member clusters of legacy, whose numbers change with its nodes"),
        ("snapshot", f"{SNAPSHOT_PREFIX}*", "the snapshot's name derives from the run"),
        ("subnetgroup", "*", "the one legacy was in, which only the run itself saw"),
    )
    acknowledge_elasticache_wildcards(role, wildcards)
