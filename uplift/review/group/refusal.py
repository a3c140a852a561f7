"""One reason why ElastiCache refuses a group."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is asked for, why ElastiCache refuses it, what to do instead, and the properties it is about."""

    what: str
    why: str
    action: str
    about: frozenset[str] = frozenset()


def about(*properties: str) -> frozenset[str]:
    """The properties a refusal is about."""
    return frozenset(properties)
