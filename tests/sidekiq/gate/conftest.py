"""Two servers without a direction of their own."""

from __future__ import annotations

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis


@pytest.fixture
def there(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    return start_redis("3.2.6"), start_redis("5.0.6")
