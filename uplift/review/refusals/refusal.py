"""One thing AWS refuses, whoever found it."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.review.templates.template import StackTemplate


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is asked for, why it is refused, and what to do. `resource` is empty for what is about the stack as a whole."""

    resource: str
    what: str
    why: str
    action: str
    about: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StackRefusal:
    """A refusal and the stack it is in."""

    stack: StackTemplate
    refusal: Refusal
