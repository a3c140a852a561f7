"""An engine that stands by: what it knows, and what it takes on from the one that writes."""

from __future__ import annotations

import pytest

from tests.keyspace.follow.pair import ONE_WAY, Pair, drive
from tests.keyspace.follow.standby_pair import complete, holders, is_warm, promoted, two, warm
from uplift.keyspace.follow.key_state import Side


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
