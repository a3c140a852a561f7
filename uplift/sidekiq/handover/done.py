"""Whether the old side is done: nothing is left at two looks more than a minute apart, with nothing taken between. Empty alone is not done.

A worker that stops pushes its unfinished jobs back into their queue, and only then takes itself out of `processes` (Sidekiq 6.4.1,
lib/sidekiq/launcher.rb): a queue seen empty may fill again as long as anybody has a heartbeat.
"""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_int, as_list
from uplift.keyspace.server.scripts import lua_text, script_of
from uplift.sidekiq.run.own_names import OwnNames

STABLE_SECONDS = 65.0
_COUNT_LEFT = script_of(lua_text("count_left.lua", "uplift.sidekiq.handover"))


@dataclass(frozen=True, slots=True)
class Remaining:
    """Of the old side, at one instant. `unconfirmed`: chunks in outboxes; `following`: the number of the next chunk."""

    queued: int
    in_sorted_sets: int
    private: int
    unconfirmed: int
    alive: int
    following: int

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to move, and nobody who could make something."""
        return not (self.queued or self.in_sorted_sets or self.private or self.unconfirmed or self.alive)


@dataclass(frozen=True, slots=True)
class EmptySince:
    """Since when (seconds of one clock) looks found nothing; `following` as it was then."""

    at: float
    following: int


def read_remaining(connection: Connection, names: OwnNames, private: tuple[bytes, ...]) -> Remaining:
    """As it is now. Raises what Connection.call raises."""
    answer = _COUNT_LEFT.call(connection, [names.source_ledger, *private])
    return Remaining(*[as_int(one) for one in as_list(answer)])


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
