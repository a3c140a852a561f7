"""What stopped a whole run: a hash whose pages are empty, one big key, a connection that was closed, a server that was not ready."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import StartRedis
from tests.keyspace.busy_server import busy
from tests.keyspace.everything import endpoint, same, snapshot
from tests.keyspace.one_target import copy_request
from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import CopyState
from uplift.keyspace.keymap.own_keys import TEMPORARY_PREFIX
from uplift.keyspace.server import connection as connections
from uplift.keyspace.server.big_key_copier import BigKeyCopier
from uplift.keyspace.server.connection import Connection, ConnectionLost, NotReady, Patience, connected
from uplift.keyspace.server.target import Existing, Target
from uplift.keyspace.server.value_pieces import drain
from uplift.keyspace.verify.result import VerifyOptions
from uplift.keyspace.verify.run import VerifyRequest, verify


def _copy(request: CopyRequest, tmp_path: Path) -> CopyState:
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        return prepared.run(lambda _event: None)


def _verify(request: CopyRequest) -> dict[str, int]:
    wanted = VerifyRequest(request.source, request.targets, request.keymap, options=VerifyOptions(pause_seconds=0))
    counts = verify(wanted, lambda _event: None, lambda _found: None).result.counts
    return {difference.value: count for difference, count in counts.items()}


@pytest.mark.parametrize("kind", ["hash", "set", "zset"])
def test_a_huge_value_is_drained_though_its_pages_are_empty(kind: str, start_redis: StartRedis) -> None:
    """A table of 262,144 slots with few elements left answers empty pages at its beginning."""
    server = start_redis("3.2.6")
    client, members = server.client, list(range(140_000))
    for start in range(0, len(members), 10_000):
        part = members[start : start + 10_000]
        match kind:
            case "hash":
                client.execute_command("HMSET", "big", *[word for member in part for word in (member, 1)])
            case "set":
                client.sadd("big", *[f"m{member}" for member in part])
            case _:
                client.zadd("big", {str(member): member for member in part})
    with connected(endpoint(server)) as connection:
        drain(connection, [b"big"], has_unlink=False)
    assert client.dbsize() == 0


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6", "8.2.3"])
def test_the_latest_times_there_are(version: str, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis(version)
    for name in ("string", "list", "big"):
        source.client.execute_command(*(["SET", name, "v"] if name == "string" else ["RPUSH", name, *range(2_000 if name == "big" else 3)]))
        source.client.execute_command("PEXPIREAT", name, 2**63 - 1)
    source.client.execute_command("SET", "far", "v", "PX", 2**60)
    _copy(copy_request(source, target), tmp_path)
    assert target.client.dbsize() == 4
    assert all(target.client.pttl(name) > 2**62 for name in ("string", "list", "big"))
    assert abs(target.client.pttl("far") - source.client.pttl("far")) < 10_000


def test_one_big_key_that_ends_in_the_middle_leaves_the_rest_alone(start_redis: StartRedis, tmp_path: Path) -> None:
    """While it is read for the first time it is deleted, becomes empty, small, or of another type."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    client = source.client
    for name in ("deleted", "empty", "small", "other type", "stays"):
        client.rpush(name, *range(5_000))
    client.set("text", "x" * 100_000)
    watch, met = BigKeyCopier._watch, set[bytes]()

    def meddling(self: BigKeyCopier, key: bytes, kind: bytes) -> int:
        length = watch(self, key, kind)
        if key in met:
            return length
        met.add(key)
        match key:
            case b"deleted":
                client.delete("deleted")
            case b"empty" | b"text":
                client.set(key, "")
            case b"small":
                client.ltrim("small", 0, 5)
            case b"other type":
                client.delete("other type")
                client.zadd("other type", {str(number): number for number in range(3_000)})
        return length

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BigKeyCopier, "_watch", meddling)
        state = _copy(copy_request(source, target), tmp_path)
    assert (state.not_copied, len(met)) == ({}, 6)
    assert same(snapshot(client), snapshot(target.client)) == []


