"""Keys that are big on one side, streams and fields with TTLs: what differs is called different, and is repaired."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import CopyState
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.verify.result import Difference, VerifyOptions
from uplift.keyspace.verify.run import Verified, VerifyRequest, verify

BIG = b"x" * 70_000


def _copy(source: RedisServer, target: RedisServer, tmp_path: Path) -> CopyState:
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        return prepared.run(lambda _event: None)


def _verify(source: RedisServer, target: RedisServer, **options: Any) -> Verified:
    options.setdefault("options", VerifyOptions(pause_seconds=0))
    targets = (TargetUrl("target", endpoint(target), None),)
    return verify(
        VerifyRequest(endpoint(source), targets, one_target_takes_all("target"), **options), lambda _event: None, lambda _found: None
    )


def _elements(client: Any, key: str, kind: str, count: int) -> None:
    match kind:
        case "list":
            client.rpush(key, *range(count))
        case "set":
            client.sadd(key, *range(count))
        case "hash":
            client.execute_command("HMSET", key, *range(2 * count))
        case _:
            client.zadd(key, {str(number): number for number in range(count)})


PLANTS: list[tuple[str, Callable[[Any], object], Difference]] = [
    ("missing", lambda c: c.delete("big"), Difference.MISSING),
    ("small and of another type", lambda c: (c.delete("big"), c.set("big", "v")), Difference.VALUE),
    ("big and of another type", lambda c: (c.delete("big"), c.set("big", BIG)), Difference.VALUE),
    ("smaller than a page", lambda c: c.ltrim("big", 0, 9), Difference.VALUE),
    ("an element less", lambda c: c.lpop("big"), Difference.VALUE),
]


@pytest.mark.parametrize(("what", "plant", "difference"), PLANTS)
def test_a_big_key_that_differs_on_the_target_is_different_and_is_repaired(
    what: str, plant: Callable[[Any], object], difference: Difference, start_redis: StartRedis, tmp_path: Path
) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _elements(source.client, "big", "list", 2_000)
    _copy(source, target, tmp_path)
    plant(target.client)
    assert _verify(source, target).result.counts == {difference: 1}, what
    assert _verify(source, target, repair=True).result.counts == {}, what
    assert target.client.lrange("big", 0, -1) == source.client.lrange("big", 0, -1)


@pytest.mark.parametrize("kind", ["list", "set", "hash", "zset"])
def test_a_small_key_whose_target_is_big(kind: str, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _elements(source.client, "one", kind, 10)
    source.client.set("text", "v")
    source.client.set("bytes", "v")
    _copy(source, target, tmp_path)
    target.client.delete("one", "text")
    _elements(target.client, "one", kind, 2_000)
    _elements(target.client, "text", kind, 2_000)
    target.client.set("bytes", BIG)
    assert _verify(source, target).result.counts == {Difference.VALUE: 3}
    assert _verify(source, target, repair=True).result.counts == {}


def test_equal_values_that_only_one_side_calls_big_are_equal(start_redis: StartRedis, tmp_path: Path) -> None:
    """3.2 and 5.0 keep a list of 60 elements of 1,200 bytes in other encodings, and judge its size by another element."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.rpush("list", b"x" * 2_000, *[b"y"] * 400)
    _copy(source, target, tmp_path)
    target.client.delete("list")
    target.client.rpush("list", b"x" * 2_000, *[b"y"] * 400)
    target.client.ltrim("list", 0, -1)
    assert _verify(source, target).result.counts == {}


