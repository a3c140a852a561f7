"""One engine on two real servers that are flushed, full, silent, cut off, or cannot hold a key: it goes on, and names what cannot come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.keyspace.follow.pair import Driven, Pair, drive, start_pair, write_all
from uplift.errors import SourceUnreachable, TargetRefused, UpliftError
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.own_names import CANARY, LEASE
from uplift.keyspace.follow.pace import PACES
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.replies import ErrorReply


@pytest.mark.parametrize("side", list(Side))
def test_a_flush_is_refilled_from_the_other_side(pair: Pair, engine: Driven, side: Side) -> None:
    write_all(pair.source.client, "k")
    engine.settle()
    pair.side(side).client.flushall()
    engine.until(lambda: any(server.gaps.resets for server in engine.member.streams.servers))
    engine.until(lambda: all(server.gaps.are_over for server in engine.member.streams.servers))
    engine.settle()
    assert pair.differing() == []
    assert pair.side(side).client.get("k:string") == b"v"
    assert engine.named == {}


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("own", [LEASE, CANARY])
def test_own_keys_that_were_deleted_come_back_and_nothing_is_refilled(pair: Pair, engine: Driven, side: Side, own: bytes) -> None:
    """On a server of volatile-lru they are evicted first where no other key has a TTL."""
    write_all(pair.source.client, "k")
    engine.settle()
    pair.side(side).client.delete(own)
    pair.side(side).client.delete("k:string")
    engine.until(lambda: pair.side(side).client.exists(own) == 1)
    engine.settle()
    assert pair.differing() == []
    assert pair.side(side).client.get("k:string") is None, "it was deleted, by an event"
    assert engine.named == {}
    assert all(not server.gaps.resets for server in engine.member.streams.servers)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("setting", ["", "E$lshzx", "KA"])
def test_events_that_are_off_are_found_by_the_round_and_made_good_by_a_pass(pair: Pair, engine: Driven, side: Side, setting: str) -> None:
    write_all(pair.source.client, "k")
    engine.settle()
    pair.side(side).set_config("notify-keyspace-events", setting)
    pair.side(side).client.set("k:string", "told by nobody")
    pair.side(side).client.delete("k:list")
    before = len(engine.problems)
    engine.until(lambda: len(engine.problems) > before + 3)
    assert "notify-keyspace-events must hold E and A" in engine.problems[-1]
    assert side.name.lower() in engine.problems[-1]
    pair.side(side).set_config("notify-keyspace-events", "EA")
    engine.until(lambda: all(server.gaps.are_over for server in engine.member.streams.servers))
    engine.settle()
    assert pair.differing() == []
    assert pair.source.client.get("k:string") == b"told by nobody"
    assert pair.source.client.exists("k:list") == 0
    assert engine.named == {}


@pytest.mark.parametrize("side", list(Side))
def test_one_class_of_events_that_is_off_is_named_and_made_good(pair: Pair, engine: Driven, side: Side) -> None:
    write_all(pair.source.client, "k")
    engine.settle()
    pair.side(side).set_config("notify-keyspace-events", "Eg$lsztxe" if side is Side.TARGET else "Eg$lszxe")
    pair.side(side).client.hset("k:wide", "field0", "told by nobody")
    engine.until(lambda: any("classes h" in problem for problem in engine.problems))
    pair.side(side).set_config("notify-keyspace-events", "EA")
    engine.until(lambda: all(server.gaps.are_over for server in engine.member.streams.servers) and engine.steps[-1].problem is None)
    engine.settle()
    assert pair.differing() == []
    assert pair.side(side.other).client.hget("k:wide", "field0") == b"told by nobody"
    assert engine.named == {}


@pytest.mark.parametrize("side", list(Side))
def test_a_full_server_refuses_and_gets_everything_once_it_has_room(pair: Pair, engine: Driven, side: Side) -> None:
    full = pair.side(side)
    pair.source.client.set("kept", "v")
    engine.settle()
    full.set_config("maxmemory-policy", "noeviction")
    full.set_config("maxmemory", "1000")
    write_all(pair.side(side.other).client, "k")
    pair.side(side.other).client.delete("kept")
    engine.until(lambda: engine.engine.totals.refused > 0)
    assert engine.named == {}
    full.set_config("maxmemory", "0")
    engine.settle()
    assert pair.differing() == []
    assert engine.named == {}


def test_a_key_whose_form_the_other_side_cannot_hold_is_named_and_the_rest_goes_on(start_redis: StartRedis) -> None:
    """Fields with a life of their own, and types that 3.2 does not have."""
    pair = start_pair(start_redis, "8.2.3", "5.0.6")
    driven = drive(pair)
    driven.in_sync()
    raw: Any = pair.source.client.execute_command
    raw("HSET", "session", "token", "v")
    raw("HPEXPIRE", "session", "600000", "FIELDS", "1", "token")
    write_all(pair.source.client, "k")
    driven.settle()
    assert set(driven.named) == {b"session"}
    assert "cannot hold it" in driven.named[b"session"]
    assert pair.differing() == [b"session"]
    raw("DEL", "session")
    raw("HSET", "session", "token", "v")
    driven.settle()
    assert pair.differing() == []
    driven.member.close()


def test_a_stream_cannot_go_to_a_server_without_them(pair: Pair, engine: Driven) -> None:
    pair.target.client.xadd("stream", {"a": "1"})
    pair.target.client.set("k", "v")
    engine.settle()
    assert set(engine.named) == {b"stream"}
    assert pair.differing() == [b"stream"]
    pair.target.client.delete("stream")
    engine.settle()
    assert pair.differing() == []


@pytest.mark.parametrize("side", list(Side))
def test_a_scan_whose_connection_breaks_begins_again(pair: Pair, side: Side) -> None:
    """Steps raise for nothing that comes and goes."""
    for number in range(2_000):
        pair.source.client.set(f"k{number}", "v")
    driven = drive(pair)
    driven.until(lambda: driven.engine.passes._scan is not None and driven.engine.passes._scan.server.side is side)
    killed = _kill_scans(pair.side(side).client)
    assert killed
    driven.in_sync()
    assert pair.differing() == []
    driven.member.close()


@pytest.mark.parametrize(
    "problem", [SourceUnreachable("no such server"), TargetRefused("another server now"), ErrorReply("ERR max number of clients")]
)
def test_a_scan_that_cannot_go_on_is_a_problem_and_ends_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch, problem: UpliftError) -> None:
    """The server failed over, or went away, between two pages."""
    pair.source.client.set("k", "v")
    driven = drive(pair)
    next_keys = driven.engine.passes.next_keys
    raised: list[UpliftError] = []

    def fails_once(is_to_compare: Callable[[bytes], bool], room: int) -> Iterator[tuple[bytes, Rule]]:
        if not raised:
            raised.append(problem)
            raise problem
        yield from next_keys(is_to_compare, room)

    monkeypatch.setattr(driven.engine.passes, "next_keys", fails_once)
    driven.in_sync()
    assert driven.problems == [str(problem)]
    assert pair.differing() == []
    driven.member.close()


def _kill_scans(client: Any) -> int:
    killed = 0
    for one in client.client_list():
        if one["cmd"] == "scan":
            client.client_kill(one["addr"])
            killed += 1
    return killed


@pytest.mark.parametrize("side", list(Side))
def test_connections_that_are_cut_are_made_again(pair: Pair, engine: Driven, side: Side) -> None:
    write_all(pair.source.client, "k")
    engine.settle()
    client = pair.side(side).client
    for one in client.client_list():
        if one["name"] and one["cmd"] != "client":
            client.client_kill(one["addr"])
    pair.source.client.set("k:string", "2")
    pair.target.client.rpush("k:list", "2")
    engine.until(
        lambda: (
            all(server.gaps.are_over and server.is_ready for server in engine.member.streams.servers) and engine.server(side).gap_count > 0
        )
    )
    engine.settle()
    assert pair.differing() == []
    assert pair.target.client.get("k:string") == b"2"
    assert pair.source.client.llen("k:list") == 4
    assert engine.named == {}


def test_what_was_written_goes_before_a_pass_which_still_goes_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the floor an application's keys take the round, and the pass a fifth of one."""
    driven = drive(pair)
    driven.in_sync()
    engine = driven.engine
    asked: list[int] = []
    next_keys = engine.passes.next_keys

    def looked_at(is_to_compare: Callable[[bytes], bool], room: int) -> Iterator[tuple[bytes, Rule]]:
        asked.append(room)
        yield from next_keys(is_to_compare, room)

    monkeypatch.setattr(engine.passes, "next_keys", looked_at)
    engine.pace = PACES[-1]
    for number in range(3 * PACES[-1].most_keys):
        pair.source.client.set(f"k:{number}", "v")
    while len(engine.dirty) < 3 * PACES[-1].most_keys:
        engine.drain(60.0)
    engine.begin_pass()
    read = engine.step().read
    assert (read, asked) == (PACES[-1].most_keys, [PACES[-1].most_keys // 5])
    driven.member.close()


@pytest.mark.parametrize("side", list(Side))
def test_a_key_that_was_deleted_right_before_a_failover_stays_deleted(pair: Pair, engine: Driven, side: Side) -> None:
    """The replica that is promoted had not heard of it yet. Nothing is kept of a key that is on neither side, save when it went."""
    server, other = pair.side(side), pair.side(side.other)
    other.client.set("k", "v")
    engine.settle()
    engine.pass_over()
    # As after seconds: the pass is longer ago than what a failover may take away.
    engine.server(side)._recent_rounds.clear()
    other.client.delete("k")
    engine.settle()
    assert server.client.get("k") is None
    server.set_config("notify-keyspace-events", "")
    server.client.set("k", "v")
    server.set_config("notify-keyspace-events", "EA")
    followed = engine.server(side)
    followed.open_gap()
    followed.take_reset(ResetKind.FAILOVER)
    engine.until(lambda: not followed.gaps.resets)
    engine.settle()
    assert (server.client.get("k"), other.client.get("k"), engine.named) == (None, None, {})
