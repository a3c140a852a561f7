"""Copy, verify and repair with as much under way as over a long path: nothing is lost, counted twice or mixed up."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import fill_every_encoding, same, snapshot
from tests.keyspace.far import pretend_far
from tests.keyspace.one_target import copy_request, verify_request
from tests.keyspace.test_copy_versions import copy_all, verify_all
from uplift.errors import BadInput, SourceUnreachable
from uplift.keyspace.copy.copy import Copy, CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import read_state, write_state
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.target import Existing
from uplift.keyspace.verify.result import Difference
from uplift.keyspace.verify.run import verify

KEYS = 8_000
NO_LISTENER: Callable[[object], None] = lambda _event: None  # noqa: E731


@pytest.fixture(autouse=True)
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_far(monkeypatch)


def _fill(server: RedisServer) -> None:
    pipeline = server.client.pipeline(transaction=False)
    for number in range(KEYS):
        pipeline.set(f"k:{number}", number, px=10**7 + number)
    pipeline.execute()


def _counts(source: RedisServer, target: RedisServer) -> dict[Difference, int]:
    return verify(verify_request(source, target), NO_LISTENER, lambda _found: None).result.counts


@pytest.mark.parametrize(
    ("source_version", "target_version"), [("3.2.6", "5.0.6"), ("5.0.6", "6.2.14"), ("8.2.3", "valkey-9.1.2"), ("valkey-9.1.2", "8.2.3")]
)
def test_every_encoding_arrives(
    source_version: str, target_version: str, start_redis: StartRedis, tmp_path: Path, draws: random.Random
) -> None:
    source, target = start_redis(source_version), start_redis(target_version)
    fill_every_encoding(source.client, draws)
    _fill(source)
    state = copy_all(source, target, tmp_path / "state")
    assert len(state.databases[0].cursors) == 64
    assert (sum(state.counts.copied.values()), state.counts.read) == (source.client.dbsize(), source.client.dbsize())
    assert same(snapshot(source.client), snapshot(target.client)) == []
    verify_all(source, target)


def test_pages_that_have_no_room_for_all_their_values_are_read_to_the_end(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(3_000):
        source.client.set(f"k:{number}", b"%d" % number * 2_000)
    state = copy_all(source, target, tmp_path / "state", CopyOptions(limits=ReadLimits(page_bytes=20_000)))
    assert state.counts.read == 3_000
    assert same(snapshot(source.client), snapshot(target.client)) == []
    # Keys that differ are looked at again while pages of others are still under way.
    target.client.mset({f"k:{number}": "other" for number in range(0, 3_000, 2)})
    assert _counts(source, target) == {Difference.VALUE: 1_500}


@pytest.mark.parametrize("kind", ["list", "set", "hash", "zset", "string"])
@pytest.mark.parametrize("version", ["3.2.6", "8.2.3", "valkey-9.1.2"])
def test_a_big_value_is_read_in_pieces_that_come_together(version: str, kind: str, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis(version), start_redis(version)
    client: Any = source.client
    names = [f"element {number} {'x' * (number % 90)}" for number in range(40_000)]
    match kind:
        case "list":
            client.rpush("big", *names)
        case "set":
            client.sadd("big", *names)
        case "hash":
            client.execute_command("HMSET", "big", *[part for name in names for part in (name, "value")])
        case "zset":
            client.zadd("big", {name: number / 7 for number, name in enumerate(names)})
        case _:
            client.set("big", "".join(names))
    assert copy_all(source, target, tmp_path / "state").counts.big == 1
    assert same(snapshot(client), snapshot(target.client)) == []
    assert _counts(source, target) == {}
    changes: dict[str, Callable[[Any], object]] = {
        "list": lambda there: there.lset("big", 30_000, "other"),
        "set": lambda there: (there.srem("big", names[30_000]), there.sadd("big", "other")),
        "hash": lambda there: there.execute_command("HSET", "big", names[30_000], "other"),
        "zset": lambda there: there.zadd("big", {names[30_000]: 1}),
        "string": lambda there: there.setrange("big", 900_000, "\0"),
    }
    changes[kind](target.client)
    assert _counts(source, target) == {Difference.VALUE: 1}


def test_a_copy_whose_connections_are_cut_ends_equal(
    start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draws: random.Random
) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    fill_every_encoding(source.client, draws)
    _fill(source)
    cuts, read_many = [0], Connection.read_many

    def cutting(self: Connection, count: int) -> Any:
        if cuts[0] < 12 and draws.random() < 0.02:
            cuts[0] += 1
            # What was written since the last commit is written again after each cut of a target, and five in a row end the run.
            for server in (source, target) if cuts[0] % 4 == 0 else (source,):
                server.client.client_kill_filter(_type="normal", skipme=True)
        return read_many(self, count)

    monkeypatch.setattr(Connection, "read_many", cutting)
    state = copy_all(source, target, tmp_path / "state")
    assert cuts[0] == 12
    assert (state.not_copied, state.finished) == ({}, True)
    assert same(snapshot(source.client), snapshot(target.client)) == []
    cuts[0] = 0
    assert _counts(source, target) == {}


def test_a_copy_goes_on_with_the_cursors_it_began_with_wherever_it_runs(
    start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source)
    request, path = copy_request(source, target, CopyOptions(checkpoint_keys=500)), tmp_path / "state"
    _break_at_the_first_commit(request, path, monkeypatch)
    broken = read_state(path)
    assert broken is not None
    assert 0 < broken.counts.read < KEYS
    pretend_far(monkeypatch, 0.0)
    with prepared_copy(request, path, NO_LISTENER) as prepared:
        state = prepared.run(NO_LISTENER)
    assert len(state.databases[0].cursors) == 64
    assert (state.counts.read, state.not_copied) == (KEYS, {})
    assert same(snapshot(source.client), snapshot(target.client)) == []


def _break_at_the_first_commit(request: CopyRequest, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_database = Copy._copy_database

    def breaking(self: Copy, database: int, listen: Any) -> None:
        commit = self._commit

        def committing(state: Any) -> None:
            commit(state)
            raise BadInput("stopped by the test")

        self._commit = committing
        copy_database(self, database, listen)

    with monkeypatch.context() as patch, prepared_copy(request, path, NO_LISTENER) as prepared:
        patch.setattr(Copy, "_copy_database", breaking)
        with pytest.raises(BadInput, match="stopped by the test"):
            prepared.run(NO_LISTENER)


@pytest.mark.parametrize("cursors", [1, 3, 128])
def test_a_state_with_a_number_of_cursors_that_no_copy_has_is_refused(
    cursors: int, start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source)
    request, path = copy_request(source, target, CopyOptions(checkpoint_keys=500)), tmp_path / "state"
    _break_at_the_first_commit(request, path, monkeypatch)
    state = read_state(path)
    assert state is not None
    state.databases[0].cursors = [None] * cursors
    write_state(path, state)
    with (
        pytest.raises(BadInput, match=rf"databases.0.cursors: {cursors} cursors, allowed: 2, 4, 8, 16, 32, 64"),
        prepared_copy(request, path, NO_LISTENER),
    ):
        pass


def test_faults_of_every_kind_are_found_and_repaired(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source)
    copy_all(source, target, tmp_path / "state")
    there = target.client
    there.set("k:1", "other", px=10**7)
    there.delete("k:2", "k:3")
    there.pexpire("k:4", 5 * 10**6)
    there.set("extra", "v")
    assert _counts(source, target) == {Difference.VALUE: 1, Difference.MISSING: 2, Difference.TTL: 1, Difference.EXTRA: 1}
    request = verify_request(source, target, repair=True)
    assert verify(request, NO_LISTENER, lambda _found: None).result.counts == {Difference.EXTRA: 1}


def test_names_that_a_target_has_already_are_found_however_many_pages_are_under_way(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source)
    target.client.mset({f"k:{number}": "v" for number in range(0, KEYS, 200)})
    with (
        pytest.raises(Exception, match="40 keys are on a target already"),
        prepared_copy(copy_request(source, target), tmp_path / "s", NO_LISTENER),
    ):
        pass
    request = copy_request(source, target, CopyOptions(existing=Existing.SKIP))
    with prepared_copy(request, tmp_path / "s", NO_LISTENER) as prepared:
        assert (prepared.scanned.total, prepared.scanned.unmatched_count) == (KEYS, 0)
        assert prepared.run(NO_LISTENER).counts.kept_existing == 40


def test_a_source_that_goes_away_for_good_is_named(start_redis: StartRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source)
    monkeypatch.setattr("uplift.keyspace.server.connection.time.sleep", lambda _seconds: None)
    with prepared_copy(copy_request(source, target), tmp_path / "state", NO_LISTENER) as prepared:
        source.stop()
        with pytest.raises(SourceUnreachable, match=f"127.0.0.1:{source.port}"):
            prepared.run(NO_LISTENER)
