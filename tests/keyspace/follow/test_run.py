"""A follow from its first look to its end on real servers: copy, follow, in sync, both ways, killed, handed over, asked, refused."""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint as Proxy
from rehearsal.cloud.elasticache.endpoint_proxy import ProxyLoop
from rehearsal.cloud.elasticache.redis_server import RedisServer, free_port
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.keyspace.follow.driven import SESSIONS, asked, begun, drive, follow_request, in_a_child, in_sync, keymap, wait_for_status
from uplift.errors import BadInput, NotSafe, RunRefused, SourceUnreachable
from uplift.keyspace.copy.marker import marker_name
from uplift.keyspace.copy.state import read_state
from uplift.keyspace.follow.ending import end_follow
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.requests import Answer, Request, RequestBox, Wish, ask
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.run_events import EventKind
from uplift.keyspace.follow.run_step import Outcome
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.status import read_status, status_as_json
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.source_and_targets import TargetUrl

KEYS = 500
Servers = tuple[RedisServer, RedisServer]


@pytest.fixture
def servers(start_redis: StartRedis) -> Servers:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for server in (source, target):
        server.set_config("notify-keyspace-events", "EA")
    with source.client.pipeline(transaction=False) as pipeline:
        for number in range(KEYS):
            pipeline.set(f"session:{number}", f"first {number}", ex=3600)
        pipeline.execute()
    source.client.rpush("session:list", "a", "b")
    source.client.set("log:1", "stays here")
    return source, target


def _own_keys(server: RedisServer, database: int = 0) -> list[bytes]:
    with server.connect(database) as client:
        return sorted(client.scan_iter("uplift:*", count=1000))


def test_one_way_from_the_first_look_to_the_end(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    target.client.set("nobodys", "stays")
    with begun(follow_request(*servers), tmp_path / "state") as run:
        told = drive(run, until=in_sync(run))
        kinds = [event.kind for event in told]
        assert kinds.index(EventKind.COPIED) < kinds.index(EventKind.IN_SYNC)
        assert target.client.get("session:7") == b"first 7"
        assert 0 < target.client.ttl("session:7") <= 3600
        assert target.client.exists("log:1") == 0

        source.client.set("session:7", "second")
        source.client.persist("session:8")  # without an event on 3.2.6: only a pass finds it
        source.client.expire("session:9", 60)
        source.client.delete("session:list")
        source.client.hset("session:new", "f", "v")
        drive(
            run,
            until=lambda: (
                target.client.get("session:7") == b"second"
                and 0 < target.client.ttl("session:9") <= 60
                and not target.client.exists("session:list")
                and target.client.hget("session:new", "f") == b"v"
            ),
        )
        status = run.status()
        assert (status.is_two_way, status.named_keys, status.not_described, status.gaps.open) == (False, 0, 1, ())
        assert status.way_back is not None
        assert not status.way_back.is_open
        assert status.reconciling is not None
        assert status.reconciling.keys >= KEYS
        assert asked(run, Wish.STOP).startswith("2 keys" if len(servers) == 1 else "4 keys")
        assert run.outcome is Outcome.STOPPED
    assert (_own_keys(source), _own_keys(target)) == ([], [])
    assert target.client.get("nobodys") == b"stays"
    for path in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.suffix == ".lock", path
    written = read_status(tmp_path / "state" / "status.json")
    assert written is not None
    assert written.phase is Phase.ENDED
    assert b"session:7" not in b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file())


