"""kill -9 at 200 seeded points of a copy, under a writer that changes, deletes and expires keys: resumed, repaired, equal."""

from __future__ import annotations

import os
import random
import signal
import threading
import traceback
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import Snapshot, endpoint, fill_every_encoding, same, snapshot
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import read_state
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.verify.run import VerifyRequest, verify

pytestmark = pytest.mark.long
KILLS, KILLS_A_ROUND = 200, 10
KEYS = 1_000
LIMITS = ReadLimits(page_keys=40, value_bytes=4_000, value_elements=100, piece_bytes=2_000, piece_elements=100)
OPTIONS = CopyOptions(limits=LIMITS, checkpoint_keys=150)
KEYMAP = KeyMap.model_validate(
    {
        "version": 1,
        "destinations": ["a", "b"],
        "rules": [
            {"name": "strings", "match": {"prefix": ["string:", "s:"]}, "to": "a", "source": "test", "reason": "test"},
            {"name": "rest", "match": {"prefix": ["list:", "set:", "hash:", "zset:", "h:"]}, "to": "b", "source": "test", "reason": "test"},
        ],
    }
)


class Writer(threading.Thread):
    """Changes, deletes, expires, makes and persists keys until it is told to stop."""

    def __init__(self, client: redis.Redis, seed: int) -> None:
        super().__init__(daemon=True)
        self._client, self._rng = client, random.Random(seed)
        self._stop_asked = threading.Event()
        self.writes = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            self._write_once()
            self.writes += 1

    def _write_once(self) -> None:
        client, number = self._client, self._rng.randrange(KEYS)
        match self._rng.randrange(8):
            case 0:
                client.set(f"s:{number}", self._rng.randbytes(20))
            case 1:
                client.delete(f"s:{number}")
            case 2:
                client.pexpire(f"s:{number}", self._rng.randrange(1, 2_000))
            case 3:
                client.expire(f"h:{number}", 5_000)
            case 4:
                client.hset(f"h:{number}", "f", self._rng.randbytes(5))
            case 5:
                client.rpush("list:big", self._rng.randbytes(30))
            case 6:
                client.zincrby("zset:big", 0.1, f"m{number}")
            case _:
                client.persist(f"s:{number}")

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(30)
        assert not self.is_alive()


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer, RedisServer]:
    return start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")


def _request(servers: tuple[RedisServer, RedisServer, RedisServer]) -> CopyRequest:
    source, one, other = servers
    targets = (TargetUrl("a", endpoint(one), None), TargetUrl("b", endpoint(other), None))
    return CopyRequest(endpoint(source), targets, KEYMAP, options=OPTIONS)


def _fill(client: redis.Redis, rng: random.Random) -> None:
    client.flushall()
    fill_every_encoding(client, rng)
    pipeline = client.pipeline(transaction=False)
    for number in range(KEYS):
        pipeline.set(f"s:{number}", rng.randbytes(rng.randrange(60)), px=rng.choice([None, rng.randrange(500, 10**7)]))
        pipeline.hset(f"h:{number}", "f", rng.randbytes(8))
    pipeline.execute()


def _copy_in_a_child(request: CopyRequest, state: Path, dies_at: int | None) -> bool:
    """Copy in a forked process that kills itself at its `dies_at`-th request or state write; returns whether it ended well."""
    child = os.fork()
    if child == 0:
        _run_and_exit(request, state, dies_at)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == 0, (state.parent / "child.txt").read_text()
    return True


