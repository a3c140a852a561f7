"""Who is told: the entries of `upgrade.notify`, by their kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from uplift.settings.arns import Owner
from uplift.settings.values import shown

_TOPIC = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):([0-9]{12}):[A-Za-z0-9_-]{1,256}")
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HTTPS = re.compile(
    rf"https://([A-Za-z0-9._~%!$&'()*+,;=:-]+@)?{_LABEL}(\.{_LABEL})*(:(?P<port>[0-9]{{1,5}}))?([/?][A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?"
)
# RFC 5322, atext, with single dots between.
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAIL = re.compile(rf"(?P<mailbox>{_ATOM}(\.{_ATOM})*)@{_LABEL}(\.{_LABEL})*\.(?P<top>{_LABEL})")
# RFC 5321, "Size limits and minimums".
_LONGEST_MAILBOX, _LONGEST_ADDRESS = 64, 254
_PORTS = range(1, 65_536)
# An alarm has at most five actions (CloudWatch API reference, PutMetricAlarm), and one is our own topic.
_MOST_TOPICS = 4


def as_subscribed(entry: object) -> object:
    """What makes two entries one receiver: the same mailbox or page, or the same construct (CDK writes -- for / in a construct's name)."""
    if not isinstance(entry, str) or _TOPIC.fullmatch(entry):
        return entry
    return entry.lower().removesuffix("/").replace("/", "--")


def _why_unreachable(entry: str) -> str:
    """Why no message can be sent to what has the form of a receiver, as the end of a sentence; empty where one can."""
    mail, page = _MAIL.fullmatch(entry), _HTTPS.fullmatch(entry)
    if mail is not None and (len(mail["mailbox"]) > _LONGEST_MAILBOX or len(entry) > _LONGEST_ADDRESS):
        return f"is too long for a mail address, allowed: {_LONGEST_MAILBOX} characters before the @, and {_LONGEST_ADDRESS} in all"
    if mail is not None and mail["top"].isdigit():
        return "ends in digits, as no domain does, allowed: a mail address such as on-call@example.gov"
    if page is not None and page["port"] and int(page["port"]) not in _PORTS:
        return f"has port {page['port']}, allowed: {_PORTS[0]} to {_PORTS[-1]}"
    return ""


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
            if why := _why_unreachable(entry):
                raise ValueError(f"{shown(entry)} {why}")
        https, topics = (tuple(entry for entry in entries if kind.fullmatch(entry)) for kind in (_HTTPS, _TOPIC))
        return cls(tuple(entry for entry in entries if entry not in (*https, *topics)), https, topics)

    def problems(self) -> Iterator[str]:
        """What CloudWatch would refuse."""
        if len(self.topics) > _MOST_TOPICS:
            yield f"notify has {len(self.topics)} topics, allowed: {_MOST_TOPICS} (an alarm has five actions, one our own topic)"

    def topics_elsewhere(self, owner: Owner) -> Iterator[str]:
        """Topics that no alarm of this account and region can reach."""
        for topic in self.topics:
            found = _TOPIC.fullmatch(topic)
            if found is None or found.groups() != owner:
                yield topic
