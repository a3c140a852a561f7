"""Losses that nobody would have heard of: a flush taken for the same data, a stranger's key overwritten, deletes that were not the copy's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, same, snapshot, tell
from uplift.errors import BadInput, NotSafe
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.copy.state import CopyState, read_state
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.events import Event, Progress
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.server.target import Existing, WriteMode
from uplift.keyspace.verify.result import Difference, VerifyOptions
from uplift.keyspace.verify.run import Verified, VerifyRequest, verify

KEYS = 3_000


def _request(source: RedisServer, target: RedisServer, options: CopyOptions | None = None) -> CopyRequest:
    return CopyRequest(
        endpoint(source),
        (TargetUrl("target", endpoint(target), None),),
        one_target_takes_all("target"),
        options=options or CopyOptions(checkpoint_keys=500),
    )


def _copy(request: CopyRequest, state: Path) -> tuple[CopyState, list[str]]:
    said: list[str] = []
    with prepared_copy(request, state, tell(said)) as prepared:
        return prepared.run(tell(said)), said


def _copy_a_part(request: CopyRequest, state: Path) -> None:
    """Stop as Ctrl-C would, after the first commit: when the second comes depends on how long the first took."""

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "copy" and event.done:
            raise KeyboardInterrupt

    with prepared_copy(request, state, lambda _event: None) as prepared, pytest.raises(KeyboardInterrupt):
        prepared.run(stop)


def _verify(source: RedisServer, target: RedisServer, **options: object) -> Verified:
    scope = _request(source, target)
    wanted = VerifyRequest(scope.source, scope.targets, scope.keymap, options=VerifyOptions(pause_seconds=0), **options)  # type: ignore[arg-type]
    return verify(wanted, lambda _event: None, lambda _found: None)


def _fill(server: RedisServer, prefix: str = "k") -> None:
    pipeline = server.client.pipeline(transaction=False)
    for number in range(KEYS):
        pipeline.set(f"{prefix}:{number}", f"v{number}", ex=10_000)
    pipeline.rpush(f"{prefix}:big", *range(2_000))
    pipeline.execute()


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    _fill(source)
    return source, target


def _flush(_source: RedisServer, target: RedisServer, _other: RedisServer) -> None:
    target.client.flushall()


def _follow_another_for_a_while(_source: RedisServer, target: RedisServer, other: RedisServer) -> None:
    target.follow(other)
    target.promote()


def _refill_the_source(source: RedisServer, _target: RedisServer, _other: RedisServer) -> None:
    source.client.flushall()
    _fill(source, "other")


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (_flush, "target: database 0 was flushed since (the copy's marker is gone, and nothing was evicted)"),
        (_follow_another_for_a_while, "target: followed another server since, and the copy's marker is gone"),
        (_refill_the_source, "the source or a target holds other data than it did"),
    ],
)
def test_other_data_in_the_same_process_is_found_when_a_copy_goes_on(
    happens: Callable[[RedisServer, RedisServer, RedisServer], None],
    said: str,
    servers: tuple[RedisServer, RedisServer],
    start_redis: StartRedis,
    tmp_path: Path,
) -> None:
    source, target = servers
    request = _request(source, target)
    _copy_a_part(request, tmp_path / "state")
    happens(source, target, start_redis("5.0.6"))
    state, lines = _copy(request, tmp_path / "state")
    assert any(line.startswith(said) for line in lines), lines
    assert state.finished
    assert same(snapshot(source.client), snapshot(target.client, b"other" if happens is _refill_the_source else b"")) == []


def test_one_database_of_two_that_was_flushed_is_written_again_and_the_other_is_still_ours(
    servers: tuple[RedisServer, RedisServer], tmp_path: Path
) -> None:
    source, target = servers
    for number in range(50):
        source.connect(3).set(f"three:{number}", "v")
    request = _request(source, target)

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "copy" and event.done > KEYS + 20:
            raise KeyboardInterrupt

    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared, pytest.raises(KeyboardInterrupt):
        prepared.run(stop)
    target.connect(3).flushdb()
    target.connect(3).set("three:7", "a stranger's")
    with pytest.raises(NotSafe, match="1 keys are on a target already"):
        _copy(request, tmp_path / "state")
    target.connect(3).flushdb()
    state, said = _copy(request, tmp_path / "state")
    assert said[0].startswith("target: database 3 was flushed since")
    assert (state.not_copied, state.counts.copied) == ({}, {"everything": KEYS + 1 + 50})


def test_an_evicted_marker_is_told_from_a_flush(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    source, target = servers
    request = _request(source, target)
    _copy_a_part(request, tmp_path / "state")
    # Until the marker is gone too: the policy does not ask for a TTL, and one key of five is as good as another.
    target.set_config("maxmemory-policy", "allkeys-random")
    target.set_config("maxmemory", str(int(target.client.info("memory")["used_memory"]) // 2))
    while list(target.client.scan_iter(match="uplift:temporary:*")):
        target.client.set("one more", "v" * 1_000)
    target.set_config("maxmemory", "0")
    with pytest.raises(
        NotSafe, match=r"target evicted [0-9,]+ keys since the copy began \(evicted_keys grew, and the copy's marker is gone\)"
    ):
        _copy(request, tmp_path / "state")


def test_counts_begin_again_with_the_scan(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    source, target = servers
    request = _request(source, target)
    _copy_a_part(request, tmp_path / "state")
    target.client.flushall()
    counts = _copy(request, tmp_path / "state")[0].counts
    assert (counts.copied, counts.read, counts.big) == ({"everything": KEYS + 1}, KEYS + 1, 1)
    size = sum(len(f"v{number}") for number in range(KEYS)) + sum(len(str(number)) for number in range(2_000))
    assert counts.bytes == size


@pytest.mark.parametrize("existing", [Existing.FAIL, Existing.SKIP])
@pytest.mark.parametrize("mode", list(WriteMode))
@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_a_key_that_appears_after_the_look_at_names_is_never_overwritten(
    version: str, mode: WriteMode, existing: Existing, start_redis: StartRedis, tmp_path: Path
) -> None:
    source, target = start_redis("3.2.6"), start_redis(version)
    source.client.set("never", "v")
    source.client.set("ends", "v", px=10**7)
    source.client.rpush("list", 1, 2)
    source.client.rpush("list:ends", 1, 2)
    source.client.pexpire("list:ends", 10**7)
    source.client.rpush("big", *range(2_000))
    source.client.set("quiet", "v", px=10**7)
    names = ("never", "ends", "list", "list:ends", "big")
    with prepared_copy(
        _request(source, target, CopyOptions(existing=existing, write_mode=mode)), tmp_path / "s", lambda _event: None
    ) as one:
        for name in names:
            target.client.set(name, "the application's")
        counts = (state := one.run(lambda _event: None)).counts
    assert {target.client.get(name) for name in names} == {b"the application's"}
    assert {target.client.pttl(name) for name in names} == {-1}
    assert counts.copied == {"everything": 1}
    if existing is Existing.FAIL:
        assert (len(state.not_copied), counts.kept_existing) == (5, 0)
        assert all(reason.startswith("a key of this name is on the target with another value") for reason in state.not_copied.values())
    else:
        assert (len(state.not_copied), counts.kept_existing) == (0, 5)
    assert abs(target.client.pttl("quiet") - source.client.pttl("quiet")) < 5_000


def test_what_the_copy_wrote_before_it_was_killed_is_no_strangers(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    source, target = servers
    request = _request(source, target)
    _copy_a_part(request, tmp_path / "state")
    written = target.client.dbsize()
    missing = [f"k:{number}" for number in range(KEYS) if not target.client.exists(f"k:{number}")]
    # What comes to the target while nobody copies is nobody's to overwrite, though the same command goes on.
    target.client.mset(dict.fromkeys(missing[:50], "a stranger's"))
    state, _ = _copy(request, tmp_path / "state")
    assert 500 <= written < KEYS
    assert (len(state.not_copied), state.counts.copied) == (50, {"everything": KEYS + 1 - 50})
    assert {target.client.get(name) for name in missing[:50]} == {b"a stranger's"}


@pytest.mark.parametrize("existing", [Existing.FAIL, Existing.SKIP])
def test_killed_before_the_first_commit_no_ttl_stays_as_it_was_written_at_first(
    existing: Existing, servers: tuple[RedisServer, RedisServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key gets a relative TTL at once and the exact one by the next batch: the run dies between the two."""
    from uplift.keyspace.server.target import Target

    source, target = servers
    request = _request(source, target, CopyOptions(existing=existing, checkpoint_keys=500))

    def die(_self: Target, _batch: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        patch.setattr(Target, "_settle", die)
        with pytest.raises(KeyboardInterrupt):
            prepared.run(lambda _event: None)
    written = list(target.client.scan_iter(match="k:*"))
    assert written
    for key in written:
        target.client.pexpire(key, target.client.pttl(key) + 700)
    _copy(request, tmp_path / "state")
    assert same(snapshot(source.client), snapshot(target.client), tolerance=50) == []


def test_ttls_of_keys_that_were_to_be_kept_stay(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    """Only a run that was broken off mends TTLs with --skip-existing, and only those that a break can leave."""
    source, target = servers
    request = _request(source, target, CopyOptions(existing=Existing.SKIP, checkpoint_keys=500))
    client = target.client
    assert source.client.pttl("k:7") > 0
    client.set("k:7", "v7", px=source.client.pttl("k:7") + 3_000)
    _copy(request, tmp_path / "fresh")
    assert client.pttl("k:7") - source.client.pttl("k:7") > 2_000
    client.flushall()
    _copy_a_part(request, tmp_path / "broken")
    late = 600_000
    missing = [key for key in (f"k:{number}" for number in range(KEYS)) if not client.exists(key) and source.client.pttl(key) > 0][:20]
    for key in missing:
        client.set(key, source.client.get(key) or b"", px=source.client.pttl(key) + late)
    _copy(request, tmp_path / "broken")
    assert {client.pttl(key) - source.client.pttl(key) > late / 2 for key in missing} == {True}


def test_delete_extra_needs_the_source_of_that_copy(
    servers: tuple[RedisServer, RedisServer], start_redis: StartRedis, tmp_path: Path
) -> None:
    source, target = servers
    _copy(_request(source, target), tmp_path / "state")
    empty = start_redis("3.2.6")
    with pytest.raises(BadInput, match=r"--delete-extra: --state .*: its source was the process [0-9a-f]{8} at .*, --from is"):
        _verify(empty, target, repair=True, delete_extra=True, state=tmp_path / "state")
    assert target.client.dbsize() == KEYS + 1


def test_delete_extra_deletes_what_left_the_source_and_nothing_the_application_wrote(
    servers: tuple[RedisServer, RedisServer], tmp_path: Path
) -> None:
    source, target = servers
    _copy(_request(source, target), tmp_path / "state")
    source.client.delete("k:1", "k:2", "k:big")
    found = _verify(source, target, repair=True, delete_extra=True, state=tmp_path / "state")
    assert found.repaired is not None
    assert (found.repaired.deleted, found.result.counts, target.client.dbsize()) == (3, {}, KEYS - 2)
    source.client.delete("k:3")
    # What the repair wrote is the copy's too; what somebody else writes is not.
    assert _verify(source, target, repair=True, delete_extra=True, state=tmp_path / "state").result.counts == {}
    source.client.delete("k:4")
    target.client.set("the application's", "v")
    with pytest.raises(NotSafe, match="--delete-extra: target was written to since the copy ended"):
        _verify(source, target, repair=True, delete_extra=True, state=tmp_path / "state")
    assert target.client.get("the application's") == b"v"
    assert _verify(source, target, repair=True).result.counts == {Difference.EXTRA: 2}


def test_a_repair_deletes_no_key_that_vanished_from_the_source_unless_asked(
    servers: tuple[RedisServer, RedisServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uplift.keyspace.verify.repair import Repair

    source, target = servers
    _copy(_request(source, target), tmp_path / "state")
    source.client.set("k:1", "another")
    finish = Repair.finish

    def finish_after_it_vanished(self: Repair) -> None:
        source.client.delete("k:1")
        finish(self)

    monkeypatch.setattr(Repair, "finish", finish_after_it_vanished)
    found = _verify(source, target, repair=True)
    assert found.repaired is not None
    assert (found.repaired.written, found.repaired.deleted) == (0, 0)
    assert (target.client.get("k:1"), found.result.counts) == (b"v1", {Difference.EXTRA: 1})


def test_a_source_that_was_restarted_leaves_the_targets_own_count_of_keys(
    servers: tuple[RedisServer, RedisServer], start_redis: StartRedis, tmp_path: Path
) -> None:
    source, target = servers
    _copy_a_part(_request(source, target), tmp_path / "state")
    again = start_redis("3.2.6")
    _fill(again)
    saved = read_state(tmp_path / "state")
    assert saved is not None
    saved.source.address = str(endpoint(again))
    (tmp_path / "state").write_text(saved.model_dump_json(by_alias=True))
    state, said = _copy(_request(again, target), tmp_path / "state")
    assert said == [
        "source: restarted or failed over since: the cursors of the earlier scan mean nothing any more, so the scan starts again"
    ]
    assert (state.targets[0].keys_before, state.not_copied) == (0, {})
    again.client.delete("k:7")
    assert _verify(again, target, repair=True, delete_extra=True, state=tmp_path / "state").result.counts == {}


def test_a_database_that_only_a_target_holds_is_compared_too(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for database in (0, 3):
        source.connect(database).set("k", "v")
    _copy(_request(source, target), tmp_path / "state")
    source.connect(3).flushdb()
    found = _verify(source, target).result.found
    assert [(one.difference, one.database, one.key) for one in found] == [(Difference.EXTRA, 3, b"k")]


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_full_server_that_evicts_is_not_compared(side: str, servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    source, target = servers
    # Two of a hundred are then more than what a few connections need.
    pipeline = source.client.pipeline(transaction=False)
    for number in range(4_000):
        pipeline.set(f"pad:{number}", "x" * 5_000)
    pipeline.execute()
    _copy(_request(source, target), tmp_path / "state")
    full = source if side == "source" else target
    full.set_config("maxmemory-policy", "allkeys-lru")
    full.set_config("maxmemory", str(int(full.client.info("memory")["used_memory"]) * 100 // 98))
    with pytest.raises(NotSafe, match=rf"{side} uses \d+ % of maxmemory, and being read makes it evict \(allkeys-lru\)"):
        _verify(source, target)
    assert full.client.info("stats")["evicted_keys"] == 0
