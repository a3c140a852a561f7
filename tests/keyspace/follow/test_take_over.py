"""An engine that stands by takes over: what it then goes on with, and one that does not know that it is over."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.keyspace.everything import endpoint
from tests.keyspace.follow.pair import Driven, Pair, drive
from tests.keyspace.follow.standby_pair import complete, holders, is_warm, lease_of, promoted, two, warm
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.gaps import ResetKind
from uplift.keyspace.follow.interruptions import Fenced
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.lease import Lease, Raise, epoch_of, raise_lease
from uplift.keyspace.follow.own_names import FLUSHED, LEASE
from uplift.keyspace.follow.standby import SILENCE_SECONDS
from uplift.keyspace.server.connection import Connection, pack

_STAND_STILL = """
local function now() local time = redis.call('TIME') return tonumber(time[1]) + tonumber(time[2]) / 1e6 end
local until_ = now() + tonumber(ARGV[1])
while now() < until_ do end
"""


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


def killed_at_its_raise_after_a_flush(pair: Pair, side: Side, beside: Driven | None = None) -> Driven:
    """An engine that was in sync with five keys, recreated the lease on the side that was flushed, and died before it told anybody more."""
    for number in range(5):
        pair.source.client.set(f"k{number}", "v")
    is_flushed = False

    class Died(Exception):
        pass

    def dies(name: str) -> None:
        if name == "leases raised" and is_flushed:
            raise Died

    engine = drive(pair, "one", stop_point=dies)
    engine.in_sync()
    if beside is not None:
        complete(engine, beside)
    is_flushed = True
    pair.side(side).client.flushall()
    with pytest.raises(Died):
        engine.until(lambda: False, most=200)
    assert pair.side(side).client.exists(LEASE) == 1
    return engine


@pytest.mark.parametrize("side", list(Side))
def test_a_flush_that_the_dead_one_had_answered_by_a_raise_is_refilled(pair: Pair, side: Side) -> None:
    """The raise itself says that nobody had it."""
    standby = drive(pair, "two", stands_by=True)
    active = killed_at_its_raise_after_a_flush(pair, side, standby)
    promoted(standby)
    standby.in_sync()
    assert pair.differing() == []
    assert len(list(pair.source.client.scan_iter("k*"))) == 5
    assert standby.named == {}
    standby.member.close()
    active.member.close()


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("is_of_the_directory", [True, False], ids=["of its directory", "of another"])
def test_a_flush_that_nobody_lives_to_tell_of_is_refilled_by_who_comes_next(pair: Pair, side: Side, *, is_of_the_directory: bool) -> None:
    """What it knew was equal says else that its keys were removed there; one that knows nothing takes the side in charge for right."""
    first = killed_at_its_raise_after_a_flush(pair, side)
    pasts = first.member.streams.pasts
    first.member.close()
    second = drive(pair, "two", policy=Policy(True, side), pasts=pasts if is_of_the_directory else None)
    second.in_sync()
    assert pair.differing() == []
    assert len(list(pair.source.client.scan_iter("k*"))) == 5
    assert second.named == {}
    assert not pair.side(side).client.exists(FLUSHED), "every key was compared since"
    second.member.close()


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


def test_a_server_that_stands_still_holds_up_who_writes_as_well_and_is_no_silence(pair: Pair) -> None:
    """What is asked of it meanwhile takes place once it goes on: not even a try is harmless."""
    with two(pair) as (active, standby):
        warm(active, standby)
        with closing(Connection(endpoint(pair.source))) as blocking:
            blocking.send(pack("EVAL", _STAND_STILL, 0, str(SILENCE_SECONDS * 2.5)))
            while not select.select([blocking.fileno()], [], [], 0)[0]:
                standby.step()
        assert holders(pair) == ["one", "one"]
        active.settle(beside=standby)
        assert standby.member.takeovers == 0


def test_one_that_stood_still_itself_has_heard_no_silence(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    with two(pair) as (active, standby):
        warm(active, standby)
        monotonic, later = time.monotonic, 0.0
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + later)
        later = 2.0
        standby.step()
        assert standby.member.engine is None
        promoted(standby)
