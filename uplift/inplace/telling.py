"""Telling people and alarms: the topic and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_sns import SNSClient

METRIC_NAMESPACE = "Uplift"
UPGRADE_AGE = "UpgradeAgeSeconds"
RUN_FAILED = "RunFailed"
SOURCE_DIMENSION = "Source"


@dataclass(frozen=True, slots=True)
class Telling:
    """Where the run of one source is told about."""

    sns: SNSClient
    cloudwatch: CloudWatchClient
    topic_arn: str
    source: str

    def people(self, subject: str, text: str) -> None:
        """Send one message to everybody on the topic."""
        self.sns.publish(TopicArn=self.topic_arn, Subject=subject, Message=text)

    def upgrade_age(self, seconds: int) -> None:
        """How long ago the modify was sent; the too-long alarm watches this."""
        self._put({"MetricName": UPGRADE_AGE, "Value": seconds, "Unit": "Seconds"})

    def run_ended(self, *, failed: bool) -> None:
        """One data point a run: 1 when somebody has to look."""
        self._put({"MetricName": RUN_FAILED, "Value": int(failed), "Unit": "Count"})

    def _put(self, datum: MetricDatumTypeDef) -> None:
        datum["Dimensions"] = [{"Name": SOURCE_DIMENSION, "Value": self.source}]
        self.cloudwatch.put_metric_data(Namespace=METRIC_NAMESPACE, MetricData=[datum])
