"""Movers that die, servers that die and servers that forget, beside an application on both sides: no job is lost or run twice."""

from __future__ import annotations

import random
import sys

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.crash.__main__ import rounds
from tests.sidekiq.crash.controls import MakeMover, PopThenPush, ledger_off, outbox_dropped_first
from tests.sidekiq.crash.lives import Lived, live

KILLS = 110
MOST_KILLS_OF_A_CONTROL = 150


def told(lived: Lived) -> Lived:
    sys.stdout.write(f"{lived}\n")
    return lived


def test_killed_and_cut_off_at_every_point(sides: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    lived = told(live(sides, draws, KILLS, big=2))
    assert lived.holds, lived
    assert lived.kills == KILLS
    assert len(lived.deaths) == 5
    assert lived.cuts > KILLS // 4


def test_two_movers_at_once_that_are_killed(sides: tuple[RedisServer, RedisServer], draws: random.Random) -> None:
    lived = told(live(sides, draws, 40, at_once=2, least_fenced=1))
    assert lived.holds, lived
    assert lived.fenced


@pytest.mark.parametrize("make", [ledger_off, outbox_dropped_first, PopThenPush], ids=lambda make: make.__name__)
def test_a_control_is_caught(make: MakeMover, start_redis: StartRedis, draws: random.Random) -> None:
    lived = told(live((start_redis("3.2.6"), start_redis("5.0.6")), draws, MOST_KILLS_OF_A_CONTROL, make=make))
    assert lived.verdict is not None
    assert lived.verdict.doubled if make is ledger_off else lived.verdict.lost


@pytest.mark.nightly
@pytest.mark.long
def test_ten_thousand_kills(draws: random.Random) -> None:
    seed = draws.getrandbits(30)
    sys.stdout.write(f"python -m tests.sidekiq.crash --seed {seed} --kills 10000\n")
    found = rounds(seed, 10_000)
    assert all(lived.holds for lived in found)
