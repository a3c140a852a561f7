"""One server and the scripts of a round, called as a round calls them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.follow.applying import ANYTHING, ApplyReply, Change, Write, apply_reply_of, apply_request
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, State, payload_token, string_token
from uplift.keyspace.follow.lease import Lease
from uplift.keyspace.follow.messages import marker_text
from uplift.keyspace.follow.reading import ReadForm, ReadReply, read_reply_of, read_request
from uplift.keyspace.server.page_reader import ReadLimits

VERSIONS = ["3.2.6", "5.0.6", "8.2.3", "valkey-9.1.2"]
LEASE = Lease(3, "one")
LIMITS = ReadLimits()


@dataclass
class Scripted:
    """One server, its scripts loaded, the lease ours, and what its channel and events said."""

    server: RedisServer
    followed: FollowedServer

    @property
    def client(self) -> Any:
        return self.server.client

    def read(self, *names: bytes, form: ReadForm = ReadForm.VALUE, limits: ReadLimits = LIMITS, lease: Lease = LEASE) -> ReadReply:
        request = read_request(list(names), marker_text(lease.text, 1, 0, b""), lease.text, 0, form, limits)
        return read_reply_of(self.followed.connection.call_packed(request), form)

    def apply(self, *changes: Change, lease: Lease = LEASE, absolute: bool | None = None, limits: ReadLimits = LIMITS) -> ApplyReply:
        absolute = self.followed.has_absolute_ttl if absolute is None else absolute
        request = apply_request(list(changes), lease, 0, 1, 0, limits, has_absolute_ttl=absolute)
        return apply_reply_of(self.followed.connection.call_packed(request), list(changes))

    def heard(self, most: int = 200) -> Scripted:
        """Until everything that was published before now arrived."""
        self.client.publish("uplift:follow:0", b"b last 0 0")
        for _ in range(most):
            self.followed.drain(0)
            if self.followed.events._begun is not None and self.followed.events._begun.owner == b"last":
                return self
            time.sleep(0.005)
        raise AssertionError("the subscription says nothing")

    def state(self, name: bytes) -> State | None:
        return self.read(name).states[name]


def change(
    name: bytes, write: Write, value: bytes = b"", *, life: int = FOREVER, expected: bytes = ANYTHING, expected_life: int = FOREVER
) -> Change:
    winner = string_token(value) if write is Write.STRING else payload_token(value) if write is Write.PAYLOAD else ABSENT
    return Change(name, name, expected, expected_life, write, value, life, winner)


def now() -> int:
    return int(time.time() * 1000)