def _run_and_exit(request: CopyRequest, state: Path, dies_at: int | None) -> None:
    points = iter(range(1, 10**9))

    def point() -> None:
        if next(points) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    send, replace = Connection.send, Path.replace

    def sending(self: Connection, data: bytes) -> None:
        # Half a request can be what arrives.
        if dies_at is not None and dies_at % 3 == 0 and len(data) > 100:
            send(self, data[: len(data) // 2])
            point()
            send(self, data[len(data) // 2 :])
        else:
            point()
            send(self, data)
        point()

    def replacing(self: Path, target: Path) -> Path:
        point()
        done = replace(self, target)
        point()
        return done

    Connection.send = sending  # type: ignore[method-assign]
    Path.replace = replacing  # type: ignore[method-assign, assignment]
    exit_code = 1
    try:
        with prepared_copy(request, state, lambda _event: None) as prepared:
            prepared.run(lambda _event: None)
        exit_code = 0
    except BaseException:
        (state.parent / "child.txt").write_text(traceback.format_exc())
        raise
    finally:
        os._exit(exit_code)


def _reads(source: RedisServer) -> int:
    """How often the source returned a string to a script: once for each string key of each reading."""
    stats = source.client.info("commandstats")
    return int(stats.get("cmdstat_get", {}).get("calls", 0)) + int(stats.get("cmdstat_dump", {}).get("calls", 0))


def test_killed_at_200_points_and_resumed_it_ends_equal(
    servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path, draws: random.Random
) -> None:
    source, one, other = servers
    request = _request(servers)
    kills = 0
    for round_number in count():
        if kills >= KILLS:
            break
        _fill(source.client, draws)
        one.client.flushall()
        other.client.flushall()
        state = tmp_path / f"state{round_number}"
        writer = Writer(source.connect(), draws.randrange(10**6))
        writer.start()
        before = _reads(source)
        for _ in range(KILLS_A_ROUND):
            if _copy_in_a_child(request, state, draws.randrange(1, 90)):
                break
            kills += 1
            saved = read_state(state)
            assert saved is None or not saved.finished
        if not (state.exists() and (found := read_state(state)) and found.finished):
            assert _copy_in_a_child(request, state, None)
        reads = _reads(source) - before
        writer.stop()
        assert writer.writes > 0
        # Each kill costs at most the keys since the last checkpoint and the pages under way.
        assert reads < 2 * KEYS + (KILLS_A_ROUND + 1) * (OPTIONS.checkpoint_keys + 3 * LIMITS.page_keys)
        _repair_and_compare(request, state, servers)


def _lasting(seen: Snapshot, server: RedisServer) -> Snapshot:
    """Without keys that end while the two sides are read, one after the other."""
    soon = server.client.time()[0] * 1000 + 5_000
    return {key: entry for key, entry in seen.items() if entry[2] is None or entry[2] > soon}


def _repair_and_compare(request: CopyRequest, state: Path, servers: tuple[RedisServer, RedisServer, RedisServer]) -> None:
    source, one, other = servers
    wanted = VerifyRequest(request.source, request.targets, KEYMAP, repair=True, delete_extra=True, state=state)
    verified = verify(wanted, lambda _event: None, lambda _found: None)
    assert verified.result.counts == {}, verified.result.found
    there = snapshot(one.client) | snapshot(other.client)
    assert same(_lasting(snapshot(source.client), source), _lasting(there, source)) == []
    assert {key.partition(b":")[0] for key in snapshot(one.client)} <= {b"string", b"s"}
    for server in (one, other):
        assert list(server.client.scan_iter(match="uplift:*")) == []


def test_cut_connections_are_opened_again_and_nothing_is_missed(
    servers: tuple[RedisServer, RedisServer, RedisServer], tmp_path: Path, draws: random.Random
) -> None:
    """CLIENT KILL of every connection at drawn requests: the run goes on from its last checkpoint by itself."""
    source, one, other = servers
    send = Connection.send
    for _ in range(4):
        _fill(source.client, draws)
        for key in list(source.client.scan_iter(match="s:*")):
            source.client.persist(key)
        one.client.flushall()
        other.client.flushall()
        cuts = sorted(draws.sample(range(30, 300), 4))
        requests = iter(range(1, 10**9))

        def cutting(self: Connection, data: bytes, cuts: list[int] = cuts, requests: Iterator[int] = requests) -> None:
            if cuts and next(requests) >= cuts[0]:
                cuts.pop(0)
                for server in servers:
                    for client in server.client.client_list():
                        if client["name"] == "uplift":
                            server.client.client_kill(client["addr"])
            send(self, data)

        state = tmp_path / f"cut{draws.random()}"
        prepare = prepared_copy(_request(servers), state, lambda _event: None)
        with prepare as prepared, pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "send", cutting)
            prepared.run(lambda _event: None)
        assert cuts == []
        assert same(snapshot(source.client), snapshot(one.client) | snapshot(other.client)) == []
