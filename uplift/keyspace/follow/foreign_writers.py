"""Who else writes to a target before anybody should: named by the server's own list of clients."""

from __future__ import annotations

import time
from dataclasses import dataclass

from uplift.keyspace.server.connection import CLIENT_NAME, Connection
from uplift.keyspace.server.replies import as_bytes

_LOOK_AGAIN_SECONDS = 10.0
_MOST_NAMED = 5
# fmt: off
_READING = frozenset({
    "get", "mget", "exists", "ttl", "pttl", "type", "keys", "scan", "hget", "hgetall", "hmget", "lrange", "llen", "smembers", "scard",
    "zrange", "zcard", "info", "ping", "config", "client", "slowlog", "subscribe", "psubscribe", "monitor", "replconf", "psync", "sync",
    "auth", "select", "hello", "dbsize", "time", "NULL",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class ForeignClient:
    """One client as CLIENT LIST has it."""

    address: str
    name: str
    last_command: str

    def __str__(self) -> str:
        """For a person."""
        return f"{self.address}{f' ({self.name})' if self.name else ''}, last command {self.last_command}"


def foreign_clients(listed: str) -> list[ForeignClient]:
    """The clients that are none of ours and did not just read, those that were idle least first. `listed`: the answer to CLIENT LIST."""
    found = []
    for line in listed.splitlines():
        fields = dict(part.partition("=")[::2] for part in line.split(" "))
        is_replica = any(flag in fields.get("flags", "") for flag in "SM")
        command = fields.get("cmd", "?")
        # Since Redis 7 with its subcommand: `client|setinfo`, which many clients say when they connect.
        if fields.get("name") != CLIENT_NAME and not is_replica and command.partition("|")[0] not in _READING:
            found.append((int(fields.get("idle", 0)), ForeignClient(fields.get("addr", "?"), fields.get("name", ""), command)))
    return [client for _, client in sorted(found, key=lambda pair: pair[0])][:_MOST_NAMED]


class ForeignWriters:
    """Of one target. `writes` counts the events of followed keys outside our brackets, `since` is the time of the first, and `last_at`
    that of the latest (Unix seconds).
    """

    def __init__(self, events_before: int) -> None:
        """`events_before`: how many such events there were before anybody looked."""
        self.writes = 0
        self._events = events_before
        self.since: float | None = None
        self.last_at: float | None = None
        self.clients: tuple[ForeignClient, ...] = ()
        self._looked_at = float("-inf")

    def new_events(self, events: int) -> int:
        """How many of all such events are new since the last time."""
        new, self._events = events - self._events, events
        return new

    def forget(self) -> None:
        """Applications use the target now: whoever was seen there before is none to look for when it is left again."""
        self.writes, self.since, self.last_at, self.clients = 0, None, None, ()

    def take(self, writes: int, connection: Connection) -> None:
        """So many more were seen. Asks who it was, not more often than every ten seconds. Raises what Connection.call raises."""
        if not writes:
            return
        self.writes += writes
        self.last_at = time.time()
        self.since = self.since or self.last_at
        now = time.monotonic()
        if now - self._looked_at > _LOOK_AGAIN_SECONDS:
            self._looked_at = now
            listed = as_bytes(connection.call("CLIENT", "LIST")).decode("utf-8", "replace")
            self.clients = tuple(foreign_clients(listed))
