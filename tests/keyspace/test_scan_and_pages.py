"""The scan by partitions under forced rehashing, and what one script call may cost."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.busy_server import busy
from tests.keyspace.command_calls import calls
from tests.keyspace.everything import endpoint
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.page_reader import PageReader, ReadLimits, ScanOf, ValueForm, payload_reader
from uplift.keyspace.server.scan_partition import next_cursor, partitions_of
from uplift.keyspace.server.scripts import READ

VERSIONS = ["3.2.6", "5.0.6", "6.2.14"]
OTHER_TABLES = ["8.2.3", "valkey-9.1.2"]


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest, start_redis: StartRedis) -> RedisServer:
    return start_redis(request.param)


def _set_many(client: redis.Redis, names: range) -> None:
    # One command: the server grows its table all the same, and the client has one thing to send.
    client.mset({f"k:{number}": number for number in names})


def _delete_many(client: redis.Redis, names: range) -> None:
    client.delete(*[f"k:{number}" for number in names])


@pytest.mark.parametrize("way", ["grows", "shrinks", "grows and shrinks"])
@pytest.mark.parametrize("partitions", [2, 8, 64])
@pytest.mark.parametrize("version", VERSIONS + OTHER_TABLES)
def test_partitions_give_every_key_that_stays_while_the_table_is_resized(
    start_redis: StartRedis, version: str, way: str, partitions: int
) -> None:
    """Between any two pages the table is made to grow or shrink, so that scans walk tables of two sizes."""
    client = start_redis(version).client
    stays, extra = range(1_000), 12_000
    _set_many(client, stays)
    if way == "shrinks":
        _set_many(client, range(10_000, 10_000 + extra))
    seen: set[bytes] = set()
    pages = 0
    cursors = {partition: partition for partition in range(partitions)}
    while cursors:
        for partition, cursor in list(cursors.items()):
            answered, keys = client.scan(cursor, count=20)
            seen.update(key for key in keys if isinstance(key, bytes))
            following = next_cursor(answered, partition, partitions)
            if following is None:
                del cursors[partition]
            else:
                cursors[partition] = following
            pages += 1
            step = pages % 20
            grows = way == "grows" or (way == "grows and shrinks" and pages % 40 < 20)
            names = range(10_000 + step * extra // 20, 10_000 + (step + 1) * extra // 20)
            (_set_many if grows else _delete_many)(client, names)
    assert {b"k:%d" % number for number in stays} <= seen
    assert pages > 40


def test_where_partitions_are_used(start_redis: StartRedis) -> None:
    for version in VERSIONS + OTHER_TABLES:
        with connected(endpoint(start_redis(version))) as connection:
            facts = read_server_facts(connection)
        assert (partitions_of(facts, 2, 0), partitions_of(facts, 6, 10**6), partitions_of(facts, 1_000, 10**6)) == (2, 8, 64), version
        assert partitions_of(facts, 64, 1_000) == 8
        assert partitions_of(replace(facts, cluster_enabled=True), 64, 10**6) == 1
        # Another table may count its cursors otherwise: never divided before it was tried.
        assert partitions_of(replace(facts, version="99.0.0", compatible_version=(99, 0, 0)), 64, 10**6) == 1


def _reader(connection: Connection, form: ValueForm = ValueForm.COPY, **limits: int) -> PageReader[bytes]:
    return payload_reader(connection, form, ReadLimits(**limits), ScanOf(1_000, [b"skip"]))


def test_a_page_serves_its_bytes_and_names_the_rest(server: RedisServer) -> None:
    for number in range(40):
        server.client.set(f"k:{number}", b"x" * 1_000)
    server.client.set("big", b"x" * 5_000)
    server.client.rpush("long", *range(100))
    server.client.rpush("wide", *[b"x" * 400] * 10)
    with connected(endpoint(server)) as connection:
        reader = _reader(connection, page_bytes=10_000, value_bytes=3_000, value_elements=50)
        reader.request(0)
        page = reader.receive()
        assert {entry.key: entry.size for entry in page.big} == {b"big": 5_000, b"long": 100, b"wide": 10}
        assert 9 <= len(page.values) <= 10
        assert sorted([*page.keys, *page.later]) == sorted(b"k:%d" % number for number in range(40))
        # The rest comes in as many calls as it needs.
        whole = reader.read_keys([b"k:%d" % number for number in range(40)])
        assert sorted(whole.keys) == sorted(b"k:%d" % number for number in range(40))
        assert (whole.later, set(whole.values)) == ([], {b"x" * 1_000})


def test_keys_read_by_later_calls_expire_when_they_should(server: RedisServer) -> None:
    expires_at = int(time.time() * 1000) + 10**6
    for number in range(400):
        server.client.set(f"k:{number}", b"x" * 20_000)
        server.client.pexpireat(f"k:{number}", expires_at)
    with connected(endpoint(server)) as connection:
        page = _reader(connection, page_bytes=20_000).read_keys([b"k:%d" % number for number in range(400)])
    # A stall of the machine may touch a few; reading by the first call's clock alone would shift most, the last ones most.
    off = sorted(abs(page.now + ttl - expires_at) for _, ttl, _, _ in page.entries())
    assert off[len(off) * 9 // 10] <= 20


def test_no_script_holds_the_server_for_5_ms_whatever_is_in_the_page(server: RedisServer) -> None:
    """By SLOWLOG, the server's own measure. A stall of the machine stretches a call now and then, so each page counts by its best of three."""
    client: Any = server.client
    for number in range(300):
        client.rpush(f"list:{number}", *[b"x" * 100] * 400)
        client.zadd(f"zset:{number}", {f"m{i}": i for i in range(400)})
        client.set(f"string:{number}", b"x" * 60_000)
    client.rpush("list:huge", *[b"x" * 300] * 60_000)
    server.set_config("slowlog-log-slower-than", "0")
    server.set_config("slowlog-max-len", "10000")
    readings: list[list[int]] = []
    with connected(endpoint(server)) as connection:
        READ.ensure(connection)
        # While a table is still being resized, one reading has a page more than the next: three alike in a row are wanted.
        while len({len(calls) for calls in readings[-3:]}) != 1 or len(readings) < 3:
            assert len(readings) < 30
            readings.append(_durations_of_a_scan(client, payload_reader(connection, ValueForm.COPY, ReadLimits(), ScanOf(50, [b"skip"]))))
    assert len(readings[-1]) > 15
    assert max(map(min, zip(*readings[-3:], strict=True))) < 5_000


