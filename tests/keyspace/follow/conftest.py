"""Servers and engines that tests of a follow begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.keyspace.follow.driven import KEYS, Servers
from tests.keyspace.follow.pair import Driven, Pair, driven_in_sync, start_pair
from tests.keyspace.follow.scripted import LEASE, VERSIONS, Scripted
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import raise_lease
from uplift.keyspace.follow.own_names import CANARY


@pytest.fixture
def servers(start_redis: StartRedis) -> Servers:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for server in (source, target):
        server.set_config("notify-keyspace-events", "EA")
    with source.client.pipeline(transaction=False) as pipeline:
        for number in range(KEYS):
            pipeline.set(f"session:{number}", f"first {number}", ex=3600)
        pipeline.execute()
    source.client.rpush("session:list", "a", "b")
    source.client.set("log:1", "stays here")
    return source, target


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    return start_pair(start_redis)


@pytest.fixture
def engine(pair: Pair) -> Iterator[Driven]:
    """One engine on the pair, in sync."""
    yield from driven_in_sync(pair)


@pytest.fixture(params=VERSIONS)
def scripted(start_redis: StartRedis, request: pytest.FixtureRequest) -> Iterator[Scripted]:
    server = start_redis(request.param)
    server.set_config("notify-keyspace-events", "EA")
    followed = FollowedServer(Side.TARGET, "target", endpoint(server), 0, lambda name: name)
    raise_lease(followed.connection, 0, LEASE)
    server.client.set(CANARY, "")
    yield Scripted(server, followed)
    followed.close()
