"""Who is woken when an upgrade fails, lasts too long, or never started."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.shared.runbooks import Runbook, Runbooks
from stacks.upgrade.schedule import UpgradeSchedule
from uplift.inplace.aws.notifications import METRIC_NAMESPACE, RUN_FAILED, SOURCE_DIMENSION, UPGRADE_AGE

# An upgrade of three nodes takes minutes; an hour means that somebody should look, long before the run gives up.
TOO_LONG_SECONDS = 3600


class UpgradeAlarms(Construct):
    """Alarms of the upgrade stack, all to the topic for people."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.StateMachine,
        schedule: UpgradeSchedule,
        source: str,
        topic: sns.ITopic,
        runbooks: Runbooks,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic, self._runbooks = topic, runbooks
        period = Duration.minutes(5)
        failed, too_long, not_started = Runbook.UPGRADE_FAILED, Runbook.UPGRADE_TOO_LONG, Runbook.UPGRADE_NOT_STARTED
        self._alarm("Failed", machine.metric_failed(period=period), failed, "An upgrade run failed or was refused: read its report")
        self._alarm(
            "TimedOut", machine.metric_timed_out(period=period), too_long, "A run hit its time limit: the engine may still be changing"
        )
        self._alarm(
            "Aborted", machine.metric_aborted(period=period), failed, "A run was stopped by hand: the next start goes on by observing"
        )
        self._alarm("RunFailed", self._own(RUN_FAILED, source, period), failed, "A run reported a failure or a loss")
        age = self._own(UPGRADE_AGE, source, period)
        self._alarm("TooLong", age, too_long, "The modify was sent over an hour ago and is not done", threshold=TOO_LONG_SECONDS)
        letters = schedule.dead_letters.metric_approximate_number_of_messages_visible(period=period, statistic="Maximum")
        self._alarm(
            "DeadLetters", letters, not_started, "The schedule could not start the upgrade: its event lies in the dead-letter queue"
        )
        self._alarm("NeverStarted", _never_started(machine, schedule), not_started, "The schedule fired, but no run has started")

    def _own(self, name: str, source: str, period: Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRIC_NAMESPACE, metric_name=name, dimensions_map={SOURCE_DIMENSION: source}, statistic="Maximum", period=period
        )

    def _alarm(self, construct_id: str, metric: cloudwatch.IMetric, runbook: Runbook, text: str, *, threshold: float = 0) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=self._runbooks.description(text, runbook),
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))


def _never_started(machine: sfn.StateMachine, schedule: UpgradeSchedule) -> cloudwatch.MathExpression:
    """1 where Scheduler tried to call its target within a quarter of an hour in which no execution began.

    A missed quarter is not seen: Scheduler's metrics are best effort (Scheduler user guide, "Monitoring with CloudWatch").
    """
    period = Duration.minutes(15)
    return cloudwatch.MathExpression(
        expression="IF(FILL(attempts, 0) > 0 AND FILL(started, 0) == 0, 1, 0)",
        using_metrics={
            "attempts": schedule.group.metric_attempts(period=period, statistic="Sum"),
            "started": machine.metric_started(period=period, statistic="Sum"),
        },
        period=period,
    )
