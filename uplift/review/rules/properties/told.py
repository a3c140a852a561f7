"""Who is told of what happens: topics, subscriptions and rules of events. Facts: the user guides of SNS and EventBridge."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.rules.judgement import (
    Judge,
    Judgement,
    always,
    behaviour,
    follower,
    harmless,
    listed,
    presence,
    protection,
    security,
    words,
)
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, holds_open, is_open, members
from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened

_FEWER = protection("Somebody is no longer told, or is told of less.")
_MORE = behaviour("It is told to somebody more.")
# "Alarms cannot publish to a topic encrypted with AWS's key for SNS": only a key of ours can let CloudWatch in
# (SNS guide, "Encrypting SNS topics with KMS: enable compatibility between event sources and encrypted topics").
_NEEDS_THE_KEY = protection(
    "Whoever publishes needs this key: CloudWatch, EventBridge and ElastiCache tell nobody where its policy does not let them.",
    "see that the key's policy lets each service in",
)


def matches_no_less(before: Value, after: Value) -> bool:
    """Whether a filter lets through all that another did: names fewer fields, and of each at least the same values."""
    if before == after or after in (None, {}):
        return True
    if not isinstance(before, dict) or not isinstance(after, dict) or is_open(before) or is_open(after):
        return False
    return all(name in before and _accepts_no_less(before[name], values) for name, values in after.items())


def _accepts_no_less(before: Value, after: Value) -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return matches_no_less(before, after)
    new = [flattened(one) for one in members(after)]
    return not holds_open(after) and all(flattened(one) in new for one in members(before))


def _filter(change: Change, name: str) -> Iterator[Judgement]:
    before, after = (at(side, name) for side in (change.before, change.after))
    if not matches_no_less(before, after):
        yield _FEWER.judged(f"{name} narrower", words(change, name))
    elif matches_no_less(after, before):
        yield harmless().judged(f"{name} written otherwise", words(change, name))
    else:
        yield behaviour("More is told.").judged(f"{name} wider", words(change, name))


def _filter_scope(change: Change, name: str) -> Iterator[Judgement]:
    """Without a filter nothing is looked at."""
    if at(change.after, "FilterPolicy") in (None, {}):
        yield harmless("Nothing is filtered.").judged(f"{name} says nothing", words(change, name))
    else:
        yield protection("The filter looks at another part of a message, and may let nothing through.").judged(
            f"{name} changed", words(change, name)
        )


def _subscribers(change: Change, name: str) -> Iterator[Judgement]:
    yield from listed(removed=protection("Somebody is no longer told."), added=_MORE)(change, name)


TOPIC: dict[str, Judge] = {
    "KmsMasterKeyId": presence(
        removed=security("Messages lie unencrypted, and no key policy decides who may read them."),
        added=_NEEDS_THE_KEY,
        changed=_NEEDS_THE_KEY,
    ),
    "DisplayName": always(harmless("It is the sender's name in mails.")),
    "Subscription": _subscribers,
    "DataProtectionPolicy": presence(
        removed=security("What was masked can be read."), added=behaviour(), changed=security("Less may be masked.")
    ),
    "DeliveryStatusLogging": presence(
        removed=protection("Nobody sees any more what did not arrive."), added=harmless(), changed=behaviour()
    ),
    "TracingConfig": always(harmless()),
    "ArchivePolicy": presence(
        removed=protection("Messages are no longer kept."), added=harmless(), changed=protection("Messages may be kept shorter.")
    ),
}
SUBSCRIPTION: dict[str, Judge] = {
    "FilterPolicy": _filter,
    "FilterPolicyScope": _filter_scope,
    "RedrivePolicy": presence(
        removed=protection("What could not be delivered is kept nowhere."),
        added=harmless("What cannot be delivered is kept."),
        changed=behaviour(),
    ),
    "DeliveryPolicy": always(protection("It may be tried less often to deliver.")),
    "RawMessageDelivery": always(behaviour("The receiver is given another form of message.")),
    "TopicArn": follower(_FEWER),
}
_ATTACHED = listed(removed=protection("The policy no longer lets anybody publish there."), added=security("The policy counts there too."))
BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::SNS::Topic": TOPIC,
    "AWS::SNS::Subscription": SUBSCRIPTION,
    "AWS::SNS::TopicPolicy": {"Topics": _ATTACHED},
    "AWS::SQS::QueuePolicy": {"Queues": _ATTACHED},
    "AWS::S3::BucketPolicy": {"Bucket": follower(security("The policy leaves its bucket for another: what it denied there is allowed."))},
}
