"""RDB files of other versions reach a Redis 3.2.6 value by value, TTL by TTL."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.run.key_digests import read_key_digests
from rehearsal.run.rdb_input import copy_by_type, open_rdb
from tests.conftest import StartRedis
from uplift.errors import BadInput


@pytest.mark.parametrize(("version", "rdb_version", "direct"), [("3.2.6", 7, True), ("5.0.6", 9, False)])
def test_the_version_is_read_from_the_header(start_redis: StartRedis, tmp_path: Path, version: str, rdb_version: int, direct: bool) -> None:
    start_redis(version).save_to(tmp_path / "dump.rdb")
    rdb = open_rdb(tmp_path / "dump.rdb")
    assert (rdb.version, rdb.source_reads_it) == (rdb_version, direct)


def test_every_type_arrives_as_it_was(start_redis: StartRedis) -> None:
    source, target = start_redis("5.0.6"), start_redis("3.2.6")
    client = source.client
    client.set(b"string\x00\xff", bytes(range(256)), px=500_000)
    client.set("number", 12345)
    client.rpush("list", *[f"item-{number}" for number in range(2500)])
    client.sadd("set", *range(2500))
    client.sadd("words", "a", b"\xfe")
    client.hset("hash", mapping={f"f{number}": "v" * number for number in range(1500)})
    client.zadd("zset", {f"m{number}": number / 3 for number in range(1500)} | {"inf": float("inf"), "tiny": 5e-324})
    client.pfadd("hyperloglog", *range(100))
    assert copy_by_type(client, target.client) == 8
    there = read_key_digests(target.connect, lambda _done, _total: None)
    here = read_key_digests(source.connect, lambda _done, _total: None)
    assert {key: line.digest for key, line in there.lines.items()} == {key: line.digest for key, line in here.lines.items()}
    key = (0, b"string\x00\xff")
    assert abs(there.lines[key].expires_at_ms - here.lines[key].expires_at_ms) < 1000
    assert target.client.pfcount("hyperloglog") == client.pfcount("hyperloglog")


def test_a_stream_is_refused_by_name(start_redis: StartRedis) -> None:
    source, target = start_redis("5.0.6"), start_redis("3.2.6")
    source.client.xadd("stream", {"a": "1"})
    with pytest.raises(BadInput, match="stream.*a type Redis 3.2 has not"):
        copy_by_type(source.client, target.client)
