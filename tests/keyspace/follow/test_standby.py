"""An engine that stands by: what it knows, when it may take over, and what it then goes on with; and one that does not know it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.follow.pair import ONE_WAY, Driven, Pair, drive, start_pair
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.interruptions import Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease, Raise, epoch_of, owner_of, raise_lease
from uplift.keyspace.follow.own_names import LEASE


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    return start_pair(start_redis)


@contextmanager
def two(pair: Pair) -> Iterator[tuple[Driven, Driven]]:
    """One that writes and is in sync, and one that stands by, which has heard nothing yet."""
    active, standby = drive(pair, "one"), drive(pair, "two", stands_by=True)
    active.in_sync()
    yield active, standby
    active.member.close()
    standby.member.close()


def is_warm(standby: Driven) -> bool:
    return standby.member.standby is not None and standby.member.standby.is_warm


def warm(active: Driven, standby: Driven) -> None:
    active.until(lambda: is_warm(standby), beside=standby)


def complete(active: Driven, standby: Driven) -> None:
    warm(active, standby)
    for _ in range(2):
        active.pass_over(beside=standby)
    # What the last pass came to is told with a marker of the next round.
    active.until(lambda: standby.member.streams.pasts.base.is_complete, beside=standby)


def promoted(standby: Driven) -> None:
    """The other one is not stepped any more: silence, and then this one writes."""
    standby.until(lambda: standby.member.engine is not None)


def lease_of(server: RedisServer) -> bytes:
    text = server.client.get(LEASE)
    assert isinstance(text, bytes)
    return text


def holders(pair: Pair) -> list[str]:
    return [owner_of(lease_of(server)) for server in (pair.source, pair.target)]


def test_it_gets_warm_and_does_nothing_while_the_other_one_lives(pair: Pair) -> None:
    with two(pair) as (active, standby):
        assert not is_warm(standby)
        warm(active, standby)
        pair.source.client.set("k", "v")
        active.settle(beside=standby)
        assert holders(pair) == ["one", "one"]
        assert standby.member.engine is None
        standby.until(lambda: not any(len(server.events.touches) for server in standby.member.streams.servers), beside=active)
        assert standby.member.streams.pasts.base.get(b"k") is not None, "from the end it heard"


def test_its_base_is_complete_two_passes_later(pair: Pair) -> None:
    for number in range(50):
        pair.source.client.set(f"k{number}", "v")
    with two(pair) as (active, standby):
        warm(active, standby)
        assert not standby.member.streams.pasts.base.is_complete
        complete(active, standby)
        mine, its = active.member.streams.pasts, standby.member.streams.pasts
        assert its.base.entries == mine.base.entries == 50
        for number in range(50):
            here, there = mine.past_of(b"k%d" % number), its.past_of(b"k%d" % number)
            assert [state and state.token for state in here.states] == [state and state.token for state in there.states]
        assert its.past_of(b"never there").round is not None


def test_a_warm_one_takes_over_and_names_nothing(pair: Pair) -> None:
    for number in range(50):
        pair.source.client.set(f"k{number}", "v")
    with two(pair) as (active, standby):
        complete(active, standby)
        epoch = epoch_of(lease_of(pair.source))
        # Nobody carries these before the other one takes over.
        pair.source.client.set("k1", "by the source")
        pair.target.client.set("k2", "by the target")
        pair.source.client.delete("k3")
        pair.target.client.expire("k4", 5_000)
        promoted(standby)
        assert holders(pair) == ["two", "two"]
        assert epoch_of(lease_of(pair.source)) > epoch
        standby.settle()
        assert pair.differing() == []
        assert (pair.target.client.get("k1"), pair.source.client.get("k2")) == (b"by the source", b"by the target")
        assert (pair.target.client.exists("k3"), pair.source.client.ttl("k4") > 0) == (0, True)
        assert standby.named == {}
        assert standby.engine.totals.conflicts == {}
        assert all(not server.gaps.resets for server in standby.member.streams.servers)


def test_a_cold_one_begins_with_a_gap_on_every_side_and_loses_nothing(pair: Pair) -> None:
    for number in range(20):
        pair.source.client.set(f"k{number}", "v")
    active = drive(pair, "one")
    active.in_sync()
    active.member.close()
    pair.source.client.set("k1", "nobody was there")
    standby = drive(pair, "two", stands_by=True)
    assert not is_warm(standby)
    promoted(standby)
    assert all(not server.gaps.are_over for server in standby.member.streams.servers)
    standby.in_sync()
    assert pair.differing() == []
    assert set(standby.named) <= {b"k1"}, "both hold the rest, and only of this one it is not known who is right"
    standby.member.close()


def test_one_that_was_taken_over_from_is_fenced_and_writes_nothing(pair: Pair) -> None:
    """It was stopped in the middle, with its reading in hand, and wakes up when another one writes."""
    held: list[Driven] = []

    def while_it_was_stopped(name: str) -> None:
        if name == "decided" and held:
            standby = held.pop()
            promoted(standby)
            pair.source.client.set("k", "newer")
            standby.settle()
            assert pair.target.client.get("k") == b"newer"

    active, standby = drive(pair, "one", stop_point=while_it_was_stopped), drive(pair, "two", stands_by=True)
    active.in_sync()
    warm(active, standby)
    pair.source.client.set("k", "older")
    held.append(standby)
    with pytest.raises(Fenced):
        active.until(lambda: False, most=50)
    assert not held
    assert pair.target.client.get("k") == b"newer"
    assert holders(pair) == ["two", "two"]
    standby.settle()
    assert pair.differing() == []
    assert standby.named == {}
    active.member.close()
    standby.member.close()


def test_one_that_may_stand_by_does_so_when_it_is_fenced(pair: Pair) -> None:
    first, second = drive(pair, "one", stands_by=True), drive(pair, "two", stands_by=True)
    promoted(first)
    first.in_sync(beside=second)
    warm(first, second)
    promoted(second)
    first.until(lambda: first.member.engine is None, most=50)
    pair.source.client.set("k", "v")
    second.settle(beside=first)
    second.until(lambda: is_warm(first), beside=first)
    assert pair.differing() == []
    assert (first.member.takeovers, second.member.takeovers) == (1, 1)
    first.member.close()
    second.member.close()


def test_two_that_stand_by_do_not_both_write(pair: Pair) -> None:
    engines = [drive(pair, name, stands_by=True) for name in ("one", "two", "three")]
    for _ in range(2_000):
        for engine in engines:
            engine.step()
        writing = [engine for engine in engines if engine.member.engine is not None]
        if writing and writing[0].engine.totals.rounds > 20:
            break
    pair.source.client.set("k", "v")
    for _ in range(30):
        for engine in engines:
            engine.step()
    writing = [engine for engine in engines if engine.member.engine is not None]
    assert len(writing) == 1
    assert holders(pair) == [writing[0].member.owner] * 2
    assert pair.target.client.get("k") == b"v"
    for engine in engines:
        engine.member.close()


def flushed(server: FollowedServer) -> bool:
    return any(reset.kind is ResetKind.FLUSH for reset in server.gaps.resets)


@pytest.mark.parametrize("side", list(Side))
def test_a_flush_that_the_raise_alone_saw_is_refilled(pair: Pair, side: Side) -> None:
    """Between the last marker of the one and the raise of the other no reading could see it."""
    pair.source.client.set("k", "v")
    with two(pair) as (active, standby):
        complete(active, standby)
        pair.side(side).client.flushall()
        promoted(standby)
        assert [flushed(server) for server in standby.member.streams.servers] == [side is Side.SOURCE, side is Side.TARGET]
        standby.in_sync()
        assert pair.differing() == []
        assert pair.side(side).client.get("k") == b"v"
        assert standby.named == {}


@pytest.mark.parametrize("side", list(Side))
def test_a_flush_that_the_dead_one_had_answered_by_a_raise_is_refilled(pair: Pair, side: Side) -> None:
    """It recreated the lease and died before it told of the flush: the raise itself says that nobody had it."""
    for number in range(5):
        pair.source.client.set(f"k{number}", "v")
    died: list[str] = []

    class Died(Exception):
        pass

    def dies(name: str) -> None:
        if name == "leases raised" and died:
            raise Died

    active, standby = drive(pair, "one", stop_point=dies), drive(pair, "two", stands_by=True)
    active.in_sync()
    complete(active, standby)
    died.append("at its next raise")
    pair.side(side).client.flushall()
    with pytest.raises(Died):
        active.until(lambda: False, most=200)
    assert pair.side(side).client.exists(LEASE) == 1
    promoted(standby)
    standby.in_sync()
    assert pair.differing() == []
    assert len(list(pair.source.client.scan_iter("k*"))) == 5
    assert standby.named == {}
    standby.member.close()
    active.member.close()


@pytest.mark.parametrize("side", list(Side))
def test_a_stream_that_broke_makes_it_cold_until_it_knows_all_again(pair: Pair, side: Side) -> None:
    with two(pair) as (active, standby):
        complete(active, standby)
        standby.server(side).stop_listening("cut")
        standby.step()
        assert not is_warm(standby)
        assert standby.member.streams.pasts.base.entries == 0
        warm(active, standby)
        assert not standby.member.streams.pasts.base.is_complete
        complete(active, standby)


def test_what_a_round_that_broke_off_was_to_tell_is_told_later(pair: Pair) -> None:
    """Else the base would lack it and count as complete all the same."""
    for number in range(30):
        pair.source.client.set(f"k{number}", "v")
    cuts: list[str] = []

    def cut(name: str) -> None:
        if name == "reads sent" and cuts:
            cuts.clear()
            active.server(Side.SOURCE).connection.close()

    active = drive(pair, "one", stop_point=cut)
    active.in_sync()
    standby = drive(pair, "two", stands_by=True)
    warm(active, standby)
    for _ in range(2):
        count = active.engine.passes.count
        active.engine.begin_pass()
        active.until(lambda: bool(active.engine.findings.base_updates), beside=standby)
        cuts.append("now")
        active.until(lambda count=count: active.engine.passes.count > count, beside=standby)  # type: ignore[misc]
    assert not cuts
    assert active.problems
    active.until(lambda: standby.member.streams.pasts.base.is_complete, beside=standby)
    assert standby.member.streams.pasts.base.entries == active.member.streams.pasts.base.entries == 30
    active.member.close()
    standby.member.close()


def test_the_policy_is_inherited(pair: Pair) -> None:
    active, standby = drive(pair, "one", policy=ONE_WAY), drive(pair, "two", stands_by=True)
    active.in_sync()
    warm(active, standby)
    promoted(standby)
    assert standby.member.policy == ONE_WAY
    active.member.close()
    standby.member.close()


def test_nobody_takes_over_from_one_whose_server_cannot_be_reached(pair: Pair) -> None:
    """One that cannot reach a server itself must not end one that can."""
    with two(pair) as (active, standby):
        warm(active, standby)
        reach: Callable[[], frozenset[bytes]] = frozenset
        standby.server(Side.TARGET).make_ready = reach  # type: ignore[method-assign]
        standby.server(Side.TARGET).connection.close()
        for _ in range(150):
            standby.step()
        assert standby.member.engine is None
        assert holders(pair) == ["one", "one"]
        active.settle()


def test_two_that_take_one_epoch_do_not_both_get_it(pair: Pair) -> None:
    """A bare number was wrong: both asked before one of them raised it."""
    standby = drive(pair, "two", stands_by=True)
    connection = standby.server(Side.SOURCE).connection
    assert raise_lease(connection, 0, Lease(5, "one")) == Raise(True, b"")
    assert raise_lease(connection, 0, Lease(5, "two")) == Raise(False, b"5:one")
    assert raise_lease(connection, 0, Lease(4, "two")) == Raise(False, b"5:one")
    assert raise_lease(connection, 0, Lease(5, "one")) == Raise(True, b"5:one")
    assert raise_lease(connection, 0, Lease(6, "two")) == Raise(True, b"5:one")
    standby.member.close()
