"""What to do next in the rotation of an AUTH token: a pure decision, so that a rotation cut short goes on where it was.

ElastiCache accepts the two newest tokens after ROTATE, and the last one only after SET (user guide, "Authenticating with the AUTH
command"). A second ROTATE with the same token could drive out the old one, so it is never repeated. Whether a change was made is seen
by the date ElastiCache gives it, against the date noted before. When one was asked for is noted, too: for some minutes nobody asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RotationStep(StrEnum):
    """The one thing to do next."""

    WAIT = "waiting for the group"
    MAKE = "making a token"
    ROTATE = "both tokens are to be accepted"
    PUBLISH = "publishing the new token"
    SET = "only the new token is to be accepted"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RotationFacts:
    """What the group and its secret show. A pending token is one that was made and not yet published.

    `changed_since_noted`: ElastiCache's date of the last token change is another than the one noted beside the secret. `asked_lately`: a
    change was asked for a short time ago, perhaps by a command that was interrupted, so that it may still show.
    """

    is_available: bool
    has_pending: bool
    pending_is_current: bool
    changed_since_noted: bool
    asked_lately: bool = False


def next_to_begin(facts: RotationFacts) -> RotationStep:
    """Towards two accepted tokens, the new one published. Never DONE: after a published token there is another to begin."""
    if not facts.is_available:
        return RotationStep.WAIT
    if not facts.has_pending:
        return RotationStep.MAKE
    if facts.pending_is_current or facts.changed_since_noted:
        return RotationStep.PUBLISH
    return RotationStep.WAIT if facts.asked_lately else RotationStep.ROTATE


def next_to_finish(facts: RotationFacts) -> RotationStep:
    """Towards the published token alone; DONE when a change was made since it was published."""
    if not facts.is_available:
        return RotationStep.WAIT
    if facts.changed_since_noted:
        return RotationStep.DONE
    return RotationStep.WAIT if facts.asked_lately else RotationStep.SET