def test_a_set_of_one_huge_and_many_small_members_is_no_moving_source(start_redis: StartRedis, tmp_path: Path) -> None:
    """Whether it is big is judged by a member drawn by the server, so it is big at one look and not at the next."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.sadd("set", b"x" * 70_000, b"y" * 69_000, *range(2))
    source.client.sadd("other", b"x" * 70_000, b"y" * 69_000, *range(2))
    _copy(source, target, tmp_path)
    target.client.sadd("set", "one more")
    for _ in range(30):
        assert _verify(source, target, options=VerifyOptions(pause_seconds=0, rechecks=4)).result.counts == {Difference.VALUE: 1}


def _stream(client: Any, entries: int) -> None:
    pipeline = client.pipeline(transaction=False)
    for number in range(entries):
        pipeline.xadd("stream", {"f": f"v{number}"}, id=f"{number + 1}-1")
    pipeline.execute()
    client.xgroup_create("stream", "workers", id="0")
    client.xreadgroup("workers", "one", {"stream": ">"}, count=5)
    client.xreadgroup("workers", "two", {"stream": ">"}, count=5)


STREAM_PLANTS: list[tuple[str, Callable[[Any], object]]] = [
    ("the last delivered id", lambda c: c.execute_command("XGROUP", "SETID", "stream", "workers", "100-1")),
    ("a pending entry less", lambda c: c.xack("stream", "workers", "3-1")),
    ("the owner of a pending entry", lambda c: c.xclaim("stream", "workers", "two", 0, ["2-1"], retrycount=1, justid=True)),
    ("how often an entry was delivered", lambda c: c.xclaim("stream", "workers", "one", 0, ["2-1"], retrycount=9)),
    ("a group more", lambda c: c.xgroup_create("stream", "others", id="$")),
    ("the last id", lambda c: c.execute_command("XSETID", "stream", "999999-1")),
    ("an entry less", lambda c: c.xdel("stream", "7-1")),
    ("a consumer less", lambda c: c.xgroup_delconsumer("stream", "workers", "idle")),
]


@pytest.mark.parametrize("entries", [100, 1_500])
def test_everything_of_a_stream_is_compared(entries: int, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("6.2.14"), start_redis("6.2.14")
    _stream(source.client, entries)
    source.client.execute_command("XGROUP", "CREATECONSUMER", "stream", "workers", "idle")
    _copy(source, target, tmp_path)
    assert _verify(source, target).result.counts == {}
    for what, plant in STREAM_PLANTS:
        plant(target.client)
        assert _verify(source, target).result.counts == {Difference.VALUE: 1}, what
        assert _verify(source, target, repair=True).result.counts == {}, what


def test_a_quiet_stream_of_many_small_entries_is_copied(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("5.0.6"), start_redis("6.2.14")
    _stream(source.client, 40_000)
    assert _copy(source, target, tmp_path).not_copied == {}
    assert (target.client.xlen("stream"), _verify(source, target).result.counts) == (40_000, {})


@pytest.mark.parametrize("fields", [5, 2_000])
@pytest.mark.parametrize("version", ["8.2.3", "valkey-9.1.2"])
def test_ttls_of_fields_are_compared(version: str, fields: int, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis(version), start_redis(version)
    source.client.hset("hash", mapping={str(number): "v" for number in range(fields)})
    source.client.execute_command("HPEXPIRE", "hash", 10**8, "FIELDS", 1, "3")
    assert _copy(source, target, tmp_path).not_copied == {}
    assert _verify(source, target).result.counts == {}
    target.client.execute_command("HPERSIST", "hash", "FIELDS", 1, "3")
    assert _verify(source, target).result.counts == {Difference.VALUE: 1}
    assert _verify(source, target, repair=True).result.counts == {}


def test_a_source_that_changes_all_the_time_is_still_changing(
    start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its TTL is renewed after every answer, by less than the tolerance each time: no single look sees it move."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.set("session", "v", px=10**6)
    source.client.set("quiet", "v", px=10**6)
    _copy(source, target, tmp_path)
    ends = source.client.time()[0] * 1000 + 2 * 10**6
    receive = Connection.read_many

    def renewing(self: Connection, count: int) -> Any:
        nonlocal ends
        ends += 10
        source.client.pexpireat("session", ends)
        return receive(self, count)

    monkeypatch.setattr(Connection, "read_many", renewing)
    assert _verify(source, target).result.counts == {Difference.CHANGING: 1}
