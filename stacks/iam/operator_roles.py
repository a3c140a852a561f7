"""Roles for people and jobs around the upgrade: to read, to start it, to recover, to delete snapshots. None may do another's work."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.iam.elasticache_arns import elasticache_arn
from stacks.iam.legacy_reads import alarm_arns, read_legacy
from stacks.iam.operator_role import OperatorRole
from stacks.iam.statements import allow, arn
from stacks.shared.acknowledge import acknowledge_statements
from uplift.inplace.records.run_record import RUN_ID_LENGTH, snapshot_prefix
from uplift.settings.environment import environment_prefix
from uplift.settings.legacy import LegacySettings
from uplift.settings.pipeline import PipelineSettings


class OperatorRoles(Construct):
    """Four roles, each trusted by a GitHub environment of its own: NAME-read, NAME-upgrade, NAME-recover, NAME-snapshots."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        pipeline: PipelineSettings,
        legacy: LegacySettings,
        upgrade: sfn.StateMachine,
        recovery: sfn.StateMachine,
        reports: s3.IBucket,
        existing_topics: Sequence[str],
        role_path: str,
    ) -> None:
        super().__init__(scope, construct_id)
        reading = [
            *_read_statements(environment, legacy, reports),
            # Whether somebody has confirmed that they are notified.
            allow(
                "WhoIsSubscribed",
                "sns",
                ["ListSubscriptionsByTopic"],
                [arn("sns", f"{environment_prefix(environment)}*"), *existing_topics],
            ),
            _runs("ReadRuns", ("DescribeExecution", "GetExecutionHistory"), upgrade, recovery),
        ]
        listing = iam.PolicyStatement(
            sid="ListRuns", actions=["states:ListExecutions"], resources=[upgrade.state_machine_arn, recovery.state_machine_arn]
        )
        for work, more in (
            ("read", []),
            ("upgrade", [_start("StartUpgrade", upgrade), _runs("StopUpgrade", ("StopExecution",), upgrade), *_unmute(legacy)]),
            ("recover", [_start("StartRecovery", recovery)]),
            ("snapshots", [_delete_snapshots(legacy)]),
        ):
            role = OperatorRole(
                self,
                work.title(),
                work=work,
                github_environment=f"{environment}-{work}",
                description=f"Uplift {environment}: {work}",
                pipeline=pipeline,
                role_path=role_path,
            )
            statements = (*reading, listing, *more)
            for statement in statements:
                role.add_to_policy(statement)
            acknowledge_statements(role, statements, "runs, snapshots and parameter groups have names nobody knows beforehand")


def _start(sid: str, machine: sfn.StateMachine) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=["states:StartExecution"], resources=[machine.state_machine_arn])


def _runs(sid: str, actions: tuple[str, ...], *machines: sfn.StateMachine) -> iam.PolicyStatement:
    runs = [arn("states", f"execution:{machine.state_machine_name}:*") for machine in machines]
    return iam.PolicyStatement(sid=sid, actions=[f"states:{action}" for action in actions], resources=runs)


def _unmute(legacy: LegacySettings) -> list[iam.PolicyStatement]:
    """`uplift stop` lets muted alarms act again."""
    if not legacy.alarms_to_mute:
        return []
    return [iam.PolicyStatement(sid="UnmuteAlarms", actions=["cloudwatch:EnableAlarmActions"], resources=alarm_arns(legacy.alarms_to_mute))]


def _delete_snapshots(legacy: LegacySettings) -> iam.PolicyStatement:
    """Those of this legacy's runs only: with as many `?` as a run's id has digits, one of `api` is none of `api-prod`."""
    names = f"{snapshot_prefix(legacy.id)}{'?' * RUN_ID_LENGTH}"
    return allow("DeleteSnapshots", "elasticache", ["DeleteSnapshot"], [elasticache_arn("snapshot", names)])


def _read_statements(environment: str, legacy: LegacySettings, reports: s3.IBucket) -> list[iam.PolicyStatement]:
    facts = arn("ssm", f"parameter/uplift/{environment}/*")
    return [
        *read_legacy(legacy),
        iam.PolicyStatement(sid="ReadFacts", actions=["ssm:GetParameter"], resources=[facts]),
        # Reports name keys by pattern and digest; names/ holds them in the clear and is nobody's here.
        iam.PolicyStatement(sid="ReadReports", actions=["s3:GetObject"], resources=[reports.arn_for_objects("runs/*")]),
        iam.PolicyStatement(
            sid="ListReports",
            actions=["s3:ListBucket"],
            resources=[reports.bucket_arn],
            conditions={"StringLike": {"s3:prefix": ["runs/*"]}},
        ),
    ]
