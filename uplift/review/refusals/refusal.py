"""One thing AWS refuses, whoever found it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is asked for, why it is refused, and what to do. `resource` is empty for what is about the stack as a whole."""

    resource: str
    what: str
    why: str
    action: str
    about: frozenset[str] = frozenset()
