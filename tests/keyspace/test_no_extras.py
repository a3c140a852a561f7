"""A target is not walked where it is shown to hold nothing else, and every extra is found all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.command_calls import calls
from tests.keyspace.everything import endpoint
from tests.keyspace.one_target import verify_request
from uplift.keyspace.server.connection import connected
from uplift.keyspace.verify.no_extras import NoExtras
from uplift.keyspace.verify.result import Difference, VerifyOptions
from uplift.keyspace.verify.run import verify

KEYS = 300


def _fill(client: Any) -> None:
    client.mset({f"k:{number}": number for number in range(KEYS)})
    client.rpush("big", *range(2_000))
    client.set("text", b"x" * 70_000)


def _pair(start_redis: StartRedis, target: str = "5.0.6") -> tuple[RedisServer, RedisServer]:
    servers = start_redis("3.2.6"), start_redis(target)
    for server in servers:
        _fill(server.client)
    return servers


def _verify(source: RedisServer, target: RedisServer) -> dict[Difference, int]:
    request = verify_request(source, target, options=VerifyOptions(pause_seconds=0))
    return verify(request, lambda _event: None, lambda _found: None).result.counts


def test_equal_sides_are_not_walked(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis)
    assert (_verify(source, target), calls(target, "scan")) == ({}, 0)


def test_keys_that_differ_or_are_missing_make_no_walk(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis)
    target.client.set("k:1", "other")
    target.client.lset("big", 1_000, "other")
    target.client.setrange("text", 69_000, "other")
    target.client.expire("k:2", 1_000)
    target.client.delete("k:3")
    assert _verify(source, target) == {Difference.VALUE: 3, Difference.TTL: 1, Difference.MISSING: 1}
    assert calls(target, "scan") == 0


@pytest.mark.parametrize("missing", [[], ["k:7"], ["k:7", "big", "text"]])
def test_an_extra_that_was_there_from_the_beginning(missing: list[str], start_redis: StartRedis) -> None:
    """As many keys as the source has do not hide it."""
    source, target = _pair(start_redis)
    target.client.set("extra", "v")
    if missing:
        target.client.delete(*missing)
    assert _verify(source, target) == {Difference.EXTRA: 1} | ({Difference.MISSING: len(missing)} if missing else {})


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
@pytest.mark.parametrize("in_a_transaction", [False, True])
def test_an_extra_written_during_the_comparison(version: str, in_a_transaction: bool, start_redis: StartRedis) -> None:
    source, target = _pair(start_redis, version)
    add = NoExtras.add

    def add_while_somebody_writes(self: NoExtras, names: Iterable[bytes]) -> None:
        # 3.2 counts what a transaction does as EXEC.
        pipeline = target.client.pipeline(transaction=in_a_transaction)
        pipeline.set("extra", "v")
        pipeline.execute()
        add(self, names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NoExtras, "add", add_while_somebody_writes)
        assert _verify(source, target) == {Difference.EXTRA: 1}


def test_a_key_that_expired_on_the_target_does_not_hide_an_extra(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis)
    target.client.set("extra", "v")
    target.client.pexpire("k:7", 1)
    while target.client.pttl("k:7") != -2:
        pass
    assert _verify(source, target) == {Difference.EXTRA: 1, Difference.MISSING: 1}


def test_a_name_that_a_scan_returned_twice_does_not_hide_an_extra(start_redis: StartRedis) -> None:
    target = start_redis("5.0.6")
    target.client.mset({"one": 1, "two": 2, "extra": 3})
    with connected(endpoint(target)) as connection:
        shown = NoExtras(connection)
        shown.add([b"one", b"two"])
        shown.add([b"two"])
        assert not shown.are_shown()
        shown.add([b"extra"])
        assert shown.are_shown()


def test_a_target_that_does_not_tell_its_count_is_walked(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis, "6.2.14")
    target.client.set("extra", "v")
    target.client.execute_command("ACL", "SETUSER", "default", "-command")
    assert _verify(source, target) == {Difference.EXTRA: 1}
    target.client.delete("extra")
    assert _verify(source, target) == {}
    assert calls(target, "scan") >= 2


def test_an_extra_in_another_database(start_redis: StartRedis) -> None:
    source, target = _pair(start_redis)
    for server in (source, target):
        server.connect(1).mset({f"one:{number}": number for number in range(50)})
    assert (_verify(source, target), calls(target, "scan")) == ({}, 0)
    target.connect(1).set("extra", "v")
    assert _verify(source, target) == {Difference.EXTRA: 1}


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_a_target_that_took_over_the_data_of_another_is_not_shown(version: str, start_redis: StartRedis) -> None:
    """A synchronisation loads a file: no command that writes is counted, and a 3.2 has no replication id that would be another."""
    target, other = start_redis(version), start_redis(version)
    target.client.mset({"one": 1, "two": 2})
    other.client.set("extra", "v")
    with connected(endpoint(target)) as connection:
        shown = NoExtras(connection)
        shown.add([b"one", b"two"])
        assert shown.are_shown()
        target.follow(other)
        target.promote()
        assert target.client.exists("extra")
        assert not shown.are_shown()
