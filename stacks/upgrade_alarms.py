"""Who is woken when an upgrade fails, lasts too long, or never started."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from uplift.inplace.telling import METRIC_NAMESPACE, RUN_FAILED, SOURCE_DIMENSION, UPGRADE_AGE

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
        dead_letters: sqs.IQueue,
        source: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        five_minutes = Duration.minutes(5)
        self._alarm("Failed", machine.metric_failed(period=five_minutes), 0, "An upgrade run failed or was refused: read its report")
        self._alarm(
            "TimedOut",
            machine.metric_timed_out(period=five_minutes),
            0,
            "An upgrade run hit its time limit: the engine may still be changing",
        )
        self._alarm(
            "Aborted",
            machine.metric_aborted(period=five_minutes),
            0,
            "An upgrade run was stopped by hand: start it again, it goes on by observing",
        )
        self._alarm("RunFailed", self._own(RUN_FAILED, source, five_minutes), 0, "A run reported a failure or a suspected loss")
        self._alarm(
            "TooLong",
            self._own(UPGRADE_AGE, source, five_minutes),
            TOO_LONG_SECONDS,
            "The modify was sent over an hour ago and is not done",
        )
        letters = dead_letters.metric_approximate_number_of_messages_visible(period=five_minutes, statistic="Maximum")
        self._alarm("NeverStarted", letters, 0, "The schedule could not start the upgrade: its event lies in the dead-letter queue")

    def _own(self, name: str, source: str, period: Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRIC_NAMESPACE, metric_name=name, dimensions_map={SOURCE_DIMENSION: source}, statistic="Maximum", period=period
        )

    def _alarm(self, construct_id: str, metric: cloudwatch.IMetric, threshold: float, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
