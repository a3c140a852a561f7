"""Reads who is subscribed to topics. SNS takes a message for a topic that reaches nobody, and says nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from uplift.inplace.records.people import People

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

# In place of an ARN, until the subscriber has followed the link (SNS API reference, ListSubscriptionsByTopic).
_NOT_YET = "PendingConfirmation"


def read_people(sns: SNSClient, topic_arns: Iterable[str]) -> People:
    """Look at every subscription of these topics. Raises botocore's ClientError."""
    confirmed, pending = 0, []
    for topic_arn in topic_arns:
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
            for subscription in page["Subscriptions"]:
                if subscription.get("SubscriptionArn", "") == _NOT_YET:
                    pending.append(subscription.get("Endpoint", "?"))
                else:
                    confirmed += 1
    return People(confirmed, tuple(sorted(pending)))
