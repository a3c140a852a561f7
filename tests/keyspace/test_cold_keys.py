"""Cold keys on real servers: digests that do not depend on version or reading, fates, and the judgement on them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import redis

from rehearsal.app.dataset import fill
from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from uplift.errors import DamagedFile
from uplift.keyspace.census.census import read_page
from uplift.keyspace.census.cold_check import ColdCheck, ColdCount, Fate, check_page
from uplift.keyspace.census.cold_keys import ColdKeyPage, ColdKeyReader
from uplift.keyspace.census.loss import expected, judge_loss
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.page_reader import ReadLimits

FOREVER = float("inf")


@contextmanager
def _connection(server: RedisServer, database: int = 0) -> Iterator[Connection]:
    with connected(Endpoint("127.0.0.1", server.port), database=database) as connection:
        yield connection


def _page(server: RedisServer, cold_after: int = 0) -> ColdKeyPage:
    with _connection(server) as connection:
        _census, page, cursor = read_page(connection, 0, 0, FOREVER, cold_after_seconds=cold_after)
    assert cursor == 0
    return page


def _check(page: ColdKeyPage, server: RedisServer, primary: RedisServer | None = None) -> ColdCheck:
    with ExitStack() as stack:

        def to(node: RedisServer) -> Connection:
            return stack.enter_context(connected(Endpoint("127.0.0.1", node.port)))

        return check_page(page, lambda _database: to(server), lambda _database: to(primary or server))


def _values(client: redis.Redis, scale: int) -> None:
    """One key of each type, small or far too big for a page; numbers drawn so that no order is the insertion order."""
    drawn = random.Random(scale).sample(range(scale * 40), scale)
    client.set("string", b"x" * scale * 100)
    client.rpush("list", *drawn)
    client.sadd("set", *drawn)
    client.execute_command("HMSET", "hash", *(part for number in drawn for part in (number, number * 2)))
    client.zadd("zset", {str(number): number / 3 for number in drawn})
    client.pfadd("hyperloglog", *drawn)


@pytest.mark.parametrize("scale", [5, 2_000])
def test_a_digest_does_not_depend_on_the_version_or_on_how_it_was_read(start_redis: StartRedis, scale: int) -> None:
    old, new = start_redis("3.2.6"), start_redis("5.0.6")
    for server in (old, new):
        _values(server.client, scale)
    new.client.pfcount("hyperloglog")
    names = [b"string", b"list", b"set", b"hash", b"zset", b"hyperloglog"]
    whole, pieces = ReadLimits(value_bytes=10**9, value_elements=10**9), ReadLimits(value_elements=3, value_bytes=40, piece_elements=7)
    seen = []
    for server in (old, new):
        for limits in (whole, pieces):
            with _connection(server) as connection:
                # A HyperLogLog has one size; in pieces its cached cardinality counts, so it is read whole.
                read_from = names if limits is whole else names[:-1]
                _now, keys = ColdKeyReader(connection, 0, limits).read(read_from)
                seen.append({key.name: key.digest for key in keys})
    assert seen[0] == seen[2]
    assert len(set(seen[0].values())) == len(names)
    assert seen[1] == seen[3] == {name: digest for name, digest in seen[0].items() if name != b"hyperloglog"}


def test_each_fate_is_told_apart(start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    client = server.client
    for name in ("same", "deleted", "other:value", "other:type", "persisted", "prolonged", "ended"):
        client.set(name, "v", ex=1800 if name != "ended" else None)
    client.pexpire("ended", 40)
    page = _page(server)
    while client.exists("ended"):
        pass
    client.delete("deleted", "other:type")
    client.set("other:value", "w", ex=1800)
    client.lpush("other:type", "v")
    client.expire("other:type", 1800)
    client.persist("persisted")
    client.expire("prolonged", 3600)
    check = _check(page, server)
    assert {key.name: fate for fate, key in check.named} == {
        b"deleted": Fate.MISSING,
        b"other:value": Fate.VALUE_CHANGED,
        b"other:type": Fate.VALUE_CHANGED,
        b"persisted": Fate.TTL_CHANGED,
        b"prolonged": Fate.TTL_CHANGED,
    }
    counts = check.total
    assert (counts.compared, counts.same, counts.expired, counts.missing, counts.value_changed, counts.ttl_changed) == (7, 1, 1, 1, 2, 2)
    assert "same" not in check.patterns


def test_what_a_lagging_replica_lacks_is_looked_for_on_the_primary(start_redis: StartRedis) -> None:
    primary, empty = start_redis("5.0.6"), start_redis("5.0.6")
    primary.client.set("there", "v")
    page = _page(primary)
    assert _check(page, empty, primary).total.same == 1
    assert _check(page, empty).total.missing == 1


def test_only_keys_idle_for_long_enough_are_cold(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    client = server.client
    client.set("cold", "v")
    while int(client.object("idletime", "cold") or 0) < 2:
        pass
    client.set("warm", "v")
    assert [key.name for key in _page(server, cold_after=1).keys] == [b"cold"]


def test_under_lfu_every_key_is_read(start_redis: StartRedis) -> None:
    server = start_redis("5.0.6")
    server.set_config("maxmemory-policy", "allkeys-lfu")
    server.client.set("any", "v")
    assert [key.name for key in _page(server, cold_after=3600).keys] == [b"any"]


def test_a_page_survives_its_encoding_and_a_damaged_one_is_named(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    fill(server.client, 2_000, seed=7, now=time.time(), progress=lambda _done: None)
    page = _page(server)
    assert len(page.keys) == server.client.dbsize()
    assert ColdKeyPage.decode(page.encode()) == page
    with pytest.raises(DamagedFile, match="a page of cold keys cannot be read"):
        ColdKeyPage.decode(page.encode()[:-5])


@pytest.mark.parametrize(
    ("measured", "after", "evicted", "lost"),
    [
        # (missing before, key-seconds before), (missing after, key-seconds after)
        ((0, 1e6), (0, 1e6), 0, 0),
        ((0, 1e6), (1, 1e6), 0, 1),
        ((0, 1e6), (5, 1e6), 5, 0),
        ((0, 1e6), (7, 1e6), 5, 2),
        ((10, 1e6), (10, 1e6), 0, 0),
        ((10, 1e6), (24, 1e6), 0, 0),
        ((10, 1e6), (200, 1e6), 0, 176),
        ((10, 1e6), (100, 1e7), 0, 0),
        ((0, 0.0), (3, 1e6), 0, 3),
    ],
)
def test_what_neither_time_nor_server_nor_application_explains_is_lost(
    measured: tuple[int, float], after: tuple[int, float], evicted: int, lost: int
) -> None:
    judgement = judge_loss(
        ColdCount(missing=measured[0], key_seconds=measured[1]), ColdCount(missing=after[0], key_seconds=after[1]), evicted=evicted
    )
    assert judgement.missing.unexplained == lost
    assert bool(judgement.loss) is bool(lost)


def test_more_is_expected_of_a_longer_time_and_never_of_none() -> None:
    assert expected(4, 100, 200) > expected(4, 100, 100) > 4
    assert expected(0, 100, 10**9) == 0
