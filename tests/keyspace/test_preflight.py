"""Whether a copy may start, as a table; and the same on real servers where a server says it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint, tell
from uplift.errors import BadInput, KeyUnroutable, NotSafe, TargetRefused
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.keymap.model import KeyMap, one_target_takes_all
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.events import Event
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.server_checks import TargetSide, check_memory, check_servers
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.server.target import Existing

SOURCE = ServerFacts(
    version="3.2.6",
    compatible_version=(3, 2, 6),
    is_valkey=False,
    cluster_enabled=False,
    run_id="a" * 40,
    role="master",
    used_memory_bytes=50,
    max_memory_bytes=100,
    max_memory_policy="volatile-lru",
    evicted_keys=0,
    expired_keys=0,
    replicas=0,
    keys=((0, 10),),
    replica_lag_seconds=None,
    primary_link_up=True,
    primary_last_heard_seconds=None,
)
TARGET = replace(SOURCE, version="5.0.6", compatible_version=(5, 0, 6), run_id="b" * 40, max_memory_policy="noeviction", max_memory_bytes=0)


def _side(facts: ServerFacts = TARGET, name: str = "cache", clock_ahead: float = 0.0, coming: int = 0) -> TargetSide:
    return TargetSide(name, facts, clock_ahead, coming)


@pytest.mark.parametrize(
    ("source", "sides", "bad", "refused", "warned"),
    [
        (SOURCE, [_side()], "", "", ""),
        (SOURCE, [_side(SOURCE)], "--to cache is the same server as --from", "", ""),
        (SOURCE, [_side(), _side(name="jobs")], "--to jobs is the same server as --to cache", "", ""),
        (replace(SOURCE, cluster_enabled=True), [_side()], "--from runs in cluster mode", "", ""),
        (SOURCE, [_side(replace(TARGET, cluster_enabled=True))], "--to cache runs in cluster mode", "", ""),
        (SOURCE, [_side(replace(TARGET, role="slave"))], "--to cache is a replica", "", ""),
        (SOURCE, [_side(clock_ahead=1_001)], "", "the clock of cache is +1001 ms from the source's", ""),
        (SOURCE, [_side(clock_ahead=-999)], "", "", ""),
        (replace(SOURCE, role="slave", primary_last_heard_seconds=3), [_side()], "", "", "last heard of its primary 3 s ago"),
        (replace(SOURCE, role="slave", primary_link_up=False), [_side()], "", "has lost its primary", "is a replica"),
    ],
)
def test_servers(source: ServerFacts, sides: list[TargetSide], bad: str, refused: str, warned: str) -> None:
    found = check_servers(source, sides, 1_000)
    for texts, expected in ((found.bad_input, bad), (found.refusals, refused), (found.warnings, warned)):
        assert bool(texts) is bool(expected)
        assert not expected or expected in texts[0]


@pytest.mark.parametrize(
    ("source", "side", "refused", "warned"),
    [
        (SOURCE, _side(coming=10**12), "", ""),
        (SOURCE, _side(replace(TARGET, max_memory_bytes=150), coming=66), "", ""),
        (SOURCE, _side(replace(TARGET, max_memory_bytes=150), coming=83), "", "0 MB of the source are not explained by the sample"),
        (SOURCE, _side(replace(TARGET, max_memory_bytes=150), coming=85), "about 0 MB are coming", ""),
        (
            SOURCE,
            _side(replace(TARGET, max_memory_bytes=150, max_memory_policy="volatile-lru"), coming=1),
            "",
            "cache evicts by volatile-lru",
        ),
        (replace(SOURCE, used_memory_bytes=84), _side(), "", ""),
        (replace(SOURCE, used_memory_bytes=85), _side(), "", "uses 85 % of maxmemory"),
        (replace(SOURCE, used_memory_bytes=97), _side(), "uses 97 % of maxmemory, and being read makes it evict", ""),
        (replace(SOURCE, used_memory_bytes=97, max_memory_policy="noeviction"), _side(), "", "a full one refuses its clients' writes"),
        (replace(SOURCE, used_memory_bytes=97, role="slave"), _side(), "", ""),
    ],
)
def test_memory(source: ServerFacts, side: TargetSide, refused: str, warned: str) -> None:
    found = check_memory(source, [side], 20)
    for texts, expected in ((found.refusals, refused), (found.warnings, warned)):
        assert bool(texts) is bool(expected)
        assert not expected or expected in texts[0]


def _prepare(request: CopyRequest, state: Path) -> list[str]:
    said: list[str] = []
    with prepared_copy(request, state, tell(said)):
        return said


def test_the_same_server_under_another_name_is_refused(start_redis: StartRedis, tmp_path: Path) -> None:
    """The duplicator of vets-api wrote to its own source for ten days."""
    server = start_redis("3.2.6")
    again = replace(endpoint(server), host="localhost")
    request = CopyRequest(endpoint(server), (TargetUrl("target", again, None),), one_target_takes_all("target"))
    with pytest.raises(BadInput, match="is the same server as --from"):
        _prepare(request, tmp_path / "state")


def test_a_replica_may_be_read_and_its_lag_is_told(start_redis: StartRedis, tmp_path: Path) -> None:
    primary, replica, target = start_redis("3.2.6"), start_redis("3.2.6"), start_redis("5.0.6")
    replica.follow(primary)
    primary.client.set("k", "v")
    replica.wait_until_level_with(primary)
    request = CopyRequest(endpoint(replica), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    said: list[str] = []
    with prepared_copy(request, tmp_path / "state", tell(said)) as prepared:
        prepared.run(lambda _event: None)
    assert any("--from is a replica, last heard of its primary" in line for line in said)
    assert target.client.get("k") == b"v"


def test_keys_without_a_rule_stop_it_before_the_first_write(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    keymap = KeyMap.model_validate(
        {
            "version": 1,
            "destinations": ["target"],
            "rules": [{"name": "known", "match": {"prefix": "known:"}, "to": "target", "source": "t", "reason": "t"}],
        }
    )
    for number in range(1_000):
        source.client.set(f"known:{number}", "v")
    source.client.set("Secret-Token-1", "v")
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), keymap)
    with pytest.raises(
        KeyUnroutable, match=r"1 keys match no rule of the key map, such as <text> #[0-9a-f]{12}: nothing was written"
    ) as raised:
        _prepare(request, tmp_path / "state")
    assert "Secret" not in str(raised.value)
    assert target.client.dbsize() == 0
    source.client.delete("Secret-Token-1")
    # One that appears later stops the run where it is; the same command goes on once it has a rule.
    options = CopyOptions(checkpoint_keys=100)
    with prepared_copy(replace(request, options=options), tmp_path / "state", lambda _event: None) as prepared:
        source.client.set("late:1", "v")
        with pytest.raises(KeyUnroutable, match="<word>:<number> #[0-9a-f]{12}: no rule of the key map matches it"):
            prepared.run(lambda _event: None)
    source.client.delete("late:1")
    with prepared_copy(replace(request, options=options), tmp_path / "state", lambda _event: None) as prepared:
        prepared.run(lambda _event: None)
    assert target.client.dbsize() == 1_000


def test_existing_keys(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    source.client.set("both", "new", ex=1_000)
    source.client.rpush("list", 1)
    source.client.set("only", "new")
    target.client.set("both", "old")
    target.client.set("list", "old")
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    with pytest.raises(NotSafe, match="2 keys are on a target already, such as"):
        _prepare(request, tmp_path / "state")
    assert not (tmp_path / "state").exists()
    skip = replace(request, options=CopyOptions(existing=Existing.SKIP))
    with prepared_copy(skip, tmp_path / "skip", lambda _event: None) as prepared:
        assert prepared.run(lambda _event: None).counts.kept_existing == 2
    assert (target.client.get("both"), target.client.get("list"), target.client.get("only")) == (b"old", b"old", b"new")
    assert target.client.pttl("both") == -1
    with prepared_copy(replace(request, options=CopyOptions(existing=Existing.REPLACE)), tmp_path / "r", lambda _event: None) as one:
        one.run(lambda _event: None)
    assert (target.client.get("both"), target.client.type("list")) == (b"new", b"list")


def test_several_databases_keep_their_numbers(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for database in (0, 3, 15):
        source.connect(database).set(f"k{database}", database)
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    with pytest.raises(BadInput, match="keys keep their database"):
        _prepare(replace(request, targets=(TargetUrl("target", endpoint(target), 3),)), tmp_path / "state")
    said = _prepare(replace(request, databases=(3,)), tmp_path / "state")
    assert said == ["left alone: 2 keys in database 0, 15 (--db)"]
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        prepared.run(lambda _event: None)
    assert [target.connect(database).get(f"k{database}") for database in (0, 3, 15)] == [b"0", b"3", b"15"]


def test_a_state_of_another_copy_is_refused(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target, other = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    source.client.set("k", "v")
    state = tmp_path / "state"
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    with prepared_copy(request, state, lambda _event: None) as prepared:
        prepared.state.databases = {}
        from uplift.keyspace.copy.state import write_state

        write_state(state, prepared.state)
    for changed, what in (
        (replace(request, targets=(TargetUrl("target", endpoint(other), None),)), "target target"),
        (replace(request, options=CopyOptions(existing=Existing.REPLACE)), "the options"),
        (replace(request, source=endpoint(other)), "the source"),
    ):
        with pytest.raises(BadInput, match=f"it belongs to another copy: .*{what}"):
            _prepare(changed, state)
    with prepared_copy(request, state, lambda _event: None) as prepared:
        prepared.run(lambda _event: None)
    with pytest.raises(BadInput, match="the state of a finished copy"):
        _prepare(request, state)
    state.write_text("{}")
    with pytest.raises(BadInput, match=f"--state {state}: source: Field required, allowed: a file that `uplift copy` wrote"):
        _prepare(request, state)


def test_a_restarted_source_is_scanned_again(start_redis: StartRedis, tmp_path: Path) -> None:
    source, again, target = start_redis("3.2.6"), start_redis("3.2.6"), start_redis("5.0.6")
    for server in (source, again):
        server.client.set("k", "v")
    state = tmp_path / "state"
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    with prepared_copy(request, state, lambda _event: None) as prepared:
        prepared.state.source.address = str(endpoint(again))
        from uplift.keyspace.copy.state import DatabaseProgress, write_state

        prepared.state.databases = {0: DatabaseProgress(cursors=[None, None])}
        write_state(state, prepared.state)
    said: list[str] = []
    with prepared_copy(replace(request, source=endpoint(again)), state, tell(said)) as prepared:
        prepared.run(lambda _event: None)
    assert said == [
        "source: restarted or failed over since; target: database 0 was flushed since (the copy's marker is gone, and nothing was evicted): "
        "the cursors of the earlier scan mean nothing any more, so the scan starts again"
    ]
    assert target.client.get("k") == b"v"


def test_replicas_of_a_target_are_waited_for_at_each_checkpoint(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target, replica = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    replica.follow(target)
    for number in range(500):
        source.client.set(f"k:{number}", "v")
    request = CopyRequest(
        endpoint(source),
        (TargetUrl("target", endpoint(target), None),),
        one_target_takes_all("target"),
        options=CopyOptions(checkpoint_keys=100),
    )
    commits: list[Event] = []
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        prepared.run(commits.append)
    # Every key is on the replica without any further waiting, because the last checkpoint waited.
    assert replica.client.dbsize() == 500
    assert target.client.info("commandstats")["cmdstat_wait"]["calls"] == len(commits) > 1


def test_a_target_that_became_a_replica_stops_the_copy_with_the_reason(start_redis: StartRedis, tmp_path: Path) -> None:
    source, target, other = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    source.client.set("k:1", "v")
    request = CopyRequest(endpoint(source), (TargetUrl("target", endpoint(target), None),), one_target_takes_all("target"))
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        target.follow(other)
        with pytest.raises(TargetRefused, match=r"target \(127.0.0.1:\d+\) cannot be written: READONLY"):
            prepared.run(lambda _event: None)
    target.promote()
    with prepared_copy(request, tmp_path / "state", lambda _event: None) as prepared:
        prepared.run(lambda _event: None)
    assert target.client.get("k:1") == b"v"


def test_a_name_is_looked_up_once(start_redis: StartRedis) -> None:
    server = start_redis("3.2.6")
    connection = Connection(replace(endpoint(server), host="localhost"))
    assert connection.pinned.address in {"127.0.0.1", "::1"}
    again = Connection(replace(connection.pinned, host="nowhere.invalid"))
    assert again.call("PING") == b"PONG"
    for one in (connection, again):
        one.close()
