"""How many replicas of a server must have a write before it counts, and the command that waits for them."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, Reply
from uplift.sidekiq.run.interruptions import BeginAgain


@dataclass(frozen=True, slots=True)
class Replicas:
    """`count` is 0 where nothing is waited for.

    WAIT counts on the connection that wrote alone: it looks at the offset of this client's last write, so that another one answers yes for
    writes that are gone (redis/redis src/replication.c, waitCommand).
    """

    count: int
    milliseconds: int = 5_000

    def requests(self) -> list[bytes]:
        """What is sent behind the writes that are to be waited for."""
        return [pack("WAIT", self.count, self.milliseconds)] if self.count else []

    def wait(self, connection: Connection, server: str) -> None:
        """Until they have what was written over this connection, and everything before it. Raises BeginAgain."""
        for request in self.requests():
            self.take(connection.call_all([request])[0], server)

    def take(self, reply: Reply | ErrorReply, server: str) -> None:
        """Raises BeginAgain where too few have it."""
        if isinstance(reply, ErrorReply):
            raise BeginAgain(f"{server} answered to WAIT: {reply.safe}")
        if not isinstance(reply, int) or reply < self.count:
            raise BeginAgain(f"{server}: fewer than {self.count} replicas have what was written after {self.milliseconds} ms")
