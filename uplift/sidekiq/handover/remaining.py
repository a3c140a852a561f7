"""What is left on the old side, at one instant."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_int, as_list
from uplift.keyspace.server.scripts import lua_text, script_of
from uplift.sidekiq.run.own_names import OwnNames

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


def read_remaining(connection: Connection, names: OwnNames, private: tuple[bytes, ...]) -> Remaining:
    """As it is now. Raises what Connection.call raises."""
    answer = _COUNT_LEFT.call(connection, [names.source_ledger, *private])
    return Remaining(*[as_int(one) for one in as_list(answer)])
