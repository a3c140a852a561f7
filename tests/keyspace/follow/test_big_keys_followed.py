"""Keys too big for a page: read in pieces beside the rounds, and equal on both sides in the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.keyspace.everything import endpoint
from tests.keyspace.follow.pair import Driven, Pair, drive, driven_in_sync
from uplift.keyspace.copy.clean import clean
from uplift.keyspace.follow import big_keys
from uplift.keyspace.follow.big_keys import Stage
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.own_keys_there import own_names_there, remove_own_keys
from uplift.keyspace.follow.own_names import TEMPORARY_PREFIX
from uplift.keyspace.server.big_key_copier import _Building
from uplift.keyspace.server.big_value_reader import BigValueReader
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.value_pieces import Piece

LIMITS = ReadLimits(value_bytes=8 * 1024, value_elements=64, piece_bytes=16 * 1024, piece_elements=100)
"""Big is small here, so that it costs little."""


@pytest.fixture
def engine(pair: Pair) -> Iterator[Driven]:
    yield from driven_in_sync(pair, limits=LIMITS)


def fill(client: Any, draws: random.Random, prefix: str = "big") -> None:
    raw = client.execute_command
    client.set(f"{prefix}:string", draws.randbytes(100_000))
    client.rpush(f"{prefix}:list", *[draws.randbytes(40) for _ in range(700)])
    client.sadd(f"{prefix}:set", *[draws.randbytes(12) for _ in range(700)])
    client.sadd(f"{prefix}:numbers", *range(700))
    raw("HMSET", f"{prefix}:hash", *[draws.randbytes(20) for _ in range(1_400)])
    raw("ZADD", f"{prefix}:zset", *[part for number in range(700) for part in (draws.uniform(-1e9, 1e9), f"member{number}")])
    client.expire(f"{prefix}:hash", 5_000)


def whole(engine: Driven) -> None:
    engine.settle()
    assert engine.engine.big.under_way is None


@pytest.mark.parametrize("side", list(Side))
def test_each_type_comes_to_the_other_side(pair: Pair, engine: Driven, side: Side) -> None:
    fill(pair.side(side).client, random.Random(1))
    whole(engine)
    assert pair.differing() == []
    assert pair.names(side.other) == pair.names(side)
    assert engine.named == {}
    assert not list(pair.source.client.scan_iter("uplift:*temporary:*"))
    assert not list(pair.target.client.scan_iter("uplift:*temporary:*"))


def test_one_element_more_comes_over_and_a_life_too(pair: Pair, engine: Driven) -> None:
    fill(pair.source.client, random.Random(2))
    whole(engine)
    pair.target.client.rpush("big:list", "more")
    pair.source.client.persist("big:hash")
    pair.source.client.hset("big:hash", "more", "v")
    pair.target.client.expire("big:zset", 4_000)
    whole(engine)
    assert pair.differing() == []
    assert pair.source.client.llen("big:list") == 701
    assert pair.target.client.ttl("big:hash") == -1
    assert pair.source.client.ttl("big:zset") > 0
    assert engine.named == {}


@pytest.mark.parametrize("side", list(Side))
def test_a_hot_one_is_equal_once_it_is_quiet_and_others_are_not_kept_waiting(pair: Pair, engine: Driven, side: Side) -> None:
    hot, other = pair.side(side).client, pair.side(side.other).client
    fill(hot, random.Random(3))
    for number in range(150):
        hot.rpush("big:list", number)
        if number % 50 == 0:
            hot.set("small", number)
        engine.step(0.001)
    engine.until(lambda: other.get("small") == b"100", most=100)
    whole(engine)
    assert pair.differing() == []
    assert other.llen("big:list") == 850
    assert engine.named == {}


def at_stage(engine: Driven, key: bytes, stage: Stage) -> Callable[[], bool]:
    def is_there() -> bool:
        under_way = engine.engine.big.under_way
        return under_way is not None and under_way.key == key and under_way.stage is stage

    return is_there


@pytest.mark.parametrize("stage", [Stage.WATCHED, Stage.LOOKING, Stage.WRITING])
@pytest.mark.parametrize("what", ["deleted", "becomes small", "another type", "one more"])
def test_a_change_while_it_is_under_way_is_not_lost(pair: Pair, engine: Driven, stage: Stage, what: str) -> None:
    client = pair.source.client
    client.rpush("big", *[b"x" * 40] * 2_000)
    engine.until(at_stage(engine, b"big", stage))
    match what:
        case "deleted":
            client.delete("big")
        case "becomes small":
            client.ltrim("big", 0, 2)
        case "another type":
            client.delete("big")
            client.set("big", "a string now")
        case _:
            client.rpush("big", "more")
    whole(engine)
    assert pair.differing() == []
    assert pair.target.client.exists("big") == client.exists("big")
    assert engine.named == {}


def test_a_write_of_the_other_side_while_it_is_under_way_is_not_run_over(pair: Pair, engine: Driven) -> None:
    """It is a conflict of two writes then, and one of them is the value of both."""
    pair.source.client.rpush("big", *[b"x" * 40] * 2_000)
    engine.until(at_stage(engine, b"big", Stage.WRITING))
    pair.target.client.set("big", "written meanwhile")
    whole(engine)
    assert pair.differing() == []


@pytest.mark.parametrize("side", list(Side))
def test_it_grows_from_small_and_becomes_small_again(pair: Pair, engine: Driven, side: Side) -> None:
    client, other = pair.side(side).client, pair.side(side.other).client
    client.rpush("k", "a")
    engine.settle()
    client.rpush("k", *range(500))
    whole(engine)
    assert other.llen("k") == 501
    client.ltrim("k", 0, 9)
    whole(engine)
    assert other.llen("k") == 10
    client.delete("k")
    whole(engine)
    assert other.exists("k") == 0
    assert pair.differing() == []
    assert engine.named == {}


def test_a_pass_over_big_ones_that_are_equal_writes_nothing(pair: Pair, engine: Driven) -> None:
    fill(pair.source.client, random.Random(4))
    whole(engine)
    written = engine.engine.totals.written
    engine.pass_over()
    assert engine.engine.totals.written == written
    assert pair.differing() == []
    assert not {key for step in engine.steps for key in step.unexplained}


@pytest.mark.parametrize("side", list(Side))
def test_one_that_changed_without_an_event_is_found_by_the_pass(pair: Pair, engine: Driven, side: Side) -> None:
    fill(pair.source.client, random.Random(5))
    whole(engine)
    client: Any = pair.side(side).client
    client.restore("big:list", 0, client.dump("big:set"), replace=True)
    engine.pass_over()
    assert pair.differing() == []
    assert pair.side(side.other).client.type("big:list") == b"set"
    assert engine.named == {}


def test_a_full_target_takes_it_once_there_is_room(pair: Pair, engine: Driven) -> None:
    pair.target.set_config("maxmemory-policy", "noeviction")
    pair.target.set_config("maxmemory", "1000")
    fill(pair.source.client, random.Random(6))
    for _ in range(50):
        engine.step()
    pair.target.set_config("maxmemory", "0")
    whole(engine)
    assert pair.differing() == []
    assert engine.named == {}


def test_what_a_killed_engine_left_of_it_goes_at_the_end_and_not_with_what_copies_left(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """`uplift clean` must leave alone what a follow that runs is building, and `uplift follow stop` must find it."""
    monkeypatch.setattr(big_keys, "drain", lambda *_arguments, **_options: None)
    engine = drive(pair, "one.1", limits=LIMITS)
    engine.in_sync()
    pair.source.client.rpush("big", *[b"x" * 40] * 2_000)
    whole(engine)
    pair.source.client.rpush("big", "more")
    whole(engine)
    engine.member.close()
    left = TEMPORARY_PREFIX + b"one.1:new:old"
    with connected(endpoint(pair.target)) as connection:
        facts = read_server_facts(connection)
        assert clean(connection, facts, "", dry_run=False) == 0
        assert left in list(own_names_there(connection))
        remove_own_keys(connection, facts, "another")
        assert pair.target.client.exists(left)
        remove_own_keys(connection, facts, "one")
    assert list(pair.target.client.scan_iter("uplift:*")) == []


def test_what_was_lost_of_it_while_it_was_built_is_not_swapped_in(pair: Pair, engine: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is being built has a TTL: a policy that evicts by TTL takes it first, and the next piece makes it anew, without its beginning."""
    lost: list[int] = []
    add = _Building.add

    def add_and_lose(building: _Building, piece: Piece) -> None:
        add(building, piece)
        if not lost:
            deadline = time.monotonic() + 10
            while not pair.target.client.exists(building.name):
                assert time.monotonic() < deadline, "nothing was built"
            lost.append(pair.target.client.delete(building.name))

    monkeypatch.setattr(_Building, "add", add_and_lose)
    pair.source.client.rpush("big", *range(2_000))
    whole(engine)
    assert lost == [1]
    assert (pair.source.client.llen("big"), pair.target.client.llen("big")) == (2_000, 2_000)
    assert engine.named == {}


