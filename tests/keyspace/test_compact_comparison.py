"""Collections are compared by their DUMP where the servers write them alike: what differs is found, and what is equal is no difference."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.command_calls import calls
from tests.keyspace.one_target import verify_request
from tests.keyspace.test_preflight import SOURCE, TARGET
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.key_look import KeyLooker, Look
from uplift.keyspace.verify.comparison_form import ComparisonForm, comparison_form
from uplift.keyspace.verify.result import Difference, VerifyOptions
from uplift.keyspace.verify.run import verify


def _redis(version: str) -> ServerFacts:
    return replace(TARGET, version=version, compatible_version=tuple(int(part) for part in version.split(".")))


def _valkey(version: str) -> ServerFacts:
    return replace(TARGET, version=version, compatible_version=(7, 2, 4), is_valkey=True)


@pytest.mark.parametrize(
    ("source", "targets", "form"),
    [
        (SOURCE, [_redis("5.0.6")], ComparisonForm.COMPACT),
        (SOURCE, [_redis("5.0.6"), _redis("6.2.14")], ComparisonForm.COMPACT),
        (SOURCE, [_redis("5.0.6"), _redis("7.0.15")], ComparisonForm.VALUE),
        (_redis("7.0.15"), [_redis("7.0.5")], ComparisonForm.COMPACT),
        (_redis("7.0.15"), [_redis("7.2.4")], ComparisonForm.VALUE),
        (_redis("7.2.4"), [_valkey("7.2.4")], ComparisonForm.VALUE),
        (SOURCE, [_valkey("7.2.4")], ComparisonForm.VALUE),
        (_valkey("8.1.1"), [_valkey("8.1.3")], ComparisonForm.COMPACT),
        (_valkey("8.0.1"), [_valkey("8.1.3")], ComparisonForm.VALUE),
        (_redis("7.4.1"), [_redis("7.4.1")], ComparisonForm.VALUE),
        (_valkey("9.1.2"), [_valkey("9.1.2")], ComparisonForm.VALUE),
        (_redis("8.2.3"), [_redis("5.0.6")], ComparisonForm.VALUE),
    ],
)
def test_where_values_are_compared_by_their_dump(source: ServerFacts, targets: list[ServerFacts], form: ComparisonForm) -> None:
    assert comparison_form(source, targets) is form


def _fill(client: Any) -> None:
    client.rpush("list", *(f"e{number}" for number in range(20)), "x" * 100)
    client.sadd("ints", *range(20))
    client.execute_command("HMSET", "hash", "a", "x" * 30, "b", 7, "c", "text")
    client.zadd("zset", {"a": 1.5, "b": 2, "c": -3e300})
    client.zadd("zeros", {"a": 0.0, "b": 1.0})
    client.sadd("table", *(f"m{number}" for number in range(20)))
    client.zadd("skiplist", {f"m{number}": number / 7 for number in range(200)})
    client.pfadd("hll", *range(500))
    client.set("int", 12345)
    client.set("text", "some text")


COMPACT = {"list": b"quicklist", "ints": b"intset", "hash": b"ziplist", "zset": b"ziplist", "zeros": b"ziplist"}
OTHERS = {"table": b"hashtable", "skiplist": b"skiplist", "hll": b"raw", "int": b"int", "text": b"embstr"}


def _pair(start_redis: StartRedis, **target_settings: str) -> tuple[RedisServer, RedisServer]:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for name, value in target_settings.items():
        target.set_config(name.replace("_", "-"), value)
    for server in (source, target):
        _fill(server.client)
    return source, target


def _verify(source: RedisServer, target: RedisServer) -> list[tuple[Difference, bytes]]:
    request = verify_request(source, target, options=VerifyOptions(pause_seconds=0))
    return [(found.difference, found.key) for found in verify(request, lambda _event: None, lambda _found: None).result.found]


def _encodings(server: RedisServer, keys: dict[str, bytes]) -> dict[str, bytes]:
    return {key: server.client.object("encoding", key) for key in keys}


def test_equal_values_are_equal_without_another_look(start_redis: StartRedis) -> None:
    """RDB versions and checksums differ from 3.2 to 5.0; that alone would send every collection to the comparison key by key."""
    source, target = _pair(start_redis)
    for server in (source, target):
        assert _encodings(server, COMPACT | OTHERS) == COMPACT | OTHERS
    looked: list[bytes] = []
    look = KeyLooker.look

    def look_and_tell(self: KeyLooker, keys: list[bytes]) -> dict[bytes, Look]:
        looked.extend(keys)
        return look(self, keys)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyLooker, "look", look_and_tell)
        assert _verify(source, target) == []
    assert looked == []
    assert calls(target, "dump") == len(COMPACT)


PLANTS: list[tuple[str, str, Callable[[Any], object]]] = [
    ("another element", "list", lambda c: c.lset("list", 7, "e0")),
    ("an element more", "list", lambda c: c.rpush("list", "e20")),
    ("two elements swapped", "list", lambda c: (c.lset("list", 3, "e4"), c.lset("list", 4, "e3"))),
    ("another number", "ints", lambda c: (c.srem("ints", 7), c.sadd("ints", 20))),
    ("no longer numbers alone", "ints", lambda c: c.sadd("ints", "text")),
    ("another field's value", "hash", lambda c: c.hset("hash", "b", "8")),
    ("another field", "hash", lambda c: (c.hdel("hash", "c"), c.hset("hash", "d", "text"))),
    ("another score", "zset", lambda c: c.zadd("zset", {"b": math.nextafter(2.0, 3.0)})),
    ("another member", "zset", lambda c: (c.zrem("zset", "b"), c.zadd("zset", {"d": 2}))),
    ("another member of a table", "table", lambda c: (c.srem("table", "m7"), c.sadd("table", "m20"))),
    ("another score in a skip list", "skiplist", lambda c: c.zadd("skiplist", {"m7": math.nextafter(1.0, 2.0)})),
    ("an element of a HyperLogLog", "hll", lambda c: c.pfadd("hll", *range(600, 900))),
    ("another number as a string", "int", lambda c: c.incr("int")),
    ("a byte of a string", "text", lambda c: c.setrange("text", 3, "E")),
]  # fmt: skip


def test_each_type_and_encoding_is_found_different_when_it_is(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis)
    for what, key, plant in PLANTS:
        plant(target.client)
        assert _verify(source, target) == [(Difference.VALUE, key.encode())], what
        target.client.flushall()
        _fill(target.client)


def test_values_that_are_equal_though_written_otherwise(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis)
    source.client.execute_command("ZADD", "zeros", "-0", "a")
    # Fields in another order; the DUMPs differ.
    target.client.hdel("hash", "a")
    target.client.hset("hash", "a", "x" * 30)
    target.client.pfcount("hll")
    # As text in place of a number.
    target.client.append("int", "6")
    target.client.setrange("int", 0, "12345")
    source.client.set("int", "123456")
    mine, theirs = (server.client.dump("hash") or b"" for server in (source, target))
    assert mine[:-10] != theirs[:-10]
    assert _verify(source, target) == []


def test_another_encoding_on_the_target_is_no_difference_and_a_wrong_value_in_it_is(start_redis: StartRedis) -> None:
    source, target = _pair(
        start_redis,
        hash_max_ziplist_entries="0",
        zset_max_ziplist_entries="0",
        set_max_intset_entries="0",
        list_max_ziplist_size="2",
    )
    assert _encodings(target, COMPACT) == {
        "list": b"quicklist",
        "ints": b"hashtable",
        "hash": b"hashtable",
        "zset": b"skiplist",
        "zeros": b"skiplist",
    }
    assert _verify(source, target) == []
    for what, key, plant in PLANTS:
        if key in COMPACT:
            plant(target.client)
            assert _verify(source, target) == [(Difference.VALUE, key.encode())], what
            target.client.flushall()
            _fill(target.client)
