"""Values that services refuse and that no schema of cfn-lint has: ranges, words, characters, and properties that exclude each other.

Each entry names the page of AWS it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.known_values import is_expression, known_number, known_text
from uplift.review.templates.template import StackTemplate, Value

_RECORD_TYPES = (
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DS",
    "HTTPS",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
)
_PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
_GROUP = "AWS::ElastiCache::ReplicationGroup"
_ID_FORM = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,39}(?<!-)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """A whole number from `least` to `most`."""

    type: str
    path: str
    least: int
    most: int

    def refuses(self, value: Value) -> bool:
        """Whether it is known to be outside."""
        number = known_number(value)
        return number is not None and not self.least <= number <= self.most

    @property
    def allowed(self) -> str:
        """In words."""
        return f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Words:
    """One of a list of words."""

    type: str
    path: str
    words: tuple[str, ...]

    def refuses(self, value: Value) -> bool:
        """Whether it is known to be another."""
        text = known_text(value)
        return text is not None and text not in self.words

    @property
    def allowed(self) -> str:
        """In words."""
        return ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class Form:
    """A text of a form that `allowed` says."""

    type: str
    path: str
    form: re.Pattern[str]
    allowed: str = field(default="")

    def refuses(self, value: Value) -> bool:
        """Whether it is known to have another form."""
        text = known_text(value)
        return text is not None and not self.form.fullmatch(text)


_RULES: tuple[Bounds | Words | Form, ...] = (
    # ElastiCache API reference, CreateReplicationGroup; user guide, "Scheduling automatic backups".
    Bounds(_GROUP, "SnapshotRetentionLimit", 0, 35),
    Bounds(_GROUP, "Port", 1, 65535),
    Form(_GROUP, "ReplicationGroupId", _ID_FORM, "a letter, then letters, digits and single dashes, up to 40 characters"),
    Bounds("AWS::ElastiCache::CacheCluster", "SnapshotRetentionLimit", 0, 35),
    # Secrets Manager API reference, GetRandomPassword and CreateSecret.
    Bounds("AWS::SecretsManager::Secret", "GenerateSecretString.PasswordLength", 1, 4096),
    Form("AWS::SecretsManager::Secret", "Name", re.compile(r"[\w/+=.@-]{1,512}", re.ASCII), "letters, digits and / _ + = . @ -, up to 512"),
    # SNS API reference, CreateTopic and Subscribe.
    Words("AWS::SNS::Subscription", "Protocol", _PROTOCOLS),
    Form("AWS::SNS::Topic", "TopicName", re.compile(r"[\w-]{1,256}|[\w-]{1,251}\.fifo", re.ASCII), "letters, digits, - and _, up to 256"),
    # SQS API reference, CreateQueue.
    Form("AWS::SQS::Queue", "QueueName", re.compile(r"[\w-]{1,80}|[\w-]{1,75}\.fifo", re.ASCII), "letters, digits, - and _, up to 80"),
    # Route 53 API reference, ResourceRecordSet.
    Words("AWS::Route53::RecordSet", "Type", _RECORD_TYPES),
    Bounds("AWS::Route53::RecordSet", "TTL", 0, 2_147_483_647),
    # Systems Manager API reference, PutParameter.
    Form("AWS::SSM::Parameter", "Name", re.compile(r"[\w./-]{1,1011}", re.ASCII), "letters, digits and . - _ /"),
    # Step Functions API reference, CreateStateMachine.
    Form(
        "AWS::StepFunctions::StateMachine", "StateMachineName", re.compile(r"[\w-]{1,80}", re.ASCII), "letters, digits, - and _, up to 80"
    ),
    # CloudWatch API reference, PutMetricAlarm.
    Bounds("AWS::CloudWatch::Alarm", "DatapointsToAlarm", 1, 100_000),
)


def refused_values(stack: StackTemplate) -> Iterator[Refusal]:
    """Every value of the table that is out of it."""
    for rule in _RULES:
        for resource in stack.of_type(rule.type):
            value = _at(resource.properties, rule.path)
            if value is not None and not is_expression(value) and rule.refuses(value):
                yield Refusal(
                    resource.logical_id,
                    f"{rule.path}: {value}",
                    "the service takes no such value",
                    f"allowed: {rule.allowed}",
                    frozenset({rule.path.partition(".")[0]}),
                )


def _at(properties: Value, path: str) -> Value:
    for step in path.split("."):
        properties = properties.get(step) if isinstance(properties, dict) else None
    return properties