def test_a_big_key_that_expires_right_before_its_swap_is_gone_and_stops_nothing(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.rpush("ends", *range(5_000))
    source.client.set("quiet", "v")
    target.client.set("ends", "older")
    send = Connection.send

    def late(self: Connection, request: bytes) -> Any:
        if self.endpoint.port == source.port and b"$5\r\nWATCH\r\n" in request:
            source.client.pexpire("ends", 1_000)
        if b"EVALSHA" in request and b":new" in request:
            while source.client.exists("ends"):
                pass
        return send(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "send", late)
        state = _copy(copy_request(source, target, CopyOptions(existing=Existing.REPLACE)), tmp_path)
    assert state.not_copied == {}
    assert list(target.client.scan_iter()) == [b"quiet"]


def test_what_a_swap_would_have_replaced_is_kept_where_the_new_value_is_gone(start_redis: StartRedis, tmp_path: Path) -> None:
    """The built value is evicted, or its own TTL ends, before it is swapped in: the old one stays where it was."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.rpush("big", *range(5_000))
    target.client.set("big", "older")
    send = Connection.call_packed

    def losing(self: Connection, request: bytes) -> Any:
        if b"EVALSHA" in request and b":new" in request:
            for name in list(target.client.scan_iter(match="uplift:temporary:*:new")):
                target.client.delete(name)
        return send(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "call_packed", losing)
        state = _copy(copy_request(source, target, CopyOptions(existing=Existing.REPLACE, whole_bytes=10)), tmp_path)
    assert (len(state.not_copied), target.client.get("big")) == (1, b"older")


def test_a_verification_goes_on_where_connections_are_cut(start_redis: StartRedis, tmp_path: Path, draws: random.Random) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    pipeline = source.client.pipeline(transaction=False)
    for number in range(2_000):
        pipeline.set(f"k:{number}", "v" * number)
    pipeline.rpush("big", *range(20_000))
    pipeline.execute()
    request = copy_request(source, target)
    _copy(request, tmp_path)
    send = Connection.send
    cuts, requests = sorted(draws.sample(range(20, 100), 4)), iter(range(1, 10**9))

    def cutting(self: Connection, data: bytes) -> None:
        if cuts and next(requests) >= cuts[0]:
            cuts.pop(0)
            for server in (source, target):
                for client in server.client.client_list():
                    if client["name"] == "uplift":
                        server.client.client_kill(client["addr"])
        send(self, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "send", cutting)
        assert _verify(request) == {}
    assert cuts == []


def test_a_source_that_closes_idle_connections(start_redis: StartRedis, tmp_path: Path) -> None:
    """The second connection, over which big keys are read, is idle for as long as the first page takes: closed between any two requests."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(500):
        source.client.set(f"k:{number}", "v")
    for number in range(3):
        source.client.rpush(f"big:{number}", *range(5_000))
    request = copy_request(source, target)
    ask = Connection.ask_packed

    def closing(self: Connection, sent: bytes) -> Any:
        if b"PING" in sent and self.endpoint.port == source.port:
            for client in source.client.client_list():
                if client["name"] == "uplift":
                    source.client.client_kill(client["addr"])
        return ask(self, sent)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "ask_packed", closing)
        assert _copy(request, tmp_path).not_copied == {}
    assert _verify(request) == {}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", Patience(not_ready_seconds=0.2))


