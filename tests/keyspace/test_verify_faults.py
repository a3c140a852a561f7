"""Planted faults: each is found and named as what it is, and repaired."""

from __future__ import annotations

import math
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, fill_every_encoding, fill_streams, same, snapshot
from tests.keyspace.test_copy_versions import copy_all
from uplift.errors import BadInput, NotSafe
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import read_state, write_state
from uplift.keyspace.keymap.model import KeyMap, one_target_takes_all
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.key_look import KeyLooker
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.server.target import Existing
from uplift.keyspace.server.write_calls import read_write_calls
from uplift.keyspace.verify.repair import Repair
from uplift.keyspace.verify.result import Difference, Found, VerifyOptions
from uplift.keyspace.verify.run import Verified, VerifyRequest, verify


def _verify(source: RedisServer, targets: dict[str, RedisServer], keymap: KeyMap | None = None, **options: Any) -> Verified:
    urls = tuple(TargetUrl(name, endpoint(server), None) for name, server in targets.items())
    options.setdefault("options", VerifyOptions(pause_seconds=0))
    request = VerifyRequest(endpoint(source), urls, keymap or one_target_takes_all("target"), **options)
    return verify(request, lambda _event: None, lambda _found: None)


def _bump(client: Any, key: str) -> None:
    """Move one score to the very next double."""
    member, score = client.zrange(key, 0, 0, withscores=True)[0]
    client.zadd(key, {member: math.nextafter(score, math.inf)})


FAULTS: list[tuple[str, Callable[[Any], object], Difference, bytes]] = [
    ("a byte of a string", lambda c: c.setrange("string:raw", 4_999, "\x00\x01"), Difference.VALUE, b"string:raw"),
    ("a byte of a big string", lambda c: c.setrange("string:big", 600_000, "xyz"), Difference.VALUE, b"string:big"),
    ("one byte more", lambda c: c.append("string:embedded", "y"), Difference.VALUE, b"string:embedded"),
    ("a HyperLogLog element", lambda c: c.pfadd("string:hll", *range(10_000, 12_000)), Difference.VALUE, b"string:hll"),
    ("the last bit of a score", lambda c: _bump(c, "zset:small"), Difference.VALUE, b"zset:small"),
    ("the last bit of a score in a skip list", lambda c: _bump(c, "zset:skiplist"), Difference.VALUE, b"zset:skiplist"),
    ("the last bit of a score in a big set", lambda c: _bump(c, "zset:big"), Difference.VALUE, b"zset:big"),
    ("two elements swapped", lambda c: (c.lset("list:small", 0, "1"), c.lset("list:small", 1, "0")), Difference.VALUE, b"list:small"),
    ("an element of a big list", lambda c: c.lset("list:big", 4_000, "z"), Difference.VALUE, b"list:big"),
    ("a member less", lambda c: c.spop("set:table"), Difference.VALUE, b"set:table"),
    ("a member less of a big set", lambda c: c.spop("set:big"), Difference.VALUE, b"set:big"),
    ("a field's value", lambda c: c.hset("hash:table", c.hkeys("hash:table")[0], "other"), Difference.VALUE, b"hash:table"),
    ("a field's value in a big hash", lambda c: c.hset("hash:big", c.hkeys("hash:big")[7], "other"), Difference.VALUE, b"hash:big"),
    ("another type", lambda c: (c.delete("string:int"), c.rpush("string:int", "12345")), Difference.VALUE, b"string:int"),
    ("a TTL that is longer", lambda c: c.pexpire("string:packed", 10**8), Difference.TTL, b"string:packed"),
    ("no TTL", lambda c: c.persist("set:ints"), Difference.TTL, b"set:ints"),
    ("a TTL where there was none", lambda c: c.pexpire("hash:small", 10**8), Difference.TTL, b"hash:small"),
    ("missing", lambda c: c.delete("zset:geo"), Difference.MISSING, b"zset:geo"),
    ("extra", lambda c: c.set("string:extra", "x"), Difference.EXTRA, b"string:extra"),
]  # fmt: skip


