"""SNS as far as it decides who hears of something: confirmed subscriptions, filters, and ElastiCache's right to publish.

Sources: SNS API reference, Subscribe (mail and HTTPS have to be confirmed) and ListSubscriptionsByTopic (`PendingConfirmation` in place of
an ARN, `Deleted` for a while after somebody unsubscribed); ElastiCache user guide, "Managing ElastiCache Amazon SNS notifications": the
topic's policy must name aws:SourceOwner, which the policy of a new topic does not, and the topic must not be encrypted; otherwise its
status is inactive.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

import moto.backends
from moto.sns.models import SNSBackend, Subscription, Topic

from rehearsal.cloud.faults import Faults

_NOT_YET, _GONE = "PendingConfirmation", "Deleted"
_TO_BE_CONFIRMED = ("email", "email-json", "http", "https")
_POLICY_OF_A_NEW_TOPIC = "__default_statement_ID"


def install(faults: Faults) -> None:
    """Whoever has to confirm a subscription has done so, unless the fault `nobody-confirmed` is on."""
    list_as_moto = SNSBackend.list_subscriptions_by_topic

    def list_by_topic(self: SNSBackend, topic_arn: str, next_token: str | None = None) -> tuple[list[Subscription], int | None]:
        found, token = list_as_moto(self, topic_arn, next_token)
        return [_as_listed(one, faults) for one in found], token

    SNSBackend.list_subscriptions_by_topic = list_by_topic
    # moto posts to an endpoint; those of a rehearsal do not exist, and who gets what is worked out below.
    Subscription.publish = lambda *_args, **_named: None


def _as_listed(subscription: Subscription, faults: Faults) -> Subscription:
    arn = _NOT_YET if faults.is_on("nobody-confirmed") else _GONE if faults.is_on("unsubscribed") else ""
    if subscription.protocol not in _TO_BE_CONFIRMED or not arn:
        return subscription
    listed = copy.copy(subscription)
    listed.arn = arn
    return listed


@dataclass(frozen=True)
class AccountTopics:
    """The topics of one account and region."""

    account: str
    region: str

    def status(self, topic_arn: str) -> str:
        """`active` where ElastiCache may publish to a topic, `inactive` where it may not."""
        topic = self._backend.topics.get(topic_arn)
        if topic is None or topic.kms_master_key_id:
            return "inactive"
        statements = json.loads(topic.policy)["Statement"]
        return "active" if any(_allows_elasticache(statement, self.account) for statement in statements) else "inactive"

    def publish(self, topic_arn: str, message: str) -> None:
        """Publish as a service of AWS does."""
        self._backend.topics[topic_arn].publish(message)

    def delivered(self) -> list[dict[str, Any]]:
        """Every message that was published, with those who got it."""
        return [
            {"topic": topic.name, "subject": subject or message[:100], "to": _receivers(topic, message, attributes)}
            for topic in self._backend.topics.values()
            for _id, message, subject, attributes, _group in topic.sent_notifications
        ]

    def forget(self) -> None:
        """Forget every message."""
        for topic in self._backend.topics.values():
            topic.sent_notifications.clear()

    @property
    def _backend(self) -> Any:
        return moto.backends.get_backend("sns")[self.account][self.region]


def _allows_elasticache(statement: dict[str, Any], account: str) -> bool:
    if statement.get("Sid") == _POLICY_OF_A_NEW_TOPIC or statement.get("Effect") != "Allow":
        return False
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    conditions = {key.lower(): value for test in statement.get("Condition", {}).values() for key, value in test.items()}
    return "sns:publish" in [action.lower() for action in actions] and conditions.get("aws:sourceowner") == account


def _receivers(topic: Topic, message: str, attributes: dict[str, Any] | None) -> list[str]:
    listed, _ = topic.sns_backend.list_subscriptions_by_topic(topic.arn)
    return [one.endpoint for one in listed if one.arn not in (_NOT_YET, _GONE) and _passes(one, message, attributes)]


def _passes(subscription: Subscription, message: str, attributes: dict[str, Any] | None) -> bool:
    matcher = subscription._filter_policy_matcher
    return matcher is None or bool(matcher.matches(attributes or {}, message))