def _durations_of_a_scan(client: Any, reader: PageReader[bytes]) -> list[int]:
    """µs of each script call, in order."""
    client.slowlog_reset()
    cursor = 0
    while True:
        reader.request(cursor)
        cursor = reader.receive().cursor
        if cursor == 0:
            break
    return [entry["duration"] for entry in client.slowlog_get(10_000) if entry["command"].startswith(b"EVALSHA")][::-1]


def test_scripts_are_loaded_where_they_were_lost(server: RedisServer) -> None:
    server.client.set("k", "v")
    with connected(endpoint(server)) as connection:
        reader = _reader(connection)
        for _ in range(2):
            reader.request(0)
            assert list(reader.receive().entries()) == [(b"k", -1, b"string", b"v")]
            server.client.script_flush()


def test_somebody_elses_long_script_is_waited_for(server: RedisServer) -> None:
    server.client.set("k", "v")
    with connected(endpoint(server)) as connection:
        READ.ensure(connection)
        thread = busy(server, 400)
        reader = _reader(connection)
        reader.request(0)
        assert list(reader.receive().entries()) == [(b"k", -1, b"string", b"v")]
    thread.join()


def test_a_ttl_of_0_ms_is_expired(server: RedisServer) -> None:
    """On 3.2 a script sees the value of a key whose PTTL is already 0; wherever both meet, the key is expired for us."""
    client = server.client
    with connected(endpoint(server)) as connection:
        reader = _reader(connection)
        for _ in range(300):
            client.set("k", "v", px=2)
            for _ in range(8):
                page = reader.read_keys([b"k"])
                for _, ttl, kind, _ in page.entries():
                    assert ttl >= 0 or (ttl == -2 and kind == b"none")


def test_what_is_not_asked_for_is_not_read(server: RedisServer) -> None:
    for number in range(200):
        server.client.set(f"wanted:{number}", "v")
        server.client.set(f"left:{number}", "v")
    server.client.set("left", "v")
    with connected(endpoint(server)) as connection:
        before = calls(server, "get")
        reader = payload_reader(connection, ValueForm.COPY, ReadLimits(), ScanOf(1_000, [b"skip", b"pleft:", b"eleft"]))
        reader.request(0)
        assert len(reader.receive().keys) == 200
        reader = payload_reader(connection, ValueForm.COPY, ReadLimits(), ScanOf(1_000, [b"only", b"eleft"]))
        reader.request(0)
        assert reader.receive().keys == [b"left"]
        assert calls(server, "get") - before == 201