def test_both_ways_under_another_root(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    rules = keymap({"name": "sessions", "match": {"prefix": "session:"}, "root": "app:"}, rename=True)
    source.client.delete("log:1")
    with begun(follow_request(*servers, rules, is_two_way=True), tmp_path / "state") as run:
        told = drive(run, until=lambda: run.status().is_two_way)
        assert EventKind.TWO_WAY in [event.kind for event in told]
        target.client.set("app:session:1", "from the target")
        source.client.set("session:2", "from the source")
        target.client.delete("app:session:3")
        drive(
            run,
            until=lambda: (
                source.client.get("session:1") == b"from the target"
                and target.client.get("app:session:2") == b"from the source"
                and not source.client.exists("session:3")
            ),
        )
        drive(run, until=lambda: (back := run.status().way_back) is not None and back.is_open)
        assert run.named_keys == 0
        target.client.set("session:4", "without its root")
        source.client.set("unknown", "no rule")
        told = drive(run, until=lambda: run.named_keys == 2)
        assert source.client.get("session:4") == b"first 4"
        labels = sorted(event.text for event in told if event.kind is EventKind.NAMED)
        assert [label.partition(" #")[0] for label in labels] == ["<word>", "session:<number>"]
    assert "unknown" not in "".join(labels)


def test_every_database_is_followed(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with source.connect(3) as third:
        third.set("session:third", "3")
        with begun(follow_request(*servers), tmp_path / "state") as run, target.connect(3) as there:
            drive(run, until=in_sync(run))
            assert run.status().databases == (0, 3)
            third.set("session:third", "changed")
            source.client.set("session:1", "changed")
            drive(run, until=lambda: (there.get("session:third"), target.client.get("session:1")) == (b"changed", b"changed"))
            with source.connect(5) as fifth:
                fifth.set("session:fifth", "5")
            told = drive(run, until=lambda: run.status().not_followed == (5,))
            assert "database 5 came into use and is not followed" in told[-1].text
            asked(run, Wish.STOP)
    assert [_own_keys(server, database) for server in servers for database in (0, 3)] == [[]] * 4


@pytest.mark.long
def test_killed_while_it_copies(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with source.client.pipeline(transaction=False) as pipeline:
        for number in range(20_000):
            pipeline.set(f"session:more:{number}", "v" * 20)
        pipeline.execute()
    request, path = follow_request(*servers), tmp_path / "state"
    with in_a_child(request, path) as kill:
        wait_for_status(path, lambda status: status.phase is not Phase.SUBSCRIBING)
        drive(until=lambda: target.client.dbsize() > 100)
        kill()
    source.client.set("session:more:0", "changed while nobody looked")
    source.client.delete("session:more:1")
    with begun(request, path) as run:
        drive(run, until=in_sync(run))
    copied = target.client.dbsize() - len(_own_keys(target))
    assert copied == source.client.dbsize() - len(_own_keys(source)) - 1
    assert target.client.get("session:more:0") == b"changed while nobody looked"
    assert not target.client.exists("session:more:1")


@pytest.mark.long
def test_killed_while_it_follows_both_ways(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    request, path = follow_request(*servers, is_two_way=True), tmp_path / "state"
    with in_a_child(request, path) as kill:
        wait_for_status(path, lambda status: status.is_two_way)
        kill()
    copied_at = (path / "copy.json").stat().st_mtime_ns
    source.client.set("session:1", "by the source")
    target.client.set("session:2", "by the target")
    target.client.delete("session:3")
    source.client.set("session:4", "made anew")
    with begun(request, path) as run:
        told = drive(run, until=in_sync(run))
        assert run.status().is_resumed
        assert run.status().is_two_way
        assert run.named_keys == 0, told
    assert (target.client.get("session:1"), source.client.get("session:2")) == (b"by the source", b"by the target")
    assert not source.client.exists("session:3")
    assert target.client.get("session:4") == b"made anew"
    assert (path / "copy.json").stat().st_mtime_ns == copied_at
    assert EventKind.COPIED not in [event.kind for event in told]


def test_an_earlier_runs_keys_are_refused_by_name(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    request = follow_request(*servers)
    target.client.set("uplift:follow:temporary:0123abcd.1:1", "left")
    with begun(request, tmp_path / "state") as run, pytest.raises(NotSafe) as refused:
        run.step()
    assert f"cache (127.0.0.1:{target.port}) database 0 holds keys of an earlier run: uplift:follow:temporary:0123abcd.1:1" in str(
        refused.value
    )
    assert f"`redis-cli -h 127.0.0.1 -p {target.port} -n 0 DEL uplift:follow:temporary:0123abcd.1:1`" in str(refused.value)
    target.client.flushall()
    source.client.set("uplift:follow:lease", "5:0123abcd.1")
    with (
        begun(request, tmp_path / "state") as run,
        pytest.raises(NotSafe, match=r"holds the lease of another run: .* is 5:0123abcd.1\. .*--standby"),
    ):
        run.step()
    assert (_own_keys(source), _own_keys(target)) == ([b"uplift:follow:lease"], [])


def test_what_a_copy_that_is_not_over_left_is_said_at_the_end(servers: Servers, tmp_path: Path) -> None:
    """Its marker has no TTL, and stays, so that the same command goes on."""
    request, folder = follow_request(*servers), StateFolder(tmp_path / "state")
    with begun(request, folder.path) as run:
        drive(run, until=in_sync(run))
    run_id, databases = folder.existing_state().run, sorted(folder.existing_state().databases)
    copy = read_state(folder.copy_path)
    assert copy is not None
    folder.copy_path.write_text(copy.model_copy(update={"finished": False}).model_dump_json(by_alias=True))
    marker = marker_name(copy.run)
    servers[1].client.set(marker, copy.run)
    removal = end_follow(request.source, request.targets, databases, run_id, folder.copy_path)
    assert f"cache (127.0.0.1:{servers[1].port}) database 0: {marker.decode()} of the copy that is not over" in removal.text
    assert f"`uplift clean --run {copy.run}` removes it; the data of all servers stays" in removal.text
    assert [_own_keys(server) for server in servers] == [[], [marker]]
    folder.copy_path.write_text("{")
    assert "what a copy left is not known" in end_follow(request.source, request.targets, databases, run_id, folder.copy_path).text


def test_another_engines_lease_is_joined_only_with_standby(servers: Servers, tmp_path: Path) -> None:
    with (
        begun(follow_request(*servers, stands_by=True), tmp_path / "none") as run,
        pytest.raises(NotSafe, match="--standby: no engine holds"),
    ):
        run.step()
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
    with begun(follow_request(*servers), tmp_path / "second") as second, pytest.raises(NotSafe, match="holds the lease of another run"):
        second.step()


@pytest.mark.parametrize(
    ("which", "value", "silent"),
    [
        (0, "", "no key event came back: notify-keyspace-events is empty or lacks E"),
        (1, "KA", "no key event came back: notify-keyspace-events is empty or lacks E"),
        (0, "Eg$lshx", r"has E and \$lshgx, and lacks z \(sorted sets\)"),
        (1, "Eg$lshzx", r"lacks t \(streams\)"),
        (1, "E$lshztx", r"lacks g \(commands of every type\)"),
        (0, "Eg$lshz", r"lacks x \(expired keys\)"),
    ],
)
def test_events_that_are_off_are_named(servers: Servers, tmp_path: Path, which: int, value: str, silent: str) -> None:
    servers[which].set_config("notify-keyspace-events", value)
    name = ["source", "cache"][which]
    with (
        begun(follow_request(*servers), tmp_path / "state") as run,
        pytest.raises(
            NotSafe, match=rf"^{name} \(127.0.0.1:\d+\) database 0: .*{silent}.*set notify-keyspace-events in the parameter group"
        ),
    ):
        run.step()
    assert (_own_keys(servers[0]), _own_keys(servers[1])) == ([], [])


@pytest.mark.long
def test_a_standby_takes_over_from_one_that_is_killed(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with in_a_child(follow_request(*servers, is_two_way=True), tmp_path / "first") as kill:
        led = wait_for_status(tmp_path / "first", lambda status: status.is_two_way)
        with begun(follow_request(*servers, stands_by=True), tmp_path / "second") as second:
            drive(second, until=lambda: second.status().phase is Phase.STANDING_BY and second.status().lease == led.lease)
            drive(second, until=lambda: (told := read_status(tmp_path / "first" / "status.json")) is not None and told.standby.warm == 1)
            source.client.set("session:1", "told to both")
            kill()
            source.client.set("session:2", "told to one")
            target.client.set("session:3", "told to one")
            told = drive(second, until=in_sync(second))
            assert EventKind.TOOK_OVER in [event.kind for event in told]
            status = second.status()
            assert (status.is_two_way, second.named_keys) == (True, 0)
            assert status.lease is not None
            assert status.lease.endswith(second.record.owner)
    assert [target.client.get(f"session:{number}") for number in (1, 2, 3)] == [b"told to both", b"told to one", b"told to one"]
    assert source.client.get("session:3") == b"told to one"


@pytest.mark.long
def test_a_hand_over_to_an_engine_that_is_warm(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
        with pytest.raises(RunRefused, match="no engine stands by: nothing was changed"):
            asked(first, Wish.HAND_OVER)
        with begun(follow_request(*servers, stands_by=True), tmp_path / "second") as second:
            drive(first, second, until=lambda: first.status().standby.warm == 1)
            with pytest.raises(RunRefused, match="stand by and would take over: nothing was changed"):
                asked(first, Wish.STOP, second)
            with pytest.raises(RunRefused, match="this engine stands by: nothing was changed"):
                asked(second, Wish.HAND_OVER, first)
            assert "silent now" in asked(first, Wish.HAND_OVER, second)
            drive(first, second, until=lambda: first.outcome is not None and second.status().phase is Phase.IN_SYNC)
            assert first.outcome is Outcome.HANDED_OVER
            servers[0].client.set("session:1", "after")
            drive(second, until=lambda: servers[1].client.get("session:1") == b"after")


@pytest.mark.long
def test_what_a_running_engine_is_asked(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with begun(follow_request(*servers), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        folder, revision = run.record.folder, run.status().revision
        assert asked(run, Wish.AUTHORITY, value="target") == "the target decides where nothing else can"
        assert (run.status().authority, run.status().revision) == ("target", revision + 1)

        assert asked(run, Wish.SET, name="paused", value="1") == "paused is 1"
        drive(run, until=lambda: run.status().phase is Phase.PAUSED)
        source.client.set("session:1", "while paused")
        rounds = run.status().revision, _rounds(run)
        drive(run, until=lambda: _rounds(run) > rounds[1] + 3)
        assert target.client.get("session:1") == b"first 1"
        asked(run, Wish.SET, name="paused", value="0")
        drive(run, until=lambda: target.client.get("session:1") == b"while paused")

        assert asked(run, Wish.SET, name="pass-share", value="0.5", seconds=0.5) == "pass-share is 0.5 for 0.00833333 minutes"
        assert _setting(run, "pass-share") == 0.5
        drive(run, until=lambda: _setting(run, "pass-share") == 0.1)

        seen = read_status(folder.status_path)
        assert seen is not None
        stale = [
            Request(seen.engine, seen.revision - 1, Wish.STOP),
            Request("another", seen.revision, Wish.STOP),
            Request(seen.engine, seen.revision, Wish.SET, "pass-share", "7"),
        ]
        texts = []
        for request in stale:
            with pytest.raises(RunRefused) as refused:
                _ask(run, request)
            texts.append(str(refused.value))
        assert "the run is not as it was when you looked" in texts[0]
        assert "for an engine that is gone" in texts[1]
        assert texts[2] == "pass-share=7: allowed: 0.01 to 1 (part of the time)"
        assert run.outcome is None


def _ask(run: FollowRun, request: Request) -> str:
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, run.record.folder, request)
        drive(run, until=answer.done)
        return answer.result()


def _rounds(run: FollowRun) -> int:
    assert run.following is not None
    return run.following.databases[0].round


def _setting(run: FollowRun, name: str) -> float:
    return next(one.value for one in run.status().settings if one.name == name)


def test_a_request_that_an_earlier_engine_did_not_take_is_never_done(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.make()
    (folder.requests / "1.json").write_text('{"engine": "dead", "revision": 0, "wish": "stop"}')
    (folder.requests / "2.json").write_text("not JSON")
    assert RequestBox(folder, "alive").take() is None
    answers = [(folder.requests / f"{number}.answer.json").read_text() for number in (1, 2)]
    assert "an engine that is gone" in answers[0]
    assert "not a request" in answers[1]
    with pytest.raises(RunRefused, match="no engine answered: nothing was changed"):
        ask(folder, Request("alive", 0, Wish.STOP))
    assert not (folder.requests / "3.json").exists()
    RequestBox(folder, "alive").answer(4, Answer(True, "done"))
    os.utime(folder.requests / "4.answer.json", (time.time() - 7200,) * 2)
    RequestBox(folder, "alive").forget_old()
    assert not (folder.requests / "4.answer.json").exists()


@pytest.mark.long
def test_servers_and_directories_that_must_not_be_used(servers: Servers, start_redis: StartRedis, tmp_path: Path) -> None:
    source, target = servers
    cases: list[tuple[FollowRequest, str]] = []
    replica = start_redis("3.2.6")
    replica.follow(source)
    cases.append(
        (follow_request(replica, target), "--from .* is a replica, allowed: its primary: on a replica an expired key looks deleted")
    )
    cases.append((follow_request(source, source), "is the same server as --from"))
    moved = KeyMap.model_validate(
        {
            **SESSIONS.model_dump(mode="json"),
            "rules": [
                *SESSIONS.model_dump(mode="json")["rules"],
                {"name": "jobs", "match": {"prefix": "queue:"}, "to": "cache", "action": "handover", "source": "t", "reason": "t"},
            ],
        }
    )
    cases.append((follow_request(source, target, moved), "a destination of Sidekiq's is never followed"))
    for number, (request, reason) in enumerate(cases):
        with begun(request, tmp_path / f"{number}") as run, pytest.raises(BadInput, match=reason):
            run.step()

    source.client.set("unknown", "no rule")
    with begun(follow_request(*servers), tmp_path / "state") as run:
        with pytest.raises(BadInput, match="another engine has it, allowed: one at a time"):
            FollowRun(follow_request(*servers), tmp_path / "state")
        with pytest.raises(Exception, match="1 keys match no rule of the key map"):
            drive(run, until=in_sync(run))
    other = FollowRequest(endpoint(source), (TargetUrl("cache", endpoint(replica), None),), SESSIONS)
    with pytest.raises(BadInput, match="it belongs to another follow: target cache differ"):
        FollowRun(other, tmp_path / "state")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").write_text("")
    with pytest.raises(BadInput, match="it holds something else"):
        FollowRun(follow_request(*servers), tmp_path / "full")


def test_a_target_that_is_away_at_the_start_leaves_nothing_open(servers: Servers, tmp_path: Path) -> None:
    request, path = follow_request(*servers), tmp_path / "state"
    proxy = Proxy(ProxyLoop(), "127.0.0.1", free_port(), servers[1].port)
    away = FollowRequest(request.source, (TargetUrl("cache", Endpoint("127.0.0.1", proxy.port), None),), SESSIONS)
    with begun(away, path) as run:
        drive(run, until=in_sync(run))
    with begun(away, path) as run:
        run.step()
        proxy.cut()
        with pytest.raises(SourceUnreachable):
            run.step()
        proxy.open()
    with begun(away, path) as run:
        drive(run, until=in_sync(run))
    proxy.close()


def test_keys_that_are_on_a_target_already_are_refused(servers: Servers, tmp_path: Path) -> None:
    servers[1].client.set("session:1", "somebody else's")
    with (
        begun(follow_request(*servers), tmp_path / "state") as run,
        pytest.raises(NotSafe, match=r"1 keys are on a target already.*empty the target"),
    ):
        drive(run, until=in_sync(run))
    assert servers[1].client.get("session:1") == b"somebody else's"


def test_the_status_is_one_value_in_every_form(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers, authority=Side.TARGET), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        status = run.status()
        (tmp_path / "copy").write_text(status_as_json(status))
        assert read_status(tmp_path / "copy") == status
        assert (status.authority, status.phase_seconds >= 0, status.lag.p99_ms is None or status.lag.p99_ms > 0) == ("target", True, True)


@pytest.mark.long
def test_a_class_of_events_that_is_switched_off_meanwhile(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with begun(follow_request(*servers), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        source.set_config("notify-keyspace-events", "Eg$lshx")
        told = drive(run, until=lambda: run.status().phase is Phase.DEGRADED)
        assert "source: events of the classes z are off: notify-keyspace-events must hold E and A" in told[-1].text
        assert not run.is_in_sync
        source.client.zadd("session:silent", {"m": 1})
        source.set_config("notify-keyspace-events", "EA")
        drive(run, until=in_sync(run))
        assert target.client.zscore("session:silent", "m") == 1
        source.set_config("notify-keyspace-events", "")
        drive(run, until=lambda: run.status().phase is Phase.DEGRADED)
        source.set_config("notify-keyspace-events", "EA")
        drive(run, until=in_sync(run))
        assert run.named_keys == 0


@pytest.mark.long
def test_a_source_that_is_away_for_a_while(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    proxy = Proxy(ProxyLoop(), "127.0.0.1", free_port(), source.port)
    request = FollowRequest(Endpoint("127.0.0.1", proxy.port), (TargetUrl("cache", endpoint(target), None),), SESSIONS, is_two_way=True)
    with begun(request, tmp_path / "state") as run:
        drive(run, until=lambda: run.status().is_two_way)
        proxy.cut()
        told = drive(run, until=lambda: run.status().phase is Phase.DEGRADED)
        assert EventKind.GAP in [event.kind for event in told]
        assert run.following is not None
        assert run.following.databases[0].engine is not None
        # The names of a pass cannot be asked for either.
        run.following.databases[0].engine.begin_pass()
        source.client.set("session:1", "while it was away")
        target.client.set("session:2", "while it was away")
        way_back = run.status().way_back
        assert way_back is not None
        assert not way_back.is_open
        proxy.open()
        drive(run, until=in_sync(run))
        assert (target.client.get("session:1"), source.client.get("session:2")) == (b"while it was away", b"while it was away")
        assert (run.status().gaps.count, run.named_keys) == (1, 0)
    proxy.close()


@pytest.mark.long
def test_an_engine_that_stood_by_goes_on_with_its_own_lease(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    request = follow_request(*servers, is_two_way=True)
    with begun(request, tmp_path / "state") as run:
        drive(run, until=lambda: run.status().is_two_way)
    source.client.set("session:1", "meanwhile")
    target.client.set("session:2", "meanwhile")
    with begun(follow_request(*servers, stands_by=True), tmp_path / "state") as run:
        told = drive(run, until=in_sync(run))
        assert EventKind.TOOK_OVER in [event.kind for event in told]
        assert (run.named_keys, run.status().is_two_way) == (0, True)
    assert (target.client.get("session:1"), source.client.get("session:2")) == (b"meanwhile", b"meanwhile")
