"""A source that stands still while it is read: no key may end earlier, or more than a few ms later, than on the source."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.keyspace.test_copy_versions import copy_all
from uplift.errors import SourceUnreachable
from uplift.keyspace.census.cold_keys import ColdKeyReader
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server import big_key_copier, page_reader
from uplift.keyspace.server.big_key_copier import BigKeyCopier, BigOutcome, Place
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.expiry import NO_TTL
from uplift.keyspace.server.facts import measure_distance, read_server_facts
from uplift.keyspace.server.page_reader import ReadLimits, ScanOf, TooBig, ValueForm, payload_reader, value_reader
from uplift.keyspace.server.scripts import ENDS, READ, Script
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.server.target import Target
from uplift.keyspace.verify.result import VerifyOptions
from uplift.keyspace.verify.run import VerifyRequest, verify

STRINGS, HASHES = 8_000, 300
STOPPED_SECONDS, GOES_ON_SECONDS = 0.012, 0.003
MOST_LATE_MS = 6
"""5 for the PTTLs of a page, which are read between two TIMEs, and 1 for parts of a ms."""


@contextmanager
def _stopped_again_and_again(
    server: RedisServer, stopped_seconds: float = STOPPED_SECONDS, goes_on_seconds: float = GOES_ON_SECONDS
) -> Iterator[list[int]]:
    """Stop and continue a server's process for one block; gives a list whose one number is how often."""
    ended, times = threading.Event(), [0]

    def pulse() -> None:
        while not ended.wait(goes_on_seconds):
            os.kill(server.pid, signal.SIGSTOP)
            try:
                ended.wait(stopped_seconds)
            finally:
                os.kill(server.pid, signal.SIGCONT)
            times[0] += 1

    thread = threading.Thread(target=pulse)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


def _fill(client: redis.Redis) -> dict[bytes, int]:
    """Strings, and hashes whose DUMP takes the server a while; returns when each key ends, in ms since 1970."""
    now = client.time()[0] * 1000
    ends = {b"s:%d" % number: now + 10**7 + number for number in range(STRINGS)}
    ends |= {b"h:%d" % number: now + 2 * 10**7 + number for number in range(HASHES)}
    pipeline = client.pipeline(transaction=False)
    for key, moment in ends.items():
        if key.startswith(b"s:"):
            pipeline.set(key, key)
        else:
            pipeline.execute_command("HMSET", key, *range(800))
        pipeline.pexpireat(key, moment)
    pipeline.execute()
    return ends


