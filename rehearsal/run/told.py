"""Who was told what in a rehearsal: the local SNS knows who is subscribed, its alarms which would have rung."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from rehearsal.run.local_cloud import LocalCloud


@dataclass(frozen=True, slots=True)
class Told:
    """What one receiver got, in order: subjects of messages, and names of alarms, which go to everybody."""

    receiver: str
    messages: tuple[str, ...]


def who_was_told(cloud: LocalCloud, receivers: Iterable[str]) -> tuple[Told, ...]:
    """What each receiver got since the cloud began."""
    found = cloud.command("told")
    return tuple(
        Told(_shown(one), (*(message["subject"] for message in found["messages"] if one in message["to"]), *found["alarms"]))
        for one in receivers
    )


def _shown(receiver: str) -> str:
    """Of a pager its host: the rest of its URL is its key."""
    return urlsplit(receiver).hostname or receiver