def _filled(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    fill_every_encoding(source.client, random.Random(5))
    for key in source.client.scan_iter():
        source.client.persist(key)
    for key in ("string:packed", "set:ints"):
        source.client.pexpire(key, 10**7)
    return source, target


@pytest.mark.long
def test_each_fault_is_named_and_repaired(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = _filled(start_redis)
    copy_all(source, target, tmp_path / "state")
    for what, plant, difference, key in FAULTS:
        plant(target.client)
        found = _verify(source, {"target": target}).result.found
        assert [(one.difference, one.key) for one in found] == [(difference, key)], what
        _bless(tmp_path / "state", {"target": target})
        repaired = _verify(source, {"target": target}, repair=True, delete_extra=True, state=tmp_path / "state")
        assert repaired.result.counts == {}, what
        assert repaired.repaired is not None
        assert repaired.repaired.written + repaired.repaired.deleted == 1, what
    assert same(snapshot(source.client), snapshot(target.client)) == []


def test_many_faults_at_once(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = _filled(start_redis)
    copy_all(source, target, tmp_path / "state")
    for _, plant, _, _ in FAULTS:
        plant(target.client)
    found = _verify(source, {"target": target}).result.found
    assert sorted((one.key, one.difference) for one in found) == sorted((key, difference) for _, _, difference, key in FAULTS)


def test_a_stream_that_differs(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("5.0.6"), start_redis("6.2.14")
    fill_streams(source.client)
    copy_all(source, target, tmp_path / "state")
    target.client.xack("stream:one", "workers", "1587340800003-1")
    assert [one.difference for one in _verify(source, {"target": target}).result.found] == [Difference.VALUE]


def test_a_cached_cardinality_is_no_difference_but_looking_like_one_is(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.pfadd("hll", *range(3_000))
    source.client.set("text", b"HYLL but not one, no header here")
    copy_all(source, target, tmp_path / "state")
    target.client.pfcount("hll")
    assert source.client.get("hll") != target.client.get("hll")
    assert _verify(source, {"target": target}).result.counts == {}
    target.client.setrange("text", 10, "XX")
    assert [one.key for one in _verify(source, {"target": target}).result.found] == [b"text"]


def _bless(state: Path, targets: dict[str, RedisServer]) -> None:
    """Take all that is on the targets for the copy's, as if nobody else had written there."""
    saved = read_state(state)
    assert saved is not None
    for side in saved.targets:
        with connected(endpoint(targets[side.name])) as connection:
            side.write_calls = read_write_calls(connection)
    write_state(state, saved)


KEYMAP = KeyMap.model_validate(
    {
        "version": 1,
        "destinations": ["a", "b"],
        "rename": True,
        "rules": [
            {"name": "sessions", "match": {"prefix": "session:"}, "to": "a", "source": "t", "reason": "t"},
            {"name": "cached", "match": {"prefix": "page:"}, "to": "a", "root": "cache:", "source": "t", "reason": "t"},
            {"name": "jobs", "match": {"prefix": "queue:"}, "to": "b", "action": "handover", "source": "t", "reason": "t"},
            {"name": "stats", "match": {"prefix": "stat:"}, "to": "b", "source": "t", "reason": "t"},
        ],
    }
)


def test_sides_names_and_what_is_handed_over(start_redis: StartRedis, tmp_path: Path) -> None:
    source, one, other = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    for number in range(50):
        for kind in ("session", "page", "stat"):
            source.client.set(f"{kind}:{number}", "v")
    source.client.rpush("queue:default", "job")
    targets = {"a": one, "b": other}
    request = CopyRequest(endpoint(source), tuple(TargetUrl(name, endpoint(server), None) for name, server in targets.items()), KEYMAP)
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        assert prepared.run(lambda _event: None).counts.copied == {"sessions": 50, "cached": 50, "stats": 50}
    assert (one.client.dbsize(), other.client.dbsize()) == (100, 50)
    assert one.client.get("cache:page:7") == b"v"
    assert _verify(source, targets, KEYMAP).result.counts == {}
    # What the handover moves is neither missing nor extra, wherever it is.
    other.client.rpush("queue:other", "job")
    assert _verify(source, targets, KEYMAP).result.counts == {}
    other.client.set("session:3", "v")
    one.client.set("page:3", "v")
    one.client.set("unheard of", "v")
    one.client.set("cache:page:99", "v")
    expected = {
        (Difference.WRONG_SIDE, b"session:3"),
        (Difference.EXTRA, b"page:3"),
        (Difference.EXTRA, b"unheard of"),
        (Difference.EXTRA, b"cache:page:99"),
    }
    assert {(item.difference, item.key) for item in _verify(source, targets, KEYMAP).result.found} == expected
    # Others have written to the targets since, so nothing there may be taken for the copy's.
    with pytest.raises(NotSafe, match=r"--delete-extra: a was written to since the copy ended \(\+3 write commands"):
        _verify(source, targets, KEYMAP, repair=True, delete_extra=True, state=tmp_path / "state")
    _bless(tmp_path / "state", targets)
    assert _verify(source, targets, KEYMAP, repair=True, delete_extra=True, state=tmp_path / "state").result.counts == {}
    assert source.client.dbsize() == 151


def test_an_extra_that_came_to_the_source_since_is_not_deleted(start_redis: StartRedis, tmp_path: Path) -> None:
    source, one, other = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    source.client.set("session:1", "v")
    targets = {"a": one, "b": other}
    request = CopyRequest(endpoint(source), tuple(TargetUrl(name, endpoint(server), None) for name, server in targets.items()), KEYMAP)
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        prepared.run(lambda _event: None)
    for name in ("session:2", "cache:page:2", "session:3", "cache:page:3"):
        one.client.set(name, "v")
    _bless(tmp_path / "state", targets)
    take = Repair.take

    def take_after_they_came(self: Repair, found: Found) -> None:
        source.client.set("session:2", "v")
        source.client.set("page:2", "v")
        take(self, found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Repair, "take", take_after_they_came)
        verified = _verify(source, targets, KEYMAP, repair=True, delete_extra=True, state=tmp_path / "state")
    assert verified.repaired is not None
    assert (verified.repaired.deleted, verified.result.counts) == (2, {})
    assert sorted(one.client.scan_iter()) == [b"cache:page:2", b"session:1", b"session:2"]


@pytest.mark.long
def test_an_extra_that_expired_on_the_source_is_deleted_though_exists_still_finds_it(start_redis: StartRedis, tmp_path: Path) -> None:
    """On a master that is one millisecond; a 3.2 replica stands for it, which answers so until its master says the key has expired."""
    primary, source, target = start_redis("3.2.6"), start_redis("3.2.6"), start_redis("5.0.6")
    source.follow(primary)
    primary.client.set("stays", "v")
    primary.client.set("ends", "v", px=2_000)
    source.wait_until_level_with(primary)
    os.kill(primary.pid, signal.SIGSTOP)
    try:
        copy_all(source, target, tmp_path / "state")
        target.client.set("ends", "v")
        _bless(tmp_path / "state", {"target": target})
        while source.client.pttl("ends") != -2:
            pass
        assert source.client.exists("ends") == 1
        verified = _verify(source, {"target": target}, repair=True, delete_extra=True, state=tmp_path / "state")
    finally:
        os.kill(primary.pid, signal.SIGCONT)
    assert verified.repaired is not None
    assert (verified.repaired.deleted, verified.result.counts) == (1, {})
    assert sorted(target.client.scan_iter()) == [b"stays"]


def test_a_source_that_moves_is_still_changing_and_no_difference(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.set("counter", 1)
    source.client.set("quiet", 1)
    copy_all(source, target, tmp_path / "state")
    look = KeyLooker.look

    def look_while_it_moves(self: KeyLooker, keys: list[bytes]) -> Any:
        found = look(self, keys)
        source.client.incr("counter")
        return found

    source.client.incr("counter")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyLooker, "look", look_while_it_moves)
        result = _verify(source, {"target": target}).result
    assert (result.differences, result.changing) == (0, 1)
    assert [one.key for one in result.found] == [b"counter"]


def test_a_ttl_that_just_ended_on_one_side_is_no_difference_and_a_long_one_is(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.set("stays", "v")
    copy_all(source, target, tmp_path / "state")
    target.client.set("ending", "v", px=5_000)
    target.client.set("lasting", "v", px=50_000)
    source.client.set("ending-here", "v", px=5_000)
    found = _verify(source, {"target": target}, options=VerifyOptions(ttl_tolerance=10_000, pause_seconds=0)).result.found
    assert [(one.difference, one.key) for one in found] == [(Difference.EXTRA, b"lasting")]
    found = _verify(source, {"target": target}).result.found
    assert {one.key for one in found} == {b"ending", b"lasting", b"ending-here"}


@pytest.mark.long
def test_what_a_repair_leaves_alone_is_equal_for_the_comparison_after_it(start_redis: StartRedis, tmp_path: Path) -> None:
    """TTLs that differ by almost the tolerance: two readings differ by some ms, and one may call equal what the other does not."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    moment = source.client.time()[0] * 1000 + 10**7
    apart = {b"%d:%d" % (number, off): off for number in range(150) for off in (*range(-258, -240), *range(240, 258))}
    for server in (source, target):
        pipeline = server.client.pipeline(transaction=False)
        for key, off in apart.items():
            pipeline.set(key, "v")
            pipeline.pexpireat(key, moment + (off if server is target else 0))
        pipeline.execute()
    verified = _verify(source, {"target": target}, repair=True)
    assert verified.result.counts == {}, verified.result.found[:3]
    assert verified.repaired is not None
    assert verified.repaired.written > len(apart) // 3


@pytest.mark.long
def test_evicted_keys_stop_a_copy_and_are_found(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    pipeline = source.client.pipeline(transaction=False)
    for number in range(7_500):
        pipeline.set(f"k:{number}", "v" * 1_200, ex=10_000)
    pipeline.execute()
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    target.set_config("maxmemory-policy", "volatile-lru")
    target.set_config("maxmemory", str(6_000_000))
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        assert "target has 5 MB left of maxmemory" in prepared.memory.refusals[0]
        with pytest.raises(NotSafe, match=r"target evicted [0-9]+ keys while it was written \(evicted_keys grew\)"):
            prepared.run(lambda _event: None)
    with pytest.raises(NotSafe, match=r"target uses \d+ % of maxmemory, and being read makes it evict \(volatile-lru\)"):
        _verify(source, {"target": target})
    target.set_config("maxmemory", str(60_000_000))
    result = _verify(source, {"target": target}).result
    assert result.counts[Difference.MISSING] == result.differences > 1_000


def test_a_full_target_that_does_not_evict_stops_with_key_and_reason(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(3_000):
        source.client.set(f"k:{number}", "v" * 2_000)
    target.set_config("maxmemory-policy", "noeviction")
    target.set_config("maxmemory", str(3_000_000))
    from uplift.errors import TargetRefused

    with pytest.raises(TargetRefused, match=r"target \(127.0.0.1:\d+\) refused <word>:<number> #[0-9a-f]{12}: OOM"):
        copy_all(source, target, tmp_path / "state")
    target.set_config("maxmemory", str(100_000_000))
    copy_all(source, target, tmp_path / "state")
    assert same(snapshot(source.client), snapshot(target.client)) == []


def test_extras_are_deleted_only_where_the_copy_wrote_everything(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.set("mine", "v")
    target.client.set("somebody's", "v")
    copy_all(source, target, tmp_path / "state", CopyOptions(existing=Existing.REPLACE))
    with pytest.raises(BadInput, match=r"target held 1 keys before the copy"):
        _verify(source, {"target": target}, repair=True, delete_extra=True, state=tmp_path / "state")
    with pytest.raises(BadInput, match=r"--delete-extra needs the --state of the copy"):
        _verify(source, {"target": target}, repair=True, delete_extra=True)
    assert _verify(source, {"target": target}, repair=True).result.counts == {Difference.EXTRA: 1}
    assert target.client.get("somebody's") == b"v"