def _wrong(client: redis.Redis, ends: dict[bytes, int]) -> tuple[list[int], list[int]]:
    """Of the keys that end too early and too late, by how many ms at least.

    Each PTTL stands between two TIMEs, so that a stall of this machine can hide a wrong one, but never makes a right one look wrong.
    """
    early, late = [], []
    keys = list(ends)
    for start in range(0, len(keys), 100):
        pipeline = client.pipeline(transaction=True)
        for key in keys[start : start + 100]:
            pipeline.time()
            pipeline.pttl(key)
        pipeline.time()
        answers = pipeline.execute()
        clocks = [seconds * 1000 + microseconds // 1000 for seconds, microseconds in answers[::2]]
        for key, before, after, ttl in zip(keys[start:], clocks, clocks[1:], answers[1::2], strict=False):
            assert ttl > 0, key
            early += [ends[key] - after - ttl] if after + ttl < ends[key] else []
            late += [before + ttl - ends[key]] if before + ttl > ends[key] + MOST_LATE_MS else []
    return early, late


def _standing_still(script: Script, tries: int) -> Script:
    """A script before whose first PTTL the server stands still for 20 ms, at each of its first `tries` tries."""
    head = b"""
        local real, asked, left = redis, false, %d
        local function now() local t = real.call('TIME') return t[1] * 1000000 + t[2] end
        local redis = {error_reply = real.error_reply}
        function redis.call(name, ...)
          if name == 'TIME' then asked = false end
          if name == 'PTTL' and not asked and left > 0 then
            left, asked = left - 1, true
            local ends = now() + 20000
            while now() < ends do end
          end
          return real.call(name, ...)
        end
    """
    text = head % tries + script.text
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


def test_a_copy_of_a_source_that_is_stopped_and_continued_shortens_no_ttl(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    ends = _fill(source.client)
    with _stopped_again_and_again(source) as times:
        copy_all(source, target, tmp_path / "state", CopyOptions(limits=ReadLimits(page_bytes=2**20)))
    assert times[0] > 10
    assert _wrong(target.client, ends) == ([], [])


@pytest.mark.long
def test_a_repair_from_a_source_that_is_stopped_and_continued_shortens_no_ttl(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    ends = {key: moment for key, moment in _fill(source.client).items() if key.startswith(b"h:")}
    source.client.delete(*[b"s:%d" % number for number in range(STRINGS)])
    copy_all(source, target, tmp_path / "state")
    for key in ends:
        target.client.persist(key)
    urls = (TargetUrl("target", endpoint(target), None),)
    options = VerifyOptions(rechecks=1, pause_seconds=0)
    request = VerifyRequest(endpoint(source), urls, one_target_takes_all("target"), options=options, repair=True)
    with _stopped_again_and_again(source) as times:
        verified = verify(request, lambda _event: None, lambda _found: None)
    assert times[0] > 10
    assert verified.repaired is not None
    assert verified.repaired.written == HASHES
    assert verified.result.counts == {}
    assert _wrong(target.client, ends) == ([], [])


@pytest.mark.long
@pytest.mark.parametrize("stopped", [0, 1])
def test_a_comparison_takes_no_ttl_for_another_where_one_side_is_stopped_and_continued(
    stopped: int, start_redis: StartRedis, tmp_path: Path
) -> None:
    """Stopped for longer than the tolerance, which is above the few ms of a copy and two readings; and no key gets a second look."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source.client)
    source.client.delete(*[b"h:%d" % number for number in range(HASHES)])
    copy_all(source, target, tmp_path / "state")
    urls = (TargetUrl("target", endpoint(target), None),)
    options = VerifyOptions(ttl_tolerance=20, rechecks=0)
    request = VerifyRequest(endpoint(source), urls, one_target_takes_all("target"), options=options)
    with _stopped_again_and_again((source, target)[stopped], 0.03, 0.0005) as times:
        result = verify(request, lambda _event: None, lambda _found: None).result
    assert times[0] > 10
    assert (result.compared, result.equal) == (STRINGS, STRINGS)


def test_one_stall_does_not_move_a_clock(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    with connected(endpoint(server)) as connection:
        os.kill(server.pid, signal.SIGSTOP)
        threading.Timer(1, os.kill, (server.pid, signal.SIGCONT)).start()
        assert abs(measure_distance(connection).clock_offset) < 50


@pytest.fixture(params=["3.2.6", "5.0.6", "6.2.14"])
def server(request: pytest.FixtureRequest, start_redis: StartRedis) -> RedisServer:
    return start_redis(request.param)


@pytest.mark.parametrize("tries", [1, 10])  # Ten more stay for times when this machine stands still by itself.
def test_ttls_are_read_again_where_the_server_stood_still_while_they_were(
    tries: int, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_reader, "READ", _standing_still(READ, tries))
    moment = server.client.time()[0] * 1000 + 10**6
    names = [b"k:%d" % number for number in range(50)]
    for name in names:
        server.client.set(name, "v")
        server.client.pexpireat(name, moment)
    server.client.set("stays", "v")
    with connected(endpoint(server)) as connection:
        page = value_reader(connection, ReadLimits(), field_ttls=False).read_keys([*names, b"stays", b"none"])
        ttls = {key: ttl for key, ttl, _, _ in page.entries()}
        assert (ttls.pop(b"stays"), page.missing) == (NO_TTL, [b"none"])
        assert all(moment <= page.now + ttl <= moment + MOST_LATE_MS for ttl in ttls.values())
        _, cold = ColdKeyReader(connection, 0).read(names)
        assert all(moment <= key.expires_at_ms <= moment + MOST_LATE_MS for key in cold)


def test_a_server_that_stands_still_at_every_try_is_named_and_nothing_is_taken(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_reader, "READ", _standing_still(READ, 20))
    server.client.set("k", "v", px=10**6)
    with connected(endpoint(server)) as connection:
        reader = value_reader(connection, ReadLimits(), ScanOf(10, [b"skip"]), field_ttls=False)
        for _ in range(2):
            # Loaded at the first, known at the second.
            reader.request(0)
            with pytest.raises(
                SourceUnreachable, match=r"127.0.0.1:\d+: TTLs could not be read, because the server stood still at every try"
            ):
                reader.receive()
        assert connection.call("PING") == b"PONG"


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("tries", [1, 20])
def test_the_ttl_of_a_big_key_is_read_again_too(tries: int, whole: bool, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    monkeypatch.setattr(big_key_copier, "ENDS", _standing_still(ENDS, tries))
    source.client.rpush("big", *range(1_000))
    moment = source.client.time()[0] * 1000 + 10**6
    source.client.pexpireat("big", moment)
    there = Target("target", endpoint(target), 0, KeyLabels())
    with connected(endpoint(source)) as connection:
        copier = BigKeyCopier(connection, read_server_facts(connection), "run", ReadLimits(), 10**6)
        place = Place(there, b"big", 0.0, exclusive=False)
        entry = TooBig(b"big", 10**6, b"list", 1_000)

        def copy_it() -> BigOutcome:
            return copier.copy_whole(b"big", place) if whole else copier.copy_in_pieces(entry, place)

        if tries == 20:
            with pytest.raises(SourceUnreachable, match="stood still at every try"):
                copy_it()
            assert target.client.dbsize() == 0
        else:
            assert copy_it() is BigOutcome.COPIED
            assert _wrong(target.client, {b"big": moment}) == ([], [])
    there.close()


@pytest.mark.parametrize("version", ["8.2.3", "valkey-9.1.2"])
def test_from_7_0_on_a_script_sees_one_time_and_no_stop_matters(version: str, start_redis: StartRedis) -> None:
    """There TIME and PTTL both count from the begin of the script."""
    server = start_redis(version)
    ends = _fill(server.client)
    names = [name for name in ends if name.startswith(b"h:")]
    with _stopped_again_and_again(server) as times, connected(endpoint(server)) as connection:
        reader = value_reader(connection, ReadLimits(value_elements=2_000, page_bytes=2**24), field_ttls=True)
        while times[0] < 40:
            page = reader.read_keys([*names, b"none"])
            assert [key for key, ttl in zip(page.keys, page.ttls, strict=True) if page.now + ttl != ends[key]] == []
            assert page.missing == [b"none"]
    # And one that has ended is over, not of less than 0 ms.
    server.client.set("k", "v", px=1)
    with connected(endpoint(server)) as connection:
        assert all(ttl >= 0 for ttl in payload_reader(connection, ValueForm.DUMP, ReadLimits()).read_keys([b"k"]).ttls)
