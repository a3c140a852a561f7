"""What people and alarms are sent: messages on the topic, and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from uplift.errors import UpliftError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_sns import SNSClient

METRIC_NAMESPACE = "Uplift"
UPGRADE_AGE = "UpgradeAgeSeconds"
RUN_FAILED = "RunFailed"
SOURCE_DIMENSION = "Source"


class PeopleUnreachable(UpliftError):
    """The topic for people does not take messages: nobody would hear how the run ends."""

    code = "PeopleUnreachable"


@dataclass(frozen=True, slots=True)
class Notifications:
    """The topic that hears of the run of one source, and its metrics."""

    sns: SNSClient
    cloudwatch: CloudWatchClient
    topic_arn: str
    source: str

    def publish(self, subject: str, text: str) -> None:
        """Send one message to everybody on the topic. Raises PeopleUnreachable."""
        try:
            self.sns.publish(TopicArn=self.topic_arn, Subject=subject, Message=text)
        except ClientError as problem:
            raise PeopleUnreachable(f"{self.topic_arn}: {problem.response['Error']['Message']}") from problem

    def upgrade_age(self, seconds: int) -> None:
        """How long ago the modify was sent; the too-long alarm watches this."""
        self._put({"MetricName": UPGRADE_AGE, "Value": seconds, "Unit": "Seconds"})

    def run_ended(self, *, failed: bool) -> None:
        """One data point a run: 1 when somebody has to look."""
        self._put({"MetricName": RUN_FAILED, "Value": int(failed), "Unit": "Count"})

    def _put(self, datum: MetricDatumTypeDef) -> None:
        datum["Dimensions"] = [{"Name": SOURCE_DIMENSION, "Value": self.source}]
        self.cloudwatch.put_metric_data(Namespace=METRIC_NAMESPACE, MetricData=[datum])
