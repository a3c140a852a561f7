"""The census on a real Redis 3.2.6 and 5.0.6."""

import pytest
import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from uplift.errors import SourceUnreachable
from uplift.keyspace.census.census import MOST_PATTERNS, OTHER_PATTERNS, Census, PatternCount, count_page
from uplift.keyspace.census.change import compare
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import read_server_facts

NEVER = float("inf")


@pytest.fixture(params=["3.2.6", "5.0.6"])
def server(request: pytest.FixtureRequest, start_redis: StartRedis) -> RedisServer:
    return start_redis(request.param)


def _fill(client: redis.Redis) -> None:
    for number in range(25):
        client.set(f"vets-api-session:{number}", b"x" * 10, ex=1800)
    client.lpush("queue:default", "job")
    client.zadd("retry", {"job": 1})
    client.set("ElastiCacheMasterReplicationTimestamp", "1")
    client.set("uplift:temporary:1234:new", "1")
    client.set("uplift:follow:lease", "1")


def test_counts_by_pattern_type_and_ttl(server: RedisServer) -> None:
    _fill(server.client)
    with connected(Endpoint("127.0.0.1", server.port)) as client:
        census, cursor = count_page(client, 0, NEVER, count_bytes=True)
    assert cursor == 0
    assert census.keys == 27
    assert census.patterns["vets-api-session:<number>"] == PatternCount(25, 0, 250, {"string": 25})
    assert census.patterns["queue:<word>"] == PatternCount(1, 1, 0, {"list": 1})
    assert census.patterns["<word>"] == PatternCount(1, 1, 0, {"zset": 1})


def test_pages_add_up_to_the_whole(server: RedisServer) -> None:
    pipeline = server.client.pipeline(transaction=False)
    for number in range(20_000):
        pipeline.set(f"users_b:{number}", "v")
    pipeline.execute()
    whole, cursor, pages = Census(), 0, 0
    with connected(Endpoint("127.0.0.1", server.port)) as client:
        while True:
            page, cursor = count_page(client, cursor, 0.0, count_bytes=False, clock=lambda: 1.0)
            whole.add(page)
            pages += 1
            if cursor == 0:
                break
    assert pages > 5
    assert whole.patterns == {"users_b:<number>": PatternCount(20_000, 20_000, 0, {"string": 20_000})}


def test_a_key_that_goes_while_it_is_counted_is_not_counted(server: RedisServer) -> None:
    server.client.set("expired:1", "v", px=1)
    server.client.set("there:1", "v")
    while server.client.exists("expired:1"):
        pass
    with connected(Endpoint("127.0.0.1", server.port)) as client:
        census, _ = count_page(client, 0, NEVER, count_bytes=False)
    assert set(census.patterns) == {"there:<number>"}


def test_the_census_leaves_access_times_alone_where_bytes_are_not_counted(server: RedisServer) -> None:
    server.client.set("cold:1", "v")
    server.set_config("maxmemory-policy", "allkeys-lru")
    before = server.client.object("idletime", "cold:1")
    while server.client.object("idletime", "cold:1") == before:
        pass
    idle = server.client.object("idletime", "cold:1")
    with connected(Endpoint("127.0.0.1", server.port)) as client:
        count_page(client, 0, NEVER, count_bytes=False)
    assert server.client.object("idletime", "cold:1") >= idle


def test_the_number_of_patterns_is_bounded() -> None:
    census = Census()
    for number in range(MOST_PATTERNS + 50):
        census.of(f"pattern{number}").add(PatternCount(1, 0, 0, {}))
    assert len(census.patterns) == MOST_PATTERNS + 1
    assert census.patterns[OTHER_PATTERNS].keys == 50


def test_server_facts(server: RedisServer, start_redis: StartRedis) -> None:
    replica = start_redis(server.version)
    replica.follow(server)
    server.client.set("k", "v")
    server.connect(3).set("k", "v")
    with connected(Endpoint("127.0.0.1", server.port)) as connection:
        facts = read_server_facts(connection)
    assert (facts.version, facts.role, facts.databases) == (server.version, "master", (0, 3))
    assert facts.memory_percent == 0
    assert facts.replica_lag_seconds is not None
    with connected(Endpoint("127.0.0.1", replica.port)) as connection:
        assert read_server_facts(connection).primary_link_up


def test_an_address_where_nobody_listens_is_named(server: RedisServer) -> None:
    port = server.port
    server.stop()
    with (
        pytest.raises(SourceUnreachable, match=rf"127\.0\.0\.1:{port} cannot be reached"),
        connected(Endpoint("127.0.0.1", port)) as client,
    ):
        client.call("PING")


@pytest.mark.parametrize(
    ("before", "after", "suspicion"),
    [
        ((1000, 0), (1000, 0), ""),
        ((1000, 0), (950, 0), ""),
        ((1000, 0), (949, 0), "keys fell from 1000 to 949"),
        ((5000, 1000), (5000, 949), "keys that never expire fell from 1000 to 949"),
        ((5000, 15), (5000, 0), ""),
        ((900, 0), (851, 0), ""),
        ((3, 0), (0, 0), "there were 3 keys and there are none"),
        ((0, 0), (10, 0), ""),
    ],
)
def test_when_a_count_is_suspicious(before: tuple[int, int], after: tuple[int, int], suspicion: str) -> None:
    def census(keys: int, without_ttl: int) -> Census:
        return Census({"p": PatternCount(keys, without_ttl)})

    assert compare(census(*before), census(*after), largest_drop_percent=5, evicted=1_000).suspicion == ""
    change = compare(census(*before), census(*after), largest_drop_percent=5)
    assert change.suspicion.startswith(suspicion)
    assert bool(change.suspicion) is bool(suspicion)
