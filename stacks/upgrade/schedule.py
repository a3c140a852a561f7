"""The schedule that starts the upgrade at night, with a dead-letter queue for a start that failed."""

from __future__ import annotations

import json

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.shared.acknowledge import acknowledge
from uplift.settings.upgrade import ScheduleSettings

_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


class UpgradeSchedule(Construct):
    """Off unless settings turn it on, and none at all without an expression. No flexible window: a maintenance starts when announced."""

    def __init__(
        self, scope: Construct, construct_id: str, *, schedule: ScheduleSettings, machine: sfn.IStateMachine, role_path: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(self.dead_letters, rule="AwsSolutions-SQS3", reason="this is the dead-letter queue")
        trust = iam.ServicePrincipal("scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})
        role = iam.Role(self, "Role", assumed_by=trust, path=role_path)
        machine.grant_start_execution(role)
        self.dead_letters.grant_send_messages(role)
        # A group of its own: Scheduler files its metrics by group, and others use the default one.
        self.group = scheduler.ScheduleGroup(self, "Group", removal_policy=RemovalPolicy.DESTROY)
        if schedule.expression is None:
            return
        scheduled = scheduler.CfnSchedule(
            self,
            "Schedule",
            group_name=self.group.schedule_group_name,
            state="ENABLED" if schedule.enabled else "DISABLED",
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.time_zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=machine.state_machine_arn,
                role_arn=role.role_arn,
                input=json.dumps({"trigger": "schedule", "scheduled_time": _SCHEDULED_TIME}),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self.dead_letters.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_event_age_in_seconds=900, maximum_retry_attempts=5),
            ),
        )
        scheduled.node.add_dependency(role)
