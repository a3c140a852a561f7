"""A connection that only listens: to every key event of one database, and to the run's channel, in one order."""

from __future__ import annotations

from uplift.keyspace.follow.own_names import channel_of
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.replies import ErrorReply, Reply

_CONFIRMATIONS = 2


class Subscription:
    """Drains what one server tells. `run_id` is of the process that answers; another one than the command connection's is a gap."""

    def __init__(self, beside: Connection, database: int) -> None:
        self.connection = beside.beside(0)
        try:
            # Before it subscribes: afterwards it may ask nothing else (src/server.c, processCommand).
            self.run_id = read_server_facts(self.connection).run_id
            self.connection.send(pack("PSUBSCRIBE", f"__keyevent@{database}__:*") + pack("SUBSCRIBE", channel_of(database)))
            self._early = self._confirmed()
        except BaseException:
            self.connection.close()
            raise

    def _confirmed(self) -> list[Reply | ErrorReply]:
        """Wait for both confirmations; what came between them was not asked for twice."""
        early: list[Reply | ErrorReply] = []
        confirmed = 0
        while confirmed < _CONFIRMATIONS:
            reply = self.connection.read()
            if isinstance(reply, ErrorReply):
                raise reply
            if isinstance(reply, list) and reply[0] in {b"psubscribe", b"subscribe"}:
                confirmed += 1
            else:
                early.append(reply)
        return early

    def fileno(self) -> int:
        """For poll(2)."""
        return self.connection.fileno()

    def arrived(self) -> list[Reply | ErrorReply]:
        """Every message that is there. Raises ConnectionLost."""
        early, self._early = self._early, []
        return early + self.connection.arrived()

    def ping(self) -> None:
        """Ask for a sign of life, which arrives behind everything that was told before. Raises ConnectionLost."""
        self.connection.send(pack("PING"))

    def close(self) -> None:
        """End it."""
        self.connection.close()
