"""Copies between real servers of every version we can have, compared by an independent reader."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, given, settings

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import ITEMS, Item, endpoint, fill_every_encoding, fill_streams, same, snapshot, write
from tests.keyspace.one_target import copy_request, verify_request
from uplift.errors import NotConvertible
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import prepared_copy
from uplift.keyspace.copy.state import CopyState
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.target import Existing, Target, WriteMode
from uplift.keyspace.verify.run import verify

PAIRS = [
    ("3.2.6", "5.0.6"),
    ("5.0.6", "3.2.6"),
    ("3.2.6", "6.2.14"),
    ("3.2.6", "valkey-9.1.2"),
    ("6.2.14", "3.2.6"),
    ("valkey-9.1.2", "5.0.6"),
    ("8.2.3", "5.0.6"),
    ("8.2.3", "3.2.6"),
    ("8.2.3", "valkey-9.1.2"),
]


def copy_all(source: RedisServer, target: RedisServer, state: Path, options: CopyOptions | None = None) -> CopyState:
    with prepared_copy(copy_request(source, target, options), state, lambda _event: None) as prepared:
        return prepared.run(lambda _event: None)


def verify_all(source: RedisServer, target: RedisServer) -> None:
    result = verify(verify_request(source, target), lambda _event: None, lambda _found: None).result
    assert (result.differences, result.changing, result.found) == (0, 0, [])


@pytest.mark.parametrize("mode", [WriteMode.FAST, WriteMode.SILENT])
@pytest.mark.parametrize(("source_version", "target_version"), PAIRS)
def test_every_encoding_arrives(
    source_version: str, target_version: str, mode: WriteMode, start_redis: StartRedis, tmp_path: Path, draws: random.Random
) -> None:
    source, target = start_redis(source_version), start_redis(target_version)
    fill_every_encoding(source.client, draws)
    state = copy_all(source, target, tmp_path / "state", CopyOptions(write_mode=mode))
    assert same(snapshot(source.client), snapshot(target.client)) == []
    assert state.counts.big >= 5
    verify_all(source, target)


@pytest.mark.parametrize(("source_version", "target_version"), [pair for pair in PAIRS if "3.2.6" not in pair])
def test_streams_arrive(source_version: str, target_version: str, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis(source_version), start_redis(target_version)
    fill_streams(source.client)
    copy_all(source, target, tmp_path / "state")
    assert target.client.xrange("stream:one") == source.client.xrange("stream:one")
    for field in ("name", "pending", "last-delivered-id", "consumers"):
        there = [group[field] for group in target.client.xinfo_groups("stream:one")]
        assert there == [group[field] for group in source.client.xinfo_groups("stream:one")]
    verify_all(source, target)


def test_a_stream_is_refused_by_name_where_the_target_has_none(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("5.0.6"), start_redis("3.2.6")
    fill_streams(source.client)
    with pytest.raises(NotConvertible, match=r"<word>:<word> #[0-9a-f]{12}: a stream, which the target's version cannot hold"):
        copy_all(source, target, tmp_path / "state")


@pytest.mark.parametrize("source_version", ["valkey-9.1.2", "8.2.3"])
def test_ttls_of_fields_are_kept_or_refused_by_name(source_version: str, start_redis: StartRedis, tmp_path: Path) -> None:
    source, same_kind, older = start_redis(source_version), start_redis(source_version), start_redis("5.0.6")
    for count in (3, 900):
        source.client.execute_command("HSET", f"hash:{count}", *[part for i in range(count) for part in (f"f{i}", "v")])
        source.client.execute_command("HPEXPIRE", f"hash:{count}", 10**8, "FIELDS", 1, "f1")
    copy_all(source, same_kind, tmp_path / "state")
    for count in (3, 900):
        ttls = same_kind.client.execute_command("HPTTL", f"hash:{count}", "FIELDS", 2, "f0", "f1")
        assert ttls[0] == -1
        assert 10**8 - 60_000 < ttls[1] <= 10**8
    with pytest.raises(NotConvertible, match="a hash whose fields expire"):
        copy_all(source, older, tmp_path / "other")


@pytest.fixture(scope="module")
def module_servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[RedisServer, RedisServer]:
    from rehearsal.run.installed_tools import InstalledTools

    servers = []
    for version in ("3.2.6", "5.0.6"):
        server = RedisServer(version, InstalledTools().redis_servers[version], tmp_path_factory.mktemp("redis") / version)
        request.addfinalizer(server.stop)
        servers.append(server)
    return servers[0], servers[1]


@pytest.mark.long
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=ITEMS)
@pytest.mark.parametrize("back", [False, True])
def test_any_values_arrive_both_ways(
    back: bool, items: list[Item], module_servers: tuple[RedisServer, RedisServer], tmp_path: Path
) -> None:
    source, target = reversed(module_servers) if back else module_servers
    for server in (source, target):
        server.client.flushall()
    for item in items:
        write(source.client, item)
    (tmp_path / "state").unlink(missing_ok=True)
    # Limits so small that the same values also travel by full pages and in pieces.
    limits = ReadLimits(page_keys=4, page_bytes=200, value_bytes=100, value_elements=6, piece_bytes=64, piece_elements=3)
    for options in (CopyOptions(), CopyOptions(existing=Existing.REPLACE, limits=limits)):
        copy_all(source, target, tmp_path / "state", options)
        (tmp_path / "state").unlink()
        assert same(snapshot(source.client), snapshot(target.client)) == []
    verify_all(source, target)


def test_a_value_that_was_there_is_replaced_without_a_trace(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("3.2.6")
    fill_every_encoding(source.client, random.Random(5))
    fill_every_encoding(target.client, random.Random(6))
    copy_all(source, target, tmp_path / "state", CopyOptions(existing=Existing.REPLACE))
    assert same(snapshot(source.client), snapshot(target.client)) == []
    assert list(target.client.scan_iter(match="uplift:*")) == []


def test_a_crash_between_the_two_writes_of_a_string_leaves_a_ttl(start_redis: StartRedis) -> None:
    """Only the first request arrives: the key must end by itself, and not much later than it should."""
    server = start_redis("5.0.6")
    target = Target("target", endpoint(server), 0, KeyLabels())
    target.add_string(b"k", b"v", 5_000, int(time.time() * 1000) + 5_000, exclusive=False)
    first, cut, _ = b"".join(target._batch.parts).partition(b"*3\r\n$9\r\nPEXPIREAT")
    assert cut
    target.connection.send(first)
    assert target.connection.read() == b"OK"
    assert 0 < server.client.pttl("k") <= 5_000
    target.close()


def test_silent_writes_make_no_key_event_and_fast_ones_do(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(50):
        source.client.set(f"string:{number}", "v", ex=1000)
        source.client.rpush(f"list:{number}", 1, 2)
    target.set_config("notify-keyspace-events", "KEA")
    events = redis.client.PubSub(target.client.connection_pool)
    events.psubscribe("__keyevent@*")
    assert events.get_message(timeout=60) is not None
    copy_all(source, target, tmp_path / "silent", CopyOptions(write_mode=WriteMode.SILENT))
    target.client.set("canary", "1")
    # Its own marker is the one key that a silent copy sets and deletes.
    while (message := events.get_message(timeout=60)) is not None and message["data"].startswith(b"uplift:temporary:"):
        pass
    assert message is not None and message["data"] == b"canary"
    copy_all(source, target, tmp_path / "fast", CopyOptions(existing=Existing.REPLACE))
    while (message := events.get_message(timeout=60)) is not None and message["data"].startswith(b"uplift:temporary:"):
        pass
    assert message is not None and message["data"].startswith(b"string:")
    events.close()