@pytest.mark.parametrize("side", list(Side))
def test_a_table_in_the_middle_of_rehashing_is_not_taken_for_a_change(pair: Pair, engine: Driven, side: Side) -> None:
    """Big by its bytes, and small enough by its elements to have a page's token: that of a DUMP whose order stays."""
    client = pair.side(side).client
    elements = [f"{number}:" + "x" * 400 for number in range(60)]
    for count in range(33, 60):
        client.delete("k")
        client.sadd("k", *elements[:count])
        whole(engine)
        engine.pass_over()
        client.set("k", "y" * 20_000)
        whole(engine)
        assert (engine.named, pair.differing()) == ({}, []), count


@pytest.mark.parametrize("side", list(Side))
def test_a_life_that_ends_while_it_is_read_is_not_taken_for_a_change(
    pair: Pair, engine: Driven, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side was written, so both are read: half a value whose life was over before its last piece is no write of anybody."""
    ended: list[int] = []
    digest = BigValueReader.digest

    def digest_until_it_is_over(reader: BigValueReader, name: bytes, kind: bytes) -> tuple[object, ...]:
        parts = digest(reader, name, kind)
        if not ended and engine.engine.big.under_way is not None and pair.side(side.other).client.llen("big") == 300:
            wait_until_gone(pair.side(side).client)
            ended.append(1)
            return digest(reader, name, kind)
        return parts

    together: Any = pair.side(side.other).client.pipeline()
    together.rpush("big", *range(200)).pexpire("big", 1_500).execute()
    whole(engine)
    monkeypatch.setattr(BigValueReader, "digest", digest_until_it_is_over)
    together.persist("big").rpush("big", *range(100)).execute()
    whole(engine)
    assert ended
    assert (engine.named, pair.differing()) == ({}, [])
    assert pair.side(side).client.llen("big") == 300


def wait_until_gone(client: Any) -> None:
    deadline = time.monotonic() + 10
    while client.exists("big"):
        assert time.monotonic() < deadline, "its life was not over"
