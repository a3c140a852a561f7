"""What a modify asks for, once it is known to be possible."""

from __future__ import annotations

from dataclasses import dataclass

from rehearsal.cloud.elasticache.state import ParameterGroup


@dataclass(frozen=True)
class Change:
    """A new version or None, and the parameter group from then on."""

    version: str | None
    parameters: ParameterGroup


def as_numbers(version: str) -> tuple[int, ...]:
    """A version in a form that compares."""
    return tuple(int(part) for part in version.split("."))
