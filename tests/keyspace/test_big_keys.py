"""Values too big for a page: a true point in time, swapped in whole, and told apart when they will not hold still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, read
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.server.big_key_copier import BigKeyCopier, BigOutcome
from uplift.keyspace.server.canonical_value import digest_in_pieces
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.target import Existing, Target
from uplift.keyspace.server.value_pieces import drain

LIMITS = ReadLimits(piece_bytes=500, piece_elements=10)


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    return start_redis("3.2.6"), start_redis("5.0.6")


class Meddling(Connection):
    """A source connection beside which somebody else acts after every answer to a piece."""

    meddle: Callable[[], object] | None = None

    def call(self, *arguments: bytes | str | int) -> object:  # type: ignore[override]
        answer = super().call(*arguments)
        if self.meddle is not None and arguments[0] in {"LRANGE", "HSCAN", "SSCAN", "ZSCAN", "GETRANGE"}:
            self.meddle()
        return answer


@contextmanager
def _copier(
    servers: tuple[RedisServer, RedisServer], *, whole_bytes: int = 0, existing: Existing = Existing.REPLACE
) -> Iterator[tuple[BigKeyCopier, Target, Meddling]]:
    source, target = servers
    connection = Meddling(endpoint(source))
    there = Target("target", endpoint(target), 0, KeyLabels())
    try:
        yield BigKeyCopier(connection, read_server_facts(connection), "run1", LIMITS, existing, whole_bytes), there, connection
    finally:
        connection.close()
        there.close()


def test_a_value_that_changes_once_is_read_again(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *range(200))
    late = iter(["late"])
    with _copier(servers) as (copier, there, connection):
        connection.meddle = lambda: source.client.rpush("big", *found) if (found := list(late)) else None
        assert copier.copy(b"big", b"big", there) is BigOutcome.COPIED
    assert read(target.client, b"big") == read(source.client, b"big")
    assert target.client.llen("big") == 201


def test_a_value_that_never_holds_still_is_unsettled_or_read_whole(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *[b"x" * 40] * 200)
    with _copier(servers, whole_bytes=100) as (copier, there, connection):
        connection.meddle = lambda: source.client.rpush("big", "late")
        assert copier.copy(b"big", b"big", there) is BigOutcome.UNSETTLED
    assert list(target.client.scan_iter()) == []
    with _copier(servers, whole_bytes=1_000_000) as (copier, there, connection):
        connection.meddle = lambda: source.client.rpush("big", "late")
        assert copier.copy(b"big", b"big", there) is BigOutcome.COPIED
    assert target.client.llen("big") >= 200
    assert target.client.lrange("big", 0, 199) == [b"x" * 40] * 200


@pytest.mark.parametrize("how", ["deleted", "expired", "emptied"])
def test_a_value_that_goes_takes_the_older_copy_with_it(how: str, servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *range(200))
    target.client.set("big", "older")

    def go() -> object:
        if how == "deleted":
            return source.client.delete("big")
        if how == "emptied":
            return source.client.ltrim("big", 1, 0)
        source.client.pexpire("big", 1)
        while source.client.exists("big"):
            pass
        return None

    with _copier(servers) as (copier, there, connection):
        connection.meddle = go
        assert copier.copy(b"big", b"big", there) is BigOutcome.GONE
    assert list(target.client.scan_iter()) == []


def test_the_ttl_is_right_from_the_start(servers: tuple[RedisServer, RedisServer]) -> None:
    """A reader beside the swap never sees the new value without its TTL, nor no value at all."""
    source, target = servers
    source.client.rpush("big", *range(2_000))
    source.client.pexpire("big", 10**7)
    target.client.rpush("big", "older")
    target.client.pexpire("big", 5_000)
    seen: list[tuple[int, int]] = []
    stop = threading.Event()
    beside = target.connect()

    def watch() -> None:
        while not stop.is_set():
            pipeline = beside.pipeline(transaction=True)
            pipeline.llen("big")
            pipeline.pttl("big")
            seen.append(tuple(pipeline.execute()))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        with _copier(servers) as (copier, there, _):
            for _ in range(5):
                assert copier.copy(b"big", b"big", there) is BigOutcome.COPIED
    finally:
        stop.set()
        thread.join()
    assert all((length == 1 and ttl <= 5_000) or (length == 2_000 and 10**7 - 60_000 < ttl <= 10**7) for length, ttl in seen)


def test_what_exists_is_kept_where_that_was_asked_for(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *range(200))
    target.client.set("big", "older")
    with _copier(servers, existing=Existing.SKIP) as (copier, there, _):
        assert copier.copy(b"big", b"big", there) is BigOutcome.KEPT_EXISTING
    assert target.client.get("big") == b"older"


def test_an_element_larger_than_a_piece_is_named_with_its_size(servers: tuple[RedisServer, RedisServer]) -> None:
    source, _ = servers
    source.client.rpush("big", "small", b"x" * 5_000, *range(100))
    with _copier(servers) as (copier, there, _):
        assert copier.copy(b"big", b"big", there) is BigOutcome.COPIED
        assert copier.held == {b"big": 5_000}


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_draining_ends_with_nothing_left(version: str, start_redis: StartRedis) -> None:
    server = start_redis(version)
    client = server.client
    client.rpush("list", *range(2_500))
    client.sadd("set", *range(2_500))
    client.zadd("zset", {str(i): i for i in range(2_500)})
    client.execute_command("HMSET", "hash", *range(5_000))
    client.set("string", "x" * 10_000)
    with connected(endpoint(server)) as connection:
        for key in (b"list", b"set", b"zset", b"hash", b"string", b"none"):
            drain(connection, key, has_unlink=version != "3.2.6")
    assert client.dbsize() == 0
    longest = client.info("commandstats").get("cmdstat_del", {"calls": 0})["calls"]
    assert version != "3.2.6" or longest == 6


def test_a_digest_is_the_same_wherever_the_pieces_are_cut(start_redis: StartRedis) -> None:
    one, other = start_redis("3.2.6"), start_redis("5.0.6")
    for server, step in ((one, 1), (other, -1)):
        server.client.sadd("set", *list(range(3_000))[::step])
        server.client.zadd("zset", {f"m{i}": i / 3 for i in list(range(3_000))[::step]})
        server.client.execute_command("HMSET", "hash", *[part for i in list(range(3_000))[::step] for part in (f"f{i}", i)])
        server.client.rpush("list", *range(3_000))
        server.client.set("string", b"abc" * 50_000)
    other_limits = ReadLimits(piece_bytes=777, piece_elements=13)
    with connected(endpoint(one)) as here, connected(endpoint(other)) as there:
        for kind in (b"set", b"zset", b"hash", b"list", b"string"):
            assert digest_in_pieces(here, kind, kind, LIMITS) == digest_in_pieces(there, kind, kind, other_limits)
        # Two values that a sum cut to the width of its terms could not tell apart differ here.
        other.client.srem("set", 5)
        other.client.sadd("set", 3_005)
        assert digest_in_pieces(here, b"set", b"set", LIMITS) != digest_in_pieces(there, b"set", b"set", other_limits)
