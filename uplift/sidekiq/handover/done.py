"""Whether the old side is done: nothing is left at two looks more than a minute apart, with nothing taken between. Empty alone is not done.

A worker that stops pushes its unfinished jobs back into their queue, and only then takes itself out of `processes` (Sidekiq 6.4.1,
lib/sidekiq/launcher.rb): a queue seen empty may fill again as long as anybody has a heartbeat.
"""

from __future__ import annotations

from dataclasses import dataclass

from uplift.sidekiq.handover.remaining import Remaining

STABLE_SECONDS = 65.0


@dataclass(frozen=True, slots=True)
class EmptySince:
    """Since when (seconds of one clock) looks found nothing; `following` as it was then."""

    at: float
    following: int


def empty_since(before: EmptySince | None, now: float, remaining: Remaining) -> EmptySince | None:
    """What a look makes of an earlier one: None where something is left."""
    if not remaining.is_nothing:
        return None
    if before is not None and before.following == remaining.following:
        return before
    return EmptySince(now, remaining.following)


def is_done(since: EmptySince | None, now: float, seconds: float = STABLE_SECONDS) -> bool:
    """Whether it was empty for long enough."""
    return since is not None and now - since.at >= seconds
