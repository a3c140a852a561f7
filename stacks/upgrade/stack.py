"""Everything disposable about the in-place upgrade: deploy it for the upgrade, destroy it afterwards."""

from __future__ import annotations

from typing import cast

from aws_cdk import Aws, Duration, Environment, IStackSynthesizer, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from aws_cdk.aws_s3 import CfnBucket
from aws_cdk.aws_stepfunctions import CfnStateMachine
from constructs import Construct

from stacks.iam.operator_roles import OperatorRoles
from stacks.shared.acknowledge import acknowledge_wildcards
from stacks.shared.bundle import Bundle
from stacks.shared.log_retention import log_retention
from stacks.shared.notification_topic import PeopleTopic
from stacks.shared.runbooks import Runbooks
from stacks.upgrade.alarms import UpgradeAlarms
from stacks.upgrade.dashboard import UpgradeDashboard
from stacks.upgrade.data_network import DataNetwork
from stacks.upgrade.functions import StepFunction, allow_control, allow_metrics, allow_muting
from stacks.upgrade.legacy_parameter_group import LegacyParameterGroup
from stacks.upgrade.recovery import Recovery
from stacks.upgrade.report_bucket import ReportBucket
from stacks.upgrade.run_lock_table import RunLockTable
from stacks.upgrade.schedule import UpgradeSchedule
from stacks.upgrade.state_machine import UpgradeStateMachine
from uplift.inplace.records.notice_names import METRIC_NAMESPACE
from uplift.inplace.records.run_record import SNAPSHOT_PREFIX
from uplift.inplace.records.run_settings import RunSettings
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.pipeline import PipelineSettings
from uplift.settings.upgrade import MINUTES_AROUND_THE_UPGRADE

_CONTROL_MEMORY_MIB = 256
_DATA_MEMORY_MIB = 512


