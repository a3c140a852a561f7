"""A run that is killed, handed over, cut off from a server, or told no events: it goes on, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint as Proxy
from rehearsal.cloud.elasticache.endpoint_proxy import ProxyLoop
from rehearsal.cloud.elasticache.redis_server import free_port
from tests.keyspace.everything import endpoint
from tests.keyspace.follow.driven import (
    SESSIONS,
    Servers,
    asked,
    begun,
    drive,
    follow_request,
    in_a_child,
    in_sync,
    own_keys,
    wait_for_status,
)
from uplift.errors import RunRefused
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.requests import Wish
from uplift.keyspace.follow.run_events import EventKind
from uplift.keyspace.follow.run_step import Outcome
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.follow.status import read_status
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.source_and_targets import TargetUrl


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
    copied = target.client.dbsize() - len(own_keys(target))
    assert copied == source.client.dbsize() - len(own_keys(source)) - 1
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
def test_one_that_led_before_and_comes_back_to_stand_by_hears_the_one_that_leads_now(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
        with begun(follow_request(*servers, stands_by=True), tmp_path / "second") as second:
            drive(first, second, until=lambda: first.status().standby.warm == 1)
            first.close()
            drive(second, until=in_sync(second))
            with begun(follow_request(*servers, stands_by=True), tmp_path / "first") as again:
                drive(second, again, until=lambda: second.status().standby.warm == 1)
                assert again.status().phase is Phase.STANDING_BY
                assert second.outcome is None


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
