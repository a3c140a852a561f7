"""The longest string a Redis holds, followed in both directions, in pieces: memory stays small whatever its size."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from typing import Any

import pytest

from tests.keyspace.follow.pair import Driven, Pair, driven_in_sync
from uplift.keyspace.follow.key_state import Side

MEGABYTE = 1 << 20
LONGEST = 512 * MEGABYTE


@pytest.fixture
def engine(pair: Pair) -> Iterator[Driven]:
    yield from driven_in_sync(pair)


def digests(pair: Pair, key: str) -> list[object]:
    script = "local all = '' for at = 0, redis.call('STRLEN', KEYS[1]) - 1, 1048576 do "
    script += (
        "all = redis.sha1hex(all .. redis.call('GETRANGE', KEYS[1], at, at + 1048575)) end return {redis.call('STRLEN', KEYS[1]), all}"
    )
    clients: list[Any] = [pair.source.client, pair.target.client]
    return [client.eval(script, 1, key) for client in clients]


@pytest.mark.nightly
@pytest.mark.parametrize("side", list(Side))
def test_a_string_of_512_mb_comes_over_in_pieces(pair: Pair, engine: Driven, side: Side) -> None:
    client: Any = pair.side(side).client
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client.setrange("long", LONGEST - 3, b"end")
    client.setrange("long", 200 * MEGABYTE, b"middle")
    engine.until(lambda: bool(pair.side(side.other).client.exists("long")) and engine.engine.big.under_way is None, most=100_000)
    one, other = digests(pair, "long")
    assert one == other
    client.setrange("long", 5, b"changed")
    engine.until(lambda: pair.side(side.other).client.getrange("long", 5, 11) == b"changed", most=100_000)
    engine.settle()
    one, other = digests(pair, "long")
    assert one == other
    assert engine.named == {}
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert kilobytes < 256 * 1024, f"{kilobytes} KB more were in memory at once"