class UpgradeStack(Stack):
    """Functions, state machine, schedule, lock, reports and alarms. It owns neither legacy nor the new groups."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        settings: EnvironmentSettings,
        bundle: Bundle,
        env: Environment,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            synthesizer=synthesizer,
            description=f"Uplift: the in-place upgrade of {settings.legacy.id} ({environment})",
        )
        self._environment, self._settings, self._bundle = environment, settings, bundle
        upgrade, legacy = settings.upgrade, settings.legacy
        self._people = PeopleTopic(self, "People", receivers=upgrade.receivers)
        self._reports = ReportBucket(self, "Reports", retention_days=settings.report_retention_days)
        self._lock = RunLockTable(self, "RunLock")
        self._parameters = LegacyParameterGroup(self, "LegacyParameterGroup", upgrade=upgrade)
        control, data = self._control_function(), self._data_function()
        machine = UpgradeStateMachine(
            self,
            "InPlaceUpgrade",
            control=control.function,
            data=data.function,
            observe_every_seconds=upgrade.observe_every_seconds,
            longest=Duration.minutes(upgrade.longest_minutes + MINUTES_AROUND_THE_UPGRADE),
            role_path=settings.role_path,
            log_retention=log_retention(settings.log_retention_days),
        )
        self._allow_asking_for_runs(control, machine)
        schedule = UpgradeSchedule(self, "Schedule", schedule=upgrade.schedule, machine=machine.machine, role_path=settings.role_path)
        UpgradeAlarms(
            self,
            "Alarms",
            machine=machine.machine,
            schedule=schedule,
            source=legacy.id,
            topics=self._people.topics,
            runbooks=Runbooks(upgrade.runbooks_url),
        )
        UpgradeDashboard(self, "Dashboard", machine=machine.machine, legacy=legacy)
        recovery = self._recovery(data)
        if settings.pipeline is not None:
            self._operator_roles(settings.pipeline, machine, recovery)
        self._publish_facts(machine, recovery)

    def _operator_roles(self, pipeline: PipelineSettings, machine: UpgradeStateMachine, recovery: Recovery) -> None:
        OperatorRoles(
            self,
            "Operators",
            environment=self._environment,
            pipeline=pipeline,
            legacy=self._settings.legacy,
            upgrade=machine.machine,
            recovery=recovery.machine,
            reports=self._reports.bucket,
            existing_topics=self._settings.upgrade.receivers.topics,
            role_path=self._settings.role_path,
        )

    def _control_function(self) -> StepFunction:
        control = StepFunction(
            self,
            "Control",
            bundle=self._bundle,
            handler="uplift.inplace.steps.control_handler.handler",
            run_settings=self._run_settings(),
            role_path=self._settings.role_path,
            log_retention=log_retention(self._settings.log_retention_days),
            timeout=Duration.minutes(2),
            memory_mib=_CONTROL_MEMORY_MIB,
        )
        role = control.role
        allow_control(role, legacy=self._settings.legacy, snapshot_prefix=SNAPSHOT_PREFIX, parameter_group=self._parameters.name)
        self._lock.table.grant(role, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
        self._people.grant_publish(role)
        self._people.grant_look(role)
        allow_metrics(role, namespace=METRIC_NAMESPACE)
        allow_muting(role, alarm_names=self._settings.legacy.alarms_to_mute)
        self._allow_objects(role, "runs")
        return control

    def _recovery(self, data: StepFunction) -> Recovery:
        recovery = Recovery(
            self,
            "Recovery",
            bundle=self._bundle,
            run_settings=self._run_settings(),
            data=data.function,
            legacy=self._settings.legacy,
            role_path=self._settings.role_path,
            log_retention=log_retention(self._settings.log_retention_days),
        )
        role = recovery.function.role
        self._people.grant_publish(role)
        self._allow_objects(role, "runs")
        self._allow_token(role)
        return recovery

    def _data_function(self) -> StepFunction:
        data = StepFunction(
            self,
            "Data",
            bundle=self._bundle,
            handler="uplift.inplace.steps.data_handler.handler",
            run_settings=self._run_settings(),
            role_path=self._settings.role_path,
            log_retention=log_retention(self._settings.log_retention_days),
            timeout=Duration.minutes(15),
            memory_mib=_DATA_MEMORY_MIB,
            network=DataNetwork(self, "DataNetwork", settings=self._settings),
        )
        self._allow_objects(data.role, "runs", "names")
        self._allow_token(data.role)
        return data

    def _allow_token(self, role: iam.Role) -> None:
        secret_arn = self._settings.legacy.auth_secret_arn
        if secret_arn is not None:
            role.add_to_policy(iam.PolicyStatement(sid="ReadToken", actions=["secretsmanager:GetSecretValue"], resources=[secret_arn]))

    def _allow_asking_for_runs(self, control: StepFunction, machine: UpgradeStateMachine) -> None:
        """A policy of its own: the machine needs the function, so the function's first policy cannot name the machine."""
        name = machine.machine.state_machine_name
        runs = f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{name}:*"
        policy = iam.Policy(self, "AskForRuns", roles=[control.role])
        policy.add_statements(iam.PolicyStatement(sid="AskForRuns", actions=["states:DescribeExecution"], resources=[runs]))
        machine_id = self.get_logical_id(cast("CfnStateMachine", machine.machine.node.default_child))
        finding = f"Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<{machine_id}.Name>:*"
        acknowledge_wildcards(policy, {finding: "executions of this one machine"})

    def _allow_objects(self, role: iam.Role, *prefixes: str) -> None:
        bucket_id = self.get_logical_id(cast("CfnBucket", self._reports.bucket.node.default_child))
        for prefix in prefixes:
            objects = self._reports.bucket.arn_for_objects(f"{prefix}/*")
            sid = f"{prefix.title()}Objects"
            role.add_to_policy(iam.PolicyStatement(sid=sid, actions=["s3:GetObject", "s3:PutObject"], resources=[objects]))
            acknowledge_wildcards(role, {f"Resource::<{bucket_id}.Arn>/{prefix}/*": "one folder a run, under this one prefix"})

    def _run_settings(self) -> RunSettings:
        return RunSettings.of(
            self._environment,
            self._settings,
            parameter_group=self._parameters.name,
            lock_table=self._lock.table.table_name,
            report_bucket=self._reports.bucket.bucket_name,
            topic_arn=self._people.topic.topic_arn,
        )

    def _publish_facts(self, machine: UpgradeStateMachine, recovery: Recovery) -> None:
        for construct_id, fact, value in (
            ("FactStateMachineArn", "state-machine-arn", machine.machine.state_machine_arn),
            ("FactRecoveryMachineArn", "recovery-machine-arn", recovery.machine.state_machine_arn),
            ("FactPeopleTopic", "people-topic-arn", self._people.topic.topic_arn),
            ("FactReportBucket", "report-bucket", self._reports.bucket.bucket_name),
            ("FactParameterGroup", "legacy-parameter-group", self._parameters.name),
        ):
            ssm.StringParameter(self, construct_id, parameter_name=f"/uplift/{self._environment}/upgrade/{fact}", string_value=value)