def test_a_busy_target_is_waited_for(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(3_000):
        source.client.set(f"k:{number}", "v" * 100)
    threads: list[threading.Thread] = []
    request = copy_request(source, target, CopyOptions(checkpoint_keys=500))
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        # In the middle of the copy, not before it.
        prepared.run(lambda _event: threads.append(busy(target, 300)) if not threads else None)
    threads[0].join()
    assert same(snapshot(source.client), snapshot(target.client)) == []


@pytest.mark.usefixtures("impatient")
def test_a_replica_without_its_primary_is_named_as_not_ready(start_redis: StartRedis, tmp_path: Path) -> None:
    primary, replica, target = start_redis("3.2.6"), start_redis("3.2.6"), start_redis("5.0.6")
    replica.follow(primary)
    replica.set_config("slave-serve-stale-data", "no")
    primary.stop()
    replica.follow_at_once(primary.port)
    with pytest.raises(NotReady, match=r"127.0.0.1:\d+ is not ready after 0 s: MASTERDOWN .*; run the same command again once it is"):
        _copy(copy_request(replica, target), tmp_path)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_reads_its_file_is_waited_for_and_then_named(start_redis: StartRedis) -> None:
    server = start_redis("8.2.3")
    pipeline = server.client.pipeline(transaction=False)
    for number in range(3_000):
        pipeline.set(f"k:{number}", "v" * 1_000)
    pipeline.execute()
    server.set_config("key-load-delay", "1000")
    server.set_config("loading-process-events-interval-bytes", "1024")
    follower = start_redis("8.2.3")
    follower.set_config("key-load-delay", "1000")
    follower.set_config("loading-process-events-interval-bytes", "1024")
    follower.follow_at_once(server.port)
    with pytest.raises(SourceUnreachable, match=r"127.0.0.1:\d+ is not ready after 0 s: LOADING"):
        while True:
            connection = Connection(endpoint(follower))
            assert connection.call("PING") == b"PONG" or follower.client.dbsize() < 3_000, "it has loaded all"
            connection.close()


def test_an_error_says_which_server_answered(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("6.2.14"), start_redis("6.2.14")
    source.client.set("k", "v")
    source.client.execute_command("ACL", "SETUSER", "default", "-scan")
    with pytest.raises(TargetRefused, match=rf"127.0.0.1:{source.port} cannot be read: NOPERM"):
        _copy(copy_request(source, target), tmp_path)


def test_throttles_count_what_they_promise(start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time they ask to sleep: bytes of big values too, and names as well as keys."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(1_000):
        source.client.set(f"k:{number}", "v")
    source.client.set("big", b"x" * 3_000_000)
    slept: list[float] = []
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    monkeypatch.setattr("uplift.keyspace.server.throttle.time.monotonic", lambda: now)
    monkeypatch.setattr("uplift.keyspace.server.throttle.time.sleep", sleep)
    state = _copy(copy_request(source, target, CopyOptions(bytes_a_second=1_000_000)), tmp_path)
    assert (round(now), state.counts.bytes) == (3, 3_001_000)
    slept.clear()
    now = 0.0
    (tmp_path / "state").unlink()
    _copy(copy_request(source, target, CopyOptions(keys_a_second=100, existing=Existing.REPLACE)), tmp_path)
    assert 20 <= now < 21


def test_what_a_dead_copy_had_begun_to_build_is_not_built_upon_whatever_database_it_is_in(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.rpush("list", *range(60_000))
    other = redis.Redis(port=source.port, db=1, protocol=2)
    other.set("k", "v")
    request = copy_request(source, target)
    pieces, died = BigKeyCopier._look_at, OSError("the copy dies here")

    def dying(self: BigKeyCopier, entry: Any, piece: Any) -> None:
        pieces(self, entry, piece)
        if target.client.llen(TEMPORARY_PREFIX + f"{self.run}:new".encode()):
            # As with kill -9: nothing is swept.
            self._may_have_left = False
            raise died

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="the copy dies here"):
        patch.setattr(BigKeyCopier, "_look_at", dying)
        _copy(request, tmp_path)
    assert len(list(target.client.scan_iter(match="uplift:temporary:*:new"))) == 1
    assert _copy(request, tmp_path).finished
    assert target.client.llen("list") == 60_000


def _copy_that_dies_at_its_end(request: CopyRequest, tmp_path: Path) -> None:
    """Between its last marker and its last commit."""

    def dying(*_arguments: object) -> None:
        raise OSError("the copy dies here")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="the copy dies here"):
        patch.setattr("uplift.keyspace.copy.copy.read_write_calls", dying)
        _copy(request, tmp_path)


def test_a_copy_that_died_between_its_last_marker_and_its_last_commit_is_finished_by_the_same_command(
    start_redis: StartRedis, tmp_path: Path
) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.mset({f"k:{number}": number for number in range(300)})
    request = copy_request(source, target)
    _copy_that_dies_at_its_end(request, tmp_path)
    state = _copy(request, tmp_path)
    assert (state.finished, state.counts.read, target.client.dbsize()) == (True, 300, 300)


def test_a_target_that_was_flushed_right_before_the_end_is_scanned_again(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.mset({f"k:{number}": number for number in range(300)})
    request = copy_request(source, target)
    _copy_that_dies_at_its_end(request, tmp_path)
    target.client.flushall()
    assert _copy(request, tmp_path).finished
    assert target.client.dbsize() == 300


def test_ttls_of_keys_whose_writing_was_broken_off_are_made_exact(start_redis: StartRedis, tmp_path: Path) -> None:
    """A few ms late is within what two readings differ by: so they are written again without asking."""
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    moment = source.client.time()[0] * 1000 + 10**7
    for number in range(200):
        source.client.set(f"k:{number}", "v")
        source.client.pexpireat(f"k:{number}", moment)
    request = copy_request(source, target)
    settle, broken = Target.settle, [False]

    def breaking(self: Target) -> None:
        if not broken[0]:
            broken[0] = True
            self.flush()
            for batch in self._under_way:
                self.connection.read_many(sum(batch.replies))
            for number in range(200):
                # What the relative TTL of a key that was under way for so long leaves.
                target.client.pexpireat(f"k:{number}", moment + 12)
            raise ConnectionLost("cut", self.connection)
        settle(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Target, "settle", breaking)
        _copy(request, tmp_path)
    for number in range(200):
        before, ttl = target.client.time(), target.client.pttl(f"k:{number}")
        assert before[0] * 1000 + before[1] / 1000 + ttl <= moment + 6, number
