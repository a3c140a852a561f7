"""Whether a server, and the engine that stands by itself, were awake: only then does silence say something of the engine that writes."""

from __future__ import annotations

import time

from uplift.keyspace.follow.followed_server import FollowedServer

_BETWEEN_PINGS_SECONDS = 0.2
STALL_SECONDS = 0.25
"""A fork, a big DEL or a slow script holds a server up for longer, and whoever writes to it."""


class Answering:
    """Of one server: a PING over its subscription (allowed there, src/server.c), so that its answer comes behind everything told before.

    `stalled_at`: the latest moment (monotonic seconds) at which it kept this engine waiting.
    """

    def __init__(self) -> None:
        self.stalled_at = 0.0
        self._asked_at: float | None = None
        self._asked_of: object = None

    @property
    def is_awaited(self) -> bool:
        """Whether it has not answered for so long that it is not known to be awake."""
        return self._asked_at is not None and time.monotonic() - self._asked_at > STALL_SECONDS

    def look(self, server: FollowedServer) -> None:
        """After everything that came was taken."""
        now = time.monotonic()
        if self._asked_of is not server.subscription:
            self._asked_of, self._asked_at = server.subscription, None
        if self._asked_at is not None:
            if now - self._asked_at > STALL_SECONDS:
                self.stalled_at = now
            if server.events.answered_at > self._asked_at:
                self._asked_at = None
        elif now - server.events.answered_at > _BETWEEN_PINGS_SECONDS and server.ping():
            self._asked_at = now
