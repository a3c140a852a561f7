"""One engine on two real servers, driven step by step: what each side does comes to the other one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.keyspace.everything import read
from tests.keyspace.follow.pair import ONE_WAY, Driven, Pair, drive, write_all
from uplift.keyspace.follow.key_state import Side


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
    driven.engine.targets_serve = True
    driven.step()
    assert (foreign.writes, foreign.clients, foreign.last_at) == (0, (), None), "applications use it now"
    assert pair.differing() == []
    assert pair.target.client.get("k") == b"source"
    writer.close()
    driven.member.close()
