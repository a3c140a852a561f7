"""Who is told: the entries of `upgrade.notify`, by their kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

_TOPIC = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):(\d{12}):[A-Za-z0-9_-]{1,256}")
_HTTPS = re.compile(r"https://[!-~]+")
_MAIL = re.compile(r"[!-~]+@[!-~]+\.[!-~]+")
# An alarm has at most five actions (CloudWatch API reference, PutMetricAlarm), and one is our own topic.
_MOST_TOPICS = 4


@dataclass(frozen=True, slots=True)
class Receivers:
    """Mail addresses get every message; https endpoints, and topics that exist already, what somebody must act on."""

    mail: tuple[str, ...]
    https: tuple[str, ...]
    topics: tuple[str, ...]

    @classmethod
    def of(cls, entries: tuple[str, ...]) -> Self:
        """Sort the entries. Raises ValueError for one that is of no kind."""
        for entry in entries:
            if not any(kind.fullmatch(entry) for kind in (_MAIL, _HTTPS, _TOPIC)):
                raise ValueError(f"{entry!r} cannot be notified, allowed: a mail address, https://…, or the ARN of an SNS topic")
        https, topics = (tuple(entry for entry in entries if kind.fullmatch(entry)) for kind in (_HTTPS, _TOPIC))
        return cls(tuple(entry for entry in entries if entry not in (*https, *topics)), https, topics)

    def problems(self) -> Iterator[str]:
        """What SNS or CloudWatch would refuse."""
        entries = (*self.mail, *self.https, *self.topics)
        for entry in dict.fromkeys(entries):
            if entries.count(entry) > 1:
                yield f"notify has {entry!r} twice, allowed: each once"
        if len(self.topics) > _MOST_TOPICS:
            yield f"notify has {len(self.topics)} topics, allowed: {_MOST_TOPICS} (an alarm has five actions, one our own topic)"

    def topics_elsewhere(self, account: str, region: str) -> Iterator[str]:
        """Topics that no alarm of this account and region can reach."""
        for topic in self.topics:
            found = _TOPIC.fullmatch(topic)
            partition = "aws-us-gov" if region.startswith("us-gov-") else "aws"
            if found is None or found.groups() != (partition, region, account):
                yield topic
