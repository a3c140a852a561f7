"""Two servers, an old side and a new one, there and back."""

from __future__ import annotations

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Pair


@pytest.fixture(params=[("3.2.6", "5.0.6"), ("5.0.6", "3.2.6")], ids=["there", "back"])
def sides(request: pytest.FixtureRequest, start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    return start_redis(request.param[0]), start_redis(request.param[1])


@pytest.fixture
def pair(sides: tuple[RedisServer, RedisServer]) -> Pair:
    return Pair(*sides)
