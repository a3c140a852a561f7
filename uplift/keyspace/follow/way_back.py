"""Whether the way back is open: what an application writes to a target now arrives on the source."""

from __future__ import annotations

import time

from uplift.keyspace.follow.followed_database import FollowedDatabase
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.status import WayBackStatus

_SILENT_SECONDS = 3.0


def why_no_way_back(databases: list[FollowedDatabase], *, is_two_way: bool, is_paused: bool) -> str | None:
    """The first reason; None where it is open: armed, and every server proves its events in every round."""
    if not is_two_way:
        return "the follow goes one way (--two-way opens the other one once it is in sync)"
    if is_paused:
        return "the follow is paused"
    for database in databases:
        if database.engine is None:
            return "this engine stands by"
        if database.problem is not None:
            return database.problem
        for server in database.servers:
            if (reason := _silence(server)) is not None:
                return reason
    return None


def _silence(server: FollowedServer) -> str | None:
    if server.gaps.opened is not None:
        return f"{server.name} database {server.database}: no round was whole since a gap in its events began"
    silent = time.monotonic() - server.events.heard_at
    return None if silent < _SILENT_SECONDS else f"{server.name} database {server.database}: nothing was heard for {silent:.0f} s"


class WayBack:
    """The same with its age."""

    def __init__(self) -> None:
        self._why_not: str | None = "nothing was compared yet"
        self._since = time.monotonic()

    def look(self, why_not: str | None) -> None:
        """Take what is so now; another reason is no other state."""
        if (why_not is None) != (self._why_not is None):
            self._since = time.monotonic()
        self._why_not = why_not

    def status(self) -> WayBackStatus:
        """As it is told."""
        return WayBackStatus(self._why_not is None, self._why_not, time.monotonic() - self._since)
