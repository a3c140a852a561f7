"""Whether two payloads are one value: every encoding of every real server against every other, and with any one thing changed."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import fill_every_encoding, fill_streams
from tests.keyspace.follow.single_changes import changes_of
from tests.keyspace.rdb_writer import length, listpack, string
from uplift.errors import NotConvertible
from uplift.keyspace.follow.payload_value import same_value
from uplift.keyspace.rdb.encodings import Bytes
from uplift.keyspace.rdb.payload import converted, with_footer
from uplift.keyspace.rdb.stream_value import decode_stream
from uplift.keyspace.rdb.typed_value import StreamValue, decode_value
from uplift.keyspace.rdb.types import DUMP_FOOTER_BYTES, RdbType

NEWEST = {"3.2.6": 7, "5.0.6": 9, "6.2.14": 9, "8.2.3": 12, "valkey-9.1.2": 80}
PAIRS = list(itertools.combinations_with_replacement(NEWEST, 2))
FIELDS_EXPIRE = {"8.2.3", "valkey-9.1.2"}
AT = 1_900_000_000_000


def fill(server: RedisServer, draws: random.Random) -> None:
    fill_every_encoding(server.client, draws)
    if server.version != "3.2.6":
        fill_streams(server.client)
        raw: Any = server.client.execute_command
        for _ in range(2):
            raw("XREADGROUP", "GROUP", "workers", "w1", "COUNT", 3, "STREAMS", "stream:one", "0")
        raw("XADD", "stream:one", "1587340900000-0", "other", "fields", "than", "before")
        # Ids far from the first of their node, and below no other.
        raw("XADD", "stream:far", "1-18446744073709551615", "a", "1")
        raw("XADD", "stream:far", "18446744073709551614-0", "a", "")
        raw("XADD", "stream:emptied", "5-5", "a", "1")
        raw("XDEL", "stream:emptied", "5-5")


def dump(client: Any, key: bytes) -> bytes:
    payload = client.dump(key)
    assert isinstance(payload, bytes)
    return payload


def bring(source: RedisServer, target: RedisServer) -> list[bytes]:
    """RESTORE everything that the target can hold; these keys."""
    brought = []
    for key in source.client.scan_iter(count=1000):
        try:
            payload = dump(source.client, key)
            target.client.restore(key, 0, converted(payload, NEWEST[target.version]))
        except NotConvertible:
            assert key.startswith(b"stream")
        else:
            brought.append(key)
    return sorted(brought)


@pytest.mark.long
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_every_encoding_and_any_change(one: str, other: str, start_redis: StartRedis, draws: random.Random) -> None:
    source, target = start_redis(one), start_redis(other)
    fill(source, draws)
    keys = bring(source, target)
    assert len(keys) >= 20
    for key in keys:
        here, there = dump(source.client, key), dump(target.client, key)
        assert same_value(here, there, is_string=False), key
        assert same_value(there, here, is_string=False), key
        for name, change in changes_of(target.client, key).items():
            change(target.client, key)
            changed = dump(target.client, key)
            assert not same_value(here, changed, is_string=False), (key, name)
            assert not same_value(there, changed, is_string=False), (key, name)
            target.client.restore(key, 0, there, replace=True)
            assert same_value(here, dump(target.client, key), is_string=False), (key, name)


@pytest.mark.parametrize("version", NEWEST)
def test_written_in_another_order(version: str, start_redis: StartRedis, draws: random.Random) -> None:
    """Their DUMPs differ; lists made by pushes, which divide their nodes elsewhere, too."""
    server = start_redis(version)
    fill_every_encoding(server.client, draws)
    raw: Any = server.client.execute_command
    differed = set()
    for key in server.client.scan_iter(count=1000):
        kind, again = server.client.type(key), b"again:" + key
        match kind:
            case b"string":
                continue
            case b"list":
                elements = server.client.lrange(key, 0, -1)
                middle = len(elements) // 2
                server.client.rpush(again, *elements[middle:])
                server.client.lpush(again, *reversed(elements[:middle]))
            case b"set":
                server.client.sadd(again, *draws.sample(sorted(server.client.smembers(key)), server.client.scard(key)))
            case b"hash":
                pairs = sorted(server.client.hgetall(key).items())
                raw("HMSET", again, *[part for pair in draws.sample(pairs, len(pairs)) for part in pair])
            case _:
                scored: list[Any] = list(server.client.zrange(key, 0, -1, withscores=True))
                raw("ZADD", again, *[part for member, score in draws.sample(scored, len(scored)) for part in (repr(score), member)])
        before, after = dump(server.client, key), dump(server.client, again)
        if before[:-DUMP_FOOTER_BYTES] != after[:-DUMP_FOOTER_BYTES]:
            differed.add(kind)
        assert same_value(before, after, is_string=False), key
    assert {b"hash", b"set", b"zset", b"list"} >= differed >= {b"hash", b"set"}


@pytest.mark.parametrize("version", [version for version in NEWEST if version != "3.2.6"])
def test_streams_as_the_server_tells_them(version: str, start_redis: StartRedis, draws: random.Random) -> None:
    server = start_redis(version)
    fill(server, draws)
    for key in (b"stream:one", b"stream:far", b"stream:emptied"):
        value = decode_value(RdbType(dump(server.client, key)[0]), Bytes(dump(server.client, key)[:-DUMP_FOOTER_BYTES], 1))
        assert isinstance(value, StreamValue)
        content = decode_stream(value.body)
        entries = [(identifier, dict(zip(fields[::2], fields[1::2], strict=True))) for identifier, fields in content.entries]
        assert entries == server.client.xrange(key)
        assert content.last_id == server.client.xinfo_stream(key)["last-generated-id"]
        for group, facts in zip(content.groups, server.client.xinfo_groups(key), strict=True):
            assert (group.name, group.last_delivered) == (facts["name"], facts["last-delivered-id"])
            assert sorted(group.consumers) == sorted(one["name"] for one in server.client.xinfo_consumers(key, group.name))
            pending = server.client.xpending_range(key, group.name, "-", "+", 1000) if facts["pending"] else []
            assert group.pending == [(one["message_id"], one["consumer"], one["times_delivered"]) for one in pending]


@pytest.mark.parametrize(("one", "other"), [pair for pair in PAIRS if FIELDS_EXPIRE.issuperset(pair)])
def test_fields_that_expire(one: str, other: str, start_redis: StartRedis) -> None:
    servers = [start_redis(one), start_redis(other)]

    def payloads(name: str) -> list[bytes]:
        return [server.client.execute_command("DUMP", name) for server in servers]

    for name, count in (("small", 5), ("table", 2_000)):
        for server in servers:
            raw: Any = server.client.execute_command
            fields = [f"f{number}" for number in range(count)]
            raw("HSET", name, *[part for field in fields for part in (field, f"value of {field}")])
            raw("HPEXPIREAT", name, AT, "FIELDS", 2, "f1", "f3")
            raw("HPEXPIREAT", name, AT + 70_000, "FIELDS", 1, "f2")
        here, there = payloads(name)
        assert same_value(here, there, is_string=False)
        raw = servers[1].client.execute_command
        for change in (
            ("HPEXPIREAT", name, AT + 1, "FIELDS", 1, "f1"),
            ("HPERSIST", name, "FIELDS", 1, "f1"),
            ("HPEXPIREAT", name, AT, "FIELDS", 1, "f0"),
            ("HSET", name, "f4", "another value"),
            ("HDEL", name, "f4"),
        ):
            raw(*change)
            assert not same_value(here, payloads(name)[1], is_string=False), change
            raw("RESTORE", name, 0, there, "REPLACE")
            assert same_value(here, payloads(name)[1], is_string=False)
        # No field expires any more: a plain hash again, however the server keeps it.
        raw("HPERSIST", name, "FIELDS", 3, "f1", "f2", "f3")
        raw("HSET", "plain", *[part for field in fields for part in (field, f"value of {field}")])
        assert same_value(payloads(name)[1], raw("DUMP", "plain"), is_string=False)
        raw("DEL", "plain")


def test_what_is_no_difference(start_redis: StartRedis) -> None:
    """-0 is 0, and PFCOUNT changes no value."""
    server = start_redis("3.2.6")
    raw: Any = server.client.execute_command
    raw("ZADD", "minus", "-0", "a", 1, "b")
    raw("ZADD", "plus", "0", "a", 1, "b")
    assert same_value(raw("DUMP", "minus"), raw("DUMP", "plus"), is_string=False)
    raw("PFADD", "counted", *range(500))
    before = raw("GET", "counted"), raw("DUMP", "counted")
    raw("PFCOUNT", "counted")
    after = raw("GET", "counted"), raw("DUMP", "counted")
    assert before != after
    assert same_value(before[0], after[0], is_string=True)
    assert same_value(before[1], after[1], is_string=False)
    raw("PFADD", "counted", "one more")
    assert not same_value(before[0], raw("GET", "counted"), is_string=True)


def test_strings_as_they_are() -> None:
    assert same_value(b"", b"", is_string=True)
    assert same_value(b"12", b"12", is_string=True)
    assert not same_value(b"12", b"12 ", is_string=True)
    assert not same_value(b"HYLL", b"HYLL ", is_string=True)


def _quicklist(elements: list[bytes]) -> bytes:
    return with_footer(bytes([18]) + length(1) + length(2) + string(listpack(elements)), 12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"", _quicklist([b"a"]), id="nothing and a list"),
        pytest.param(with_footer(b"", 9), with_footer(b"", 12), id="no type"),
        pytest.param(with_footer(b"\x07module", 9), with_footer(b"\x07other", 9), id="modules"),
        pytest.param(with_footer(b"\xc8unknown", 9), with_footer(b"\xc8later", 9), id="a later type"),
        pytest.param(_quicklist([b"a"]), with_footer(_quicklist([b"a"])[:-20], 12), id="cut off"),
        pytest.param(_quicklist([b"a"]), with_footer(_quicklist([b"a"])[:-10] + b"x", 12), id="something behind it"),
        pytest.param(
            with_footer(b"\x16\x01\x01a\x01b" + bytes(8), 80), with_footer(b"\x16\x01\x00\x01a\x01b", 12), id="one number, two forms"
        ),
    ],
)
def test_what_cannot_be_told(one: bytes, other: bytes) -> None:
    assert not same_value(one, other, is_string=False)
    assert not same_value(other, one, is_string=False)


def test_damaged_in_any_byte_raises_nothing(start_redis: StartRedis, draws: random.Random) -> None:
    server = start_redis("8.2.3")
    fill(server, draws)
    raw: Any = server.client.execute_command
    raw("HPEXPIREAT", "hash:small", AT, "FIELDS", 1, next(iter(server.client.hkeys("hash:small"))))
    raw("HPEXPIREAT", "hash:table", AT, "FIELDS", 1, next(iter(server.client.hkeys("hash:table"))))
    for key in sorted(server.client.scan_iter(count=1000)):
        payload = dump(server.client, key)
        if len(payload) > 50_000:
            continue
        for _ in range(60):
            damaged = bytearray(payload)
            damaged[draws.randrange(len(payload) - DUMP_FOOTER_BYTES)] ^= 1 << draws.randrange(8)
            same_value(payload, bytes(damaged), is_string=False)
            same_value(payload, payload[: draws.randrange(len(payload))], is_string=False)
