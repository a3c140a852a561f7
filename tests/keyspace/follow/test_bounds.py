"""Memory is bounded whatever the backlog: past the bound it is a gap and a scan, and never a silent drop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.keyspace.follow.pair import Driven, Pair, driven_in_sync
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.key_state import Side

MOST_TOUCH_BYTES = 40_000
"""About a hundred keys."""


@pytest.fixture
def engine(pair: Pair) -> Iterator[Driven]:
    yield from driven_in_sync(pair, most_touch_bytes=MOST_TOUCH_BYTES)


def is_whole(engine: Driven) -> bool:
    return all(server.gaps.are_over for server in engine.member.streams.servers)


@pytest.mark.parametrize("side", list(Side))
def test_a_backlog_past_the_bound_is_a_gap_that_a_pass_makes_good(pair: Pair, engine: Driven, side: Side) -> None:
    client = pair.side(side).client
    for number in range(50):
        client.set(f"deleted{number}", "v")
    engine.settle()
    assert engine.member.streams.overflows == 0
    at_once = client.pipeline(transaction=True)
    for number in range(600):
        at_once.rpush(f"k{number}", "a")
    for number in range(50):
        at_once.delete(f"deleted{number}")
    at_once.execute()
    pair.side(side.other).client.set("elsewhere", "v")
    engine.until(lambda: engine.member.streams.overflows > 0)
    assert engine.server(side).gap_count == 1
    assert not is_whole(engine)
    engine.until(lambda: is_whole(engine))
    engine.settle()
    assert sum(server.events.touches.bytes for server in engine.member.streams.servers) <= MOST_TOUCH_BYTES
    assert pair.differing() == []
    assert pair.names(side.other) == pair.names(side)
    assert engine.named == {}, "one side alone changed: the base says which"


def test_the_gap_begins_before_the_oldest_touch_that_was_dropped(engine: Driven) -> None:
    """Else a write on the other side, after the dropped one and before the overflow, would count as the older of the two."""
    source = engine.server(Side.SOURCE)
    oldest = source.last_whole_round
    source.events.touches.note(b"early", TouchKind.WRITTEN, source.events.position + 1, oldest)
    source.take_whole_round(oldest + 50)
    for number in range(200):
        source.events.touches.note(b"late%d" % number, TouchKind.WRITTEN, source.events.position + 1, oldest + 50)
    engine.member.streams.drain()
    assert engine.member.streams.overflows == 1
    assert source.gaps.opened == oldest


def test_a_hot_key_is_one_entry_whatever_it_is_written(pair: Pair, engine: Driven) -> None:
    for _ in range(30):
        at_once = pair.source.client.pipeline(transaction=False)
        for _ in range(100):
            at_once.incr("hot")
        at_once.execute()
        engine.step()
    engine.settle()
    assert engine.member.streams.overflows == 0
    assert pair.target.client.get("hot") == b"3000"


def test_a_round_takes_no_more_keys_than_its_pace(pair: Pair, engine: Driven) -> None:
    at_once = pair.source.client.pipeline(transaction=True)
    for number in range(90):
        at_once.set(f"k{number}", "v")
    at_once.execute()
    engine.engine.pace = type(engine.engine.pace)(25, 0.001)
    before = len(engine.steps)
    engine.settle()
    read = [step.read for step in engine.steps[before:]]
    assert max(read) <= 25
    assert sum(read) >= 90
    assert pair.differing() == []
