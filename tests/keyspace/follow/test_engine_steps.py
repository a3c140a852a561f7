"""One engine on two real servers, driven step by step: what each side does comes to the other one, and what cannot is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import read
from tests.keyspace.follow.pair import ONE_WAY, Driven, Pair, drive, start_pair
from uplift.errors import SourceUnreachable, TargetRefused, UpliftError
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.own_names import CANARY, LEASE
from uplift.keyspace.follow.pace import PACES
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.replies import ErrorReply

pytestmark = pytest.mark.usefixtures("start_redis")


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    return start_pair(start_redis)


@pytest.fixture
def engine(pair: Pair) -> Iterator[Driven]:
    driven = drive(pair)
    driven.in_sync()
    yield driven
    driven.member.close()


def write_all(client: Any, prefix: str) -> None:
    """One key of each type, by the commands applications use."""
    client.set(f"{prefix}:string", "v")
    client.set(f"{prefix}:binary", bytes(range(256)))
    client.set(f"{prefix}:life", "v", px=600_000)
    client.incrby(f"{prefix}:number", 7)
    client.rpush(f"{prefix}:list", "a", "b", "c")
    client.sadd(f"{prefix}:set", 1, 2, 3)
    client.sadd(f"{prefix}:words", "a", "b")
    client.hset(f"{prefix}:hash", "field", "v")
    client.execute_command("HMSET", f"{prefix}:wide", *[part for number in range(100) for part in (f"field{number}", "v" * 80)])
    client.zadd(f"{prefix}:zset", {"a": 1.5, "b": float("-inf")})
    client.pfadd(f"{prefix}:visitors", *range(100))
    client.expire(f"{prefix}:hash", 5_000)
    client.set(f"{prefix} with spaces \x00", "v")


@pytest.mark.parametrize("side", list(Side))
def test_one_write_of_each_type_comes_to_the_other_side(pair: Pair, engine: Driven, side: Side) -> None:
    write_all(pair.side(side).client, "k")
    engine.settle()
    assert pair.differing() == []
    assert read(pair.side(side.other).client, b"k:list") == (b"list", [b"a", b"b", b"c"], None)
    assert (engine.named, engine.engine.totals.conflicts) == ({}, {})


def _rename(client: Any) -> None:
    client.rename("k:string", "k:renamed")
    client.rename("k:list", "k:set")


def _multi(client: Any) -> None:
    at_once = client.pipeline(transaction=True)
    at_once.set("k:string", "2").delete("k:list").rpush("k:list", "other").rename("k:zset", "k:moved").expire("k:moved", 1_000)
    at_once.execute()


SINGLE: dict[str, Callable[[Any], object]] = {
    "a deletion": lambda client: client.delete("k:string", "k:hash"),
    "the last element": lambda client: (client.lpop("k:list"), client.lpop("k:list"), client.lpop("k:list")),
    "a life": lambda client: client.expire("k:string", 5_000),
    "a longer life": lambda client: client.expire("k:hash", 9_000),
    "a life that is over": lambda client: client.pexpireat("k:list", 1_000),
    "a life and a value": lambda client: client.set("k:life", "v2", px=1_200_000),
    "a life that ends with a value": lambda client: client.set("k:life", "v2"),
    "a rename": _rename,
    "a transaction": _multi,
    "a script": lambda client: client.eval("redis.call('SET', KEYS[1], 'x') redis.call('SADD', KEYS[2], 'x')", 2, "k:string", "k:words"),
    "another type": lambda client: (client.delete("k:string"), client.rpush("k:string", "a")),
    "a store": lambda client: client.sunionstore("k:list", "k:set", "k:words"),
    "a bit": lambda client: client.setbit("k:string", 1_000, 1),
}


@pytest.mark.parametrize("side", list(Side))
def test_each_thing_an_application_does_comes_to_the_other_side(pair: Pair, engine: Driven, side: Side) -> None:
    for what, do in SINGLE.items():
        client = pair.side(side).client
        for key in list(client.scan_iter("k*")):
            client.delete(key)
        write_all(client, "k")
        engine.settle()
        assert pair.differing() == [], f"before {what}"
        do(client)
        engine.settle()
        assert pair.differing() == [], what
    assert (engine.named, engine.engine.totals.conflicts) == ({}, {})


@pytest.mark.parametrize("side", list(Side))
def test_what_no_event_tells_of_is_found_by_the_pass(pair: Pair, engine: Driven, side: Side) -> None:
    """PERSIST and RESTORE say nothing before Redis 6.2."""
    client: Any = pair.side(side).client
    client.set("k", "v", px=600_000)
    client.set("other", "v")
    engine.settle()
    payload = client.dump("other")
    client.persist("k")
    client.restore("restored", 0, payload)
    engine.settle()
    assert sorted(pair.differing()) == [b"k", b"restored"], "nobody told"
    engine.pass_over()
    assert pair.differing() == []
    assert engine.engine.passes.done is not None
    assert engine.named == {}
    assert {key for step in engine.steps for key in step.unexplained} == {b"k", b"restored"}
    assert pair.side(side.other).client.pttl("k") == -1


def test_a_key_that_expires_is_deleted_by_nobody(pair: Pair, engine: Driven) -> None:
    pair.source.client.set("k", "v", px=60)
    engine.settle()
    engine.until(lambda: pair.source.client.exists("k") == 0 and pair.target.client.exists("k") == 0)
    engine.settle()
    assert [server.client.info("stats")["expired_keys"] for server in (pair.source, pair.target)] == [1, 1], "each by itself"
    assert pair.differing() == []
    assert engine.named == {}


def test_what_both_sides_wrote_is_a_conflict_and_counted(pair: Pair, engine: Driven) -> None:
    pair.source.client.set("k", "source")
    pair.target.client.set("k", "target")
    engine.settle()
    assert pair.differing() == []
    assert pair.source.client.get("k") in {b"source", b"target"}
    assert sum(engine.engine.totals.conflicts.values()) == 1
    assert engine.named == {}


def test_the_later_write_wins_where_rounds_say_which_it_is(pair: Pair) -> None:
    """Three rounds apart, while the key itself is held back by nobody: the engine's reads are the only thing between."""
    driven = drive(pair)
    driven.in_sync()
    for side in Side:
        pair.side(side).client.set("k", "first")
        pair.side(side.other).client.set("k", f"later, on {side.other.name}")
        # One step each decides; what was read before the second write is compared again by the apply script.
        driven.settle()
        assert pair.differing() == []
    driven.member.close()


def test_one_way_the_source_is_right_and_a_foreign_writer_is_named_with_its_client(pair: Pair) -> None:
    driven = drive(pair, policy=ONE_WAY)
    driven.in_sync()
    pair.source.client.set("k", "source")
    driven.settle()
    assert driven.engine.foreign[0].writes == 0, "what this engine writes is not foreign"
    writer = pair.target.connect()
    writer.client_setname("old-worker")
    writer.set("k", "target")
    writer.set("only there", "v")
    driven.settle()
    foreign = driven.engine.foreign[0]
    assert foreign.writes == 2
    assert foreign.since is not None
    assert [(client.name, client.last_command) for client in foreign.clients if client.name] == [("old-worker", "set")]
    assert pair.differing() == []
    assert pair.target.client.get("k") == b"source"
    writer.close()
    driven.member.close()


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
