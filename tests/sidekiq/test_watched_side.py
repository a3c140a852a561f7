"""A side that is watched: rates, a survey once a minute, and a new beginning after a broken connection."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.sidekiq.sides import connection_to, push_secret
from uplift.errors import SourceUnreachable
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.connection import Connection
from uplift.sidekiq.keys.key_map_rules import of_sidekiq_by
from uplift.sidekiq.keys.survey import Survey, survey
from uplift.sidekiq.status.queue_rates import QueueRate
from uplift.sidekiq.status.watched_side import WatchedSide


def test_rates_and_surveys(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    client: Any = server.client
    connection = connection_to(server)
    now, surveys = 100.0, 0

    def count_surveys(over: Connection) -> Survey:
        nonlocal surveys
        surveys += 1
        return survey(over)

    watched = WatchedSide(connection, count_surveys, clock=lambda: now)
    push_secret(server, 1)
    client.set("stat:processed", 10)
    first = watched.look()
    assert (first.rates, first.processed_a_second, first.status.public_jobs) == ({}, None, 1)
    now = 110.0
    push_secret(server, 2)
    push_secret(server, 3)
    push_secret(server, 4, queue="new")
    client.set("stat:processed", 30)
    second = watched.look()
    assert (second.rates, second.processed_a_second) == ({b"default": QueueRate(0.2, 0, is_exact=True)}, 2.0)
    assert surveys == 1
    now = 170.0
    client.rpop("queue:default")
    client.set("stat:processed", "many")
    third = watched.look()
    assert third.rates[b"default"].left == pytest.approx(1 / 60)
    assert (third.processed_a_second, surveys) == (None, 2)
    connection.close()
    with pytest.raises(SourceUnreachable):
        watched.look()
    watched.begin_again(connection_to(server))
    assert (watched.look().rates, surveys) == ({}, 3)


@pytest.mark.parametrize(
    ("key", "by_map", "without"),
    [
        (b"mine:1", True, False),
        (b"jobs:1", False, True),
        (b"queue_x", True, True),
        (b"other", False, False),
        (b"uplift:handover:r:src", False, False),
    ],
)
def test_what_a_key_map_knows(key: bytes, by_map: bool, without: bool) -> None:
    rules = [
        {"name": "mine", "match": {"prefix": "mine:"}, "to": "a", "action": "handover", "source": "test", "reason": "test"},
        {"name": "jobs", "match": {"prefix": "jobs:"}, "to": "a", "source": "test", "reason": "test"},
    ]
    router = build_router(KeyMap.model_validate({"version": 1, "destinations": ["a"], "rules": rules}), ("a",))
    assert (of_sidekiq_by(router)(key), of_sidekiq_by(None)(key)) == (by_map, without)
