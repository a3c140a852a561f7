"""How many jobs came and left, from two looks at a queue."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.sidekiq.sides import connection_to, push_secret
from uplift.sidekiq.status.queue_rates import QueueRate, look, rate_between


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_jobs_that_came_and_left(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client: Any = server.client
    connection = connection_to(server)

    numbers = count(1)

    def rate(pushed: int, popped: int) -> QueueRate | None:
        before = look(connection, b"default", None, 10.0)
        for _ in range(pushed):
            push_secret(server, next(numbers))
        for _ in range(popped):
            client.rpop("queue:default")
        return rate_between(before, look(connection, b"default", before, 12.0))

    assert rate(0, 0) == QueueRate(0, 0, is_exact=True)
    assert rate(10, 0) == QueueRate(5, 0, is_exact=False)
    assert rate(6, 4) == QueueRate(3, 2, is_exact=True)
    assert rate(0, 2) == QueueRate(0, 1, is_exact=True)
    # All that was there has left.
    assert rate(4, 12) == QueueRate(1, 5, is_exact=False)
    assert rate(2_000, 0) == QueueRate(1000, 0, is_exact=False)
    client.delete("queue:default")
    client.set("queue:default", "no list")
    assert rate_between(look(connection, b"default", None, 1.0), look(connection, b"default", None, 1.0)) is None


def test_payloads_of_any_bytes_and_size(start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    client: Any = server.client
    connection = connection_to(server)
    client.lpush("queue:default", b"", b"\xff" * 10_000_000)
    before = look(connection, b"default", None, 0.0)
    client.lpush("queue:default", b"x", b"y" * 10_000_000)
    assert rate_between(before, look(connection, b"default", before, 1.0)) == QueueRate(2, 0, is_exact=False)
    client.lpush("queue:default", b"z")
    before = look(connection, b"default", None, 0.0)
    client.lpush("queue:default", b"", b"")
    assert rate_between(before, look(connection, b"default", before, 1.0)) == QueueRate(2, 0, is_exact=True)
