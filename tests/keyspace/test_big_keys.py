"""Values too big for a page: a true point in time, swapped in whole, and told apart when they will not hold still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, read
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.big_key_copier import BigKeyCopier
from uplift.keyspace.server.big_value_reader import BigValueReader
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.key_transfer import KeyTransfer
from uplift.keyspace.server.page_reader import ReadLimits, ValueForm, payload_reader
from uplift.keyspace.server.page_writer import PageWriter, Written
from uplift.keyspace.server.replies import ErrorReply, Reply
from uplift.keyspace.server.source_and_targets import Scope, TargetUrl, opened
from uplift.keyspace.server.value_pieces import drain

LIMITS = ReadLimits(piece_bytes=500, piece_elements=10)


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    return start_redis("3.2.6"), start_redis("5.0.6")


class Meddling(Connection):
    """A source connection beside which somebody else acts after every answer to a piece."""

    meddle: Callable[[], object] | None = None

    _is_piece = False

    def send(self, data: bytes) -> None:
        self._is_piece = any(command in data for command in (b"LRANGE", b"HSCAN", b"SSCAN", b"ZSCAN", b"GETRANGE"))
        super().send(data)

    def read(self) -> Reply | ErrorReply:
        answer = super().read()
        if self.meddle is not None and self._is_piece:
            self.meddle()
        return answer


@contextmanager
def _transfer(
    servers: tuple[RedisServer, RedisServer], *, whole_bytes: int = 0, exclusive: bool = False
) -> Iterator[tuple[KeyTransfer, Meddling]]:
    """Everything that brings keys, over a connection beside which somebody can act; all values above 100 elements are big."""
    source, target = servers
    limits = replace(LIMITS, value_elements=100, value_bytes=2_000)
    scope = Scope(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    connection = Meddling(endpoint(source))
    with opened(scope, KeyLabels(), lambda _event: None) as there:
        writer = PageWriter(there, ValueForm.DUMP, KeyLabels(), [not exclusive], stops_at_refused=True)
        writer.exclusive = exclusive
        copier = BigKeyCopier(connection, there.facts, "run1", limits, whole_bytes)
        yield KeyTransfer(payload_reader(connection, ValueForm.DUMP, limits), writer, copier, there.targets, 0.0), connection
    connection.close()


def _bring(transfer: KeyTransfer) -> Written:
    transfer.bring([b"big"])
    transfer.settle()
    return transfer.writer.take_written()


def test_a_value_that_changes_once_is_read_again(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *range(200))
    late = iter(["late"])
    with _transfer(servers) as (transfer, connection):
        connection.meddle = lambda: source.client.rpush("big", *found) if (found := list(late)) else None
        assert sum(_bring(transfer).copied) == 1
        assert transfer.take_big_counts().copied == 1
    assert read(target.client, b"big") == read(source.client, b"big")
    assert target.client.llen("big") == 201


def test_a_value_that_never_holds_still_is_not_copied_or_read_whole(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *[b"x" * 40] * 200)
    with _transfer(servers, whole_bytes=100) as (transfer, connection):
        connection.meddle = lambda: source.client.rpush("big", "late")
        assert sum(_bring(transfer).copied) == 0
        assert list(transfer.take_big_counts().not_copied) == [b"big"]
    assert list(target.client.scan_iter()) == []
    with _transfer(servers, whole_bytes=1_000_000) as (transfer, connection):
        connection.meddle = lambda: source.client.rpush("big", "late")
        assert sum(_bring(transfer).copied) == 1
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

    with _transfer(servers) as (transfer, connection):
        connection.meddle = go
        written = _bring(transfer)
        assert (sum(written.copied), written.expired_or_deleted, written.deleted) == (0, 1, 1)
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
        with _transfer(servers) as (transfer, _):
            for _ in range(5):
                assert sum(_bring(transfer).copied) == 1
    finally:
        stop.set()
        thread.join()
    assert all((length == 1 and ttl <= 5_000) or (length == 2_000 and 10**7 - 60_000 < ttl <= 10**7) for length, ttl in seen)


def test_what_exists_is_kept_where_that_was_asked_for(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = servers
    source.client.rpush("big", *range(200))
    target.client.set("big", "older")
    with _transfer(servers, exclusive=True) as (transfer, _):
        _bring(transfer)
        assert transfer._targets[0].kept == [b"big"]
    assert target.client.get("big") == b"older"


def test_an_element_larger_than_a_piece_is_named_with_its_size(servers: tuple[RedisServer, RedisServer]) -> None:
    source, _ = servers
    source.client.rpush("big", "small", b"x" * 5_000, *range(100))
    with _transfer(servers) as (transfer, _):
        assert sum(_bring(transfer).copied) == 1
        assert transfer.take_big_counts().held == {b"big": 5_000}


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
            drain(connection, [key], has_unlink=version != "3.2.6")
    assert client.dbsize() == 0
    deletes = client.info("commandstats").get("cmdstat_del", {"calls": 0})["calls"]
    assert version != "3.2.6" or deletes == 6


def test_a_digest_is_the_same_wherever_the_pieces_are_cut(start_redis: StartRedis) -> None:
    one, other = start_redis("3.2.6"), start_redis("5.0.6")
    for server, step in ((one, 1), (other, -1)):
        server.client.sadd("set", *list(range(3_000))[::step])
        server.client.zadd("zset", {f"m{i}": i / 3 for i in list(range(3_000))[::step]})
        server.client.execute_command("HMSET", "hash", *[part for i in list(range(3_000))[::step] for part in (f"f{i}", i)])
        server.client.rpush("list", *range(3_000))
        server.client.set("string", b"abc" * 50_000)
    other_limits = ReadLimits(piece_bytes=777, piece_elements=13)
    with connected(endpoint(one)) as one_end, connected(endpoint(other)) as other_end:
        here, there = BigValueReader(one_end, LIMITS, field_ttls=False), BigValueReader(other_end, other_limits, field_ttls=False)
        for kind in (b"set", b"zset", b"hash", b"list", b"string"):
            assert here.digest(kind, kind) == there.digest(kind, kind)
        # Two values that a sum cut to the width of its terms could not tell apart differ here.
        other.client.srem("set", 5)
        other.client.sadd("set", 3_005)
        assert here.digest(b"set", b"set") != there.digest(b"set", b"set")
