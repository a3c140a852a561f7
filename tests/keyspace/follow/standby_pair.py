"""Two engines on one pair of servers: one that writes, and one that stands by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.follow.pair import Driven, Pair, drive
from uplift.keyspace.follow.lease import owner_of
from uplift.keyspace.follow.own_names import LEASE


@contextmanager
def two(pair: Pair) -> Iterator[tuple[Driven, Driven]]:
    """One that writes and is in sync, and one that stands by, which has heard nothing yet."""
    active, standby = drive(pair, "one"), drive(pair, "two", stands_by=True)
    active.in_sync()
    yield active, standby
    active.member.close()
    standby.member.close()


def is_warm(standby: Driven) -> bool:
    return standby.member.standby is not None and standby.member.standby.is_warm


def warm(active: Driven, standby: Driven) -> None:
    active.until(lambda: is_warm(standby), beside=standby)


def complete(active: Driven, standby: Driven) -> None:
    warm(active, standby)
    for _ in range(2):
        active.pass_over(beside=standby)
    # What the last pass came to is told with a marker of the next round.
    active.until(lambda: standby.member.streams.pasts.base.is_complete, beside=standby)


def promoted(standby: Driven) -> None:
    """The other one is not stepped any more: silence, and then this one writes."""
    standby.until(lambda: standby.member.engine is not None)


def lease_of(server: RedisServer) -> bytes:
    text = server.client.get(LEASE)
    assert isinstance(text, bytes)
    return text


def holders(pair: Pair) -> list[str]:
    return [owner_of(lease_of(server)) for server in (pair.source, pair.target)]
