"""What people and alarms are sent: messages on the topics, and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from uplift.errors import UpliftError
from uplift.inplace.records.notice_names import FAILURE_TOLD, METRIC_NAMESPACE, NOTICE, SOURCE_DIMENSION, TOLD_PERIOD, UPGRADE_AGE

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef


class PeopleUnreachable(UpliftError):
    """The topic for people does not take messages: nobody would hear how the run ends."""

    code = "PeopleUnreachable"


@dataclass(frozen=True, slots=True)
class Notifications:
    """The topics that hear of the run of one source, and its metrics. The first topic is our own, and the only one to get notices."""

    sns: SNSClient
    cloudwatch: CloudWatchClient
    topic_arns: tuple[str, ...]
    source: str

    def publish(self, subject: str, text: str, *, is_notice: bool) -> None:
        """Send one message to everybody, or, when nobody has to act on it, to mail only. Raises PeopleUnreachable.

        Our own topic comes last, and its message names the others that could not be reached: people are told, if not all.
        """
        own, *others = self.topic_arns
        troubles = [trouble for topic_arn in others if not is_notice and (trouble := self._publish(topic_arn, subject, text, {}))]
        attributes: dict[str, MessageAttributeValueTypeDef] = {NOTICE: {"DataType": "String", "StringValue": "yes"}} if is_notice else {}
        if trouble := self._publish(own, subject, "\n".join([text, *(f"! not told: {trouble}" for trouble in troubles)]), attributes):
            raise PeopleUnreachable("; ".join([trouble, *troubles]))

    def _publish(self, topic_arn: str, subject: str, text: str, attributes: dict[str, MessageAttributeValueTypeDef]) -> str:
        """Why a topic did not take a message; empty where it did."""
        try:
            self.sns.publish(TopicArn=topic_arn, Subject=subject, Message=text, MessageAttributes=attributes)
        except (ClientError, BotoCoreError) as problem:
            return f"{topic_arn}: {problem}"
        return ""

    def upgrade_age(self, seconds: int) -> None:
        """How long ago the modify was sent; the too-long alarm watches this."""
        self._put({"MetricName": UPGRADE_AGE, "Value": seconds, "Unit": "Seconds"})

    def failure_told(self, now: datetime) -> None:
        """A person knows of this run's failure, so that the alarm on failed executions need not say it again.

        An execution ends some time after its failure was told; CloudWatch may file the two into neighbouring periods.
        """
        for moment in (now, now + TOLD_PERIOD):
            self._put({"MetricName": FAILURE_TOLD, "Value": 1, "Unit": "Count", "Timestamp": moment})

    def _put(self, datum: MetricDatumTypeDef) -> None:
        datum["Dimensions"] = [{"Name": SOURCE_DIMENSION, "Value": self.source}]
        self.cloudwatch.put_metric_data(Namespace=METRIC_NAMESPACE, MetricData=[datum])
