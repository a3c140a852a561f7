"""Who is woken when an upgrade lasts too long, never started, or ended without a word.

A run tells its own end (steps/report_and_unlock.py); an alarm on it would be a second page for one failure. A run that somebody stopped
rings nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.shared.runbooks import Runbook, Runbooks
from stacks.upgrade.schedule import UpgradeSchedule
from uplift.inplace.records.notice_names import FAILURE_TOLD, METRIC_NAMESPACE, SOURCE_DIMENSION, TOLD_PERIOD, UPGRADE_AGE

# An upgrade of three nodes takes minutes; an hour means that somebody should look, long before the run gives up.
TOO_LONG_SECONDS = 3600
_PERIOD = Duration.seconds(int(TOLD_PERIOD.total_seconds()))


class UpgradeAlarms(Construct):
    """Alarms of the upgrade stack, all to every topic for people."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.StateMachine,
        schedule: UpgradeSchedule,
        source: str,
        topics: Sequence[sns.ITopic],
        runbooks: Runbooks,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topics, self._runbooks = topics, runbooks
        failed, too_long, not_started = Runbook.UPGRADE_FAILED, Runbook.UPGRADE_TOO_LONG, Runbook.UPGRADE_NOT_STARTED
        untold = _untold(machine, self._own(FAILURE_TOLD, source, _PERIOD, "Sum"))
        self._alarm("Failed", untold, failed, "An upgrade run failed and could not say so: look at its execution")
        self._alarm(
            "TimedOut", machine.metric_timed_out(period=_PERIOD), too_long, "A run hit its time limit: the engine may still be changing"
        )
        age = self._own(UPGRADE_AGE, source, _PERIOD)
        self._alarm("TooLong", age, too_long, "The modify was sent over an hour ago and is not done", threshold=TOO_LONG_SECONDS)
        letters = schedule.dead_letters.metric_approximate_number_of_messages_visible(period=_PERIOD, statistic="Maximum")
        self._alarm(
            "DeadLetters", letters, not_started, "The schedule could not start the upgrade: its event lies in the dead-letter queue"
        )
        self._alarm("NeverStarted", _never_started(machine, schedule), not_started, "The schedule fired, but no run has started")

    def _own(self, name: str, source: str, period: Duration, statistic: str = "Maximum") -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRIC_NAMESPACE, metric_name=name, dimensions_map={SOURCE_DIMENSION: source}, statistic=statistic, period=period
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
        alarm.add_alarm_action(*(actions.SnsAction(topic) for topic in self._topics))


def _untold(machine: sfn.StateMachine, told: cloudwatch.IMetric) -> cloudwatch.MathExpression:
    """1 where more executions failed than said so.

    A failure is told in its own period and in the next one (notifications.py), since the execution ends a little later. So a failure that
    nobody told is missed when it comes within ten minutes after one that was told.
    """
    return cloudwatch.MathExpression(
        expression="IF(FILL(failed, 0) > FILL(told, 0), 1, 0)",
        using_metrics={"failed": machine.metric_failed(period=_PERIOD, statistic="Sum"), "told": told},
        period=_PERIOD,
    )


def _never_started(machine: sfn.StateMachine, schedule: UpgradeSchedule) -> cloudwatch.MathExpression:
    """1 where Scheduler tried to call its target within a quarter of an hour in which no execution began, and left no dead letter.

    A missed quarter is not seen: Scheduler's metrics are best effort (Scheduler user guide, "Monitoring with CloudWatch").
    """
    period = Duration.minutes(15)
    return cloudwatch.MathExpression(
        expression="IF(FILL(attempts, 0) > 0 AND FILL(started, 0) == 0 AND FILL(letters, 0) == 0, 1, 0)",
        using_metrics={
            "letters": schedule.dead_letters.metric_approximate_number_of_messages_visible(period=period, statistic="Maximum"),
            "attempts": schedule.group.metric_attempts(period=period, statistic="Sum"),
            "started": machine.metric_started(period=period, statistic="Sum"),
        },
        period=period,
    )
