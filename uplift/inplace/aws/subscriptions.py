"""Reads who is subscribed to topics. SNS takes a message for a topic that reaches nobody, and says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from uplift.aws_calls import throttling_named
from uplift.inplace.records.people import People

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import SubscriptionTypeDef

# In place of an ARN, until the subscriber has followed the link (SNS API reference, ListSubscriptionsByTopic). One that has unsubscribed is
# listed as `Deleted` for a while.
_NOT_YET = "PendingConfirmation"


def read_people(sns: SNSClient, topic_arns: Iterable[str]) -> People:
    """Look at every subscription of these topics. Raises Throttled; a topic that cannot be asked is a fact for preflight."""
    confirmed, pending, problems = 0, [], []
    for topic_arn in topic_arns:
        try:
            with throttling_named():
                for subscription in _subscriptions(sns, topic_arn):
                    arn = subscription.get("SubscriptionArn", "")
                    confirmed += arn.startswith("arn:")
                    pending += [_shown(subscription.get("Endpoint", "?"))] if arn == _NOT_YET else []
        except (ClientError, BotoCoreError) as problem:
            problems.append(f"{topic_arn}: {problem}")
    return People(confirmed, tuple(sorted(pending)), "; ".join(problems))


def _subscriptions(sns: SNSClient, topic_arn: str) -> Iterator[SubscriptionTypeDef]:
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
        yield from page["Subscriptions"]


def _shown(endpoint: str) -> str:
    """A pager's URL holds its key: only the host is shown."""
    parts = urlsplit(endpoint)
    return f"https://{parts.hostname}/…" if parts.scheme == "https" else endpoint
