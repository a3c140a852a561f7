"""Movers and gates of engines that succeed each other: one of an earlier era never takes a ledger back, however often it begins anew."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.sidekiq.gate.simulated_schedulers import BEGIN
from tests.sidekiq.handover_pair import Pair, driven, job
from tests.sidekiq.test_mover import TAKINGS, Jobs
from uplift.sidekiq.gate.gate import Gate, GateOutcome, GateWish
from uplift.sidekiq.gate.servers import GateServers
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.mover.mover import Mover, MoverServers, Outcome
from uplift.sidekiq.mover.source_side import TakeLimits
from uplift.sidekiq.run.epoch import next_epoch
from uplift.sidekiq.run.interruptions import AnotherMover

Sides = tuple[RedisServer, RedisServer]


def mover(sides: Sides, era: list[int | None]) -> Mover:
    servers = MoverServers(endpoint(sides[0]), endpoint(sides[1]))
    return Mover(servers, b"test", TakeLimits(jobs=5, bytes=1_000, look=20), era=lambda: era[0])


def epoch(server: RedisServer, ledger: str) -> int:
    client: Any = server.client
    return int(client.hget(f"uplift:handover:test:{ledger}", "epoch") or 0)


@pytest.mark.parametrize(
    ("found", "era", "following"),
    [
        (0, None, 1),
        (7, None, 8),
        (0, 3, 3_000_001),
        (7, 3, 3_000_001),
        (3_000_001, 3, 3_000_002),
        (2_999_999, 3, 3_000_001),
        (3_000_007, None, 3_000_008),
        (5_000_002, 6, 6_000_001),
        (4_000_001, 3, None),
        (4_000_000, 3, None),
        (1_000_001, 0, None),
    ],
)
def test_what_follows_an_epoch(found: int, era: int | None, following: int | None) -> None:
    if following is None:
        with pytest.raises(AnotherMover):
            next_epoch(found, era)
    else:
        assert next_epoch(found, era) == following


def test_an_earlier_eras_mover_never_takes_the_ledgers_again(sides: Sides) -> None:
    jobs = Jobs(random.Random(1), sides)
    for _ in range(300):
        jobs.push()
    first = mover(sides, [1])
    for _ in range(4):
        assert first.step(TAKINGS[:2]).outcome is Outcome.WORKED
    second = mover(sides, [2])
    assert second.step([]).outcome is Outcome.WORKED
    taken = epoch(sides[0], "src"), epoch(sides[1], "dst")
    assert taken == (2_000_001, 2_000_001)
    for zombie in (first, mover(sides, [1]), mover(sides, [1])):
        # Begun anew as often as it likes.
        zombie.forget()
        assert [zombie.step(TAKINGS[:2]).outcome for _ in range(3)] == [Outcome.FENCED] * 3
        assert (epoch(sides[0], "src"), epoch(sides[1], "dst")) == taken
        assert second.step(TAKINGS[:2]).outcome in {Outcome.WORKED, Outcome.NOTHING}
    while not second.is_idle or any(sides[0].client.llen(taking.place.key.decode()) for taking in TAKINGS[:2]):
        second.step(TAKINGS[:2])
    assert jobs.everywhere() == Counter(jobs.pushed)


def test_engines_that_take_over_from_each_other_at_any_moment_move_each_job_once(sides: Sides, draws: random.Random) -> None:
    jobs = Jobs(draws, sides)
    for _ in range(300):
        jobs.push()
    leads = 1
    movers = [(1, mover(sides, [1]))]
    for _ in range(400):
        if draws.random() < 0.1:
            leads += 1
            movers.append((leads, mover(sides, [leads])))
        era, one = draws.choice(movers[-3:])
        if draws.random() < 0.2:
            one.forget()
        before = epoch(sides[0], "src"), epoch(sides[1], "dst")
        one.step([draws.choice(TAKINGS)])
        after = epoch(sides[0], "src"), epoch(sides[1], "dst")
        assert after == before or all(now == then or now // 1_000_000 == era for now, then in zip(after, before, strict=True))
        assert after >= before
        jobs.push()
        jobs.work()
    last = mover(sides, [leads + 1])
    last.step([])
    while not last.is_idle or last.step(TAKINGS[:2]).outcome is not Outcome.NOTHING:
        last.step([])
    assert jobs.everywhere() == Counter(jobs.pushed)


def test_while_its_engine_does_not_lead_a_mover_waits_and_then_begins_anew(sides: Sides) -> None:
    sides[0].client.lpush("queue:default", "job")
    era: list[int | None] = [None]
    waiting = mover(sides, era)
    assert {waiting.step(TAKINGS).outcome for _ in range(3)} == {Outcome.AGAIN}
    assert (epoch(sides[0], "src"), sides[0].client.llen("queue:default")) == (0, 1)
    era[0] = 4
    assert waiting.step([]).outcome is Outcome.WORKED
    assert epoch(sides[0], "src") == 4_000_001
    era[0] = None
    assert waiting.step(TAKINGS).outcome is Outcome.AGAIN
    assert sides[0].client.llen("queue:default") == 1
    era[0] = 6
    while not sides[1].client.llen("queue:default"):
        assert waiting.step(TAKINGS[:1]).outcome is Outcome.WORKED
    assert (epoch(sides[0], "src"), epoch(sides[1], "dst")) == (6_000_001, 6_000_001)


def test_outboxes_of_a_sibling_do_not_refuse_it(pair: Pair) -> None:
    for server, name in ((pair.source, "forth:held:retry"), (pair.target, "forth:out:1")):
        server.client.lpush(f"uplift:handover:{name}", job(1))
    refused = pair.handover(Wishes(any_queue=True), run=b"back", siblings=frozenset({b"another"}))
    with pytest.raises(HandoverRefused, match="run forth left 1 lists"):
        driven(refused)
    refused.close()
    let = pair.handover(Wishes(any_queue=True), run=b"back", siblings=frozenset({b"forth"}), era=lambda: 1)
    assert driven(let).ended is Ended.ROUND
    let.close()


def test_a_gate_of_an_earlier_era_never_takes_it_back(start_redis: StartRedis) -> None:
    there = start_redis("3.2.6"), start_redis("5.0.6")
    servers, wish, era = GateServers(endpoint(there[0]), endpoint(there[1])), GateWish(BEGIN + 600), 1
    first = Gate(servers, b"test", wish, era=lambda: era)
    second = Gate(servers, b"test", wish, era=lambda: 2)
    waiting = Gate(servers, b"test", wish, era=lambda: None)
    assert waiting.step(BEGIN).outcome is GateOutcome.AGAIN
    assert first.step(BEGIN).outcome is GateOutcome.WAITING
    assert epoch(there[0], "gate") == 1_000_001
    assert second.step(BEGIN + 20).outcome is GateOutcome.WAITING
    first.forget()
    assert first.step(BEGIN + 21).outcome is GateOutcome.FENCED
    assert Gate(servers, b"test", wish, era=lambda: 1).step(BEGIN + 22).outcome is GateOutcome.FENCED
    assert (epoch(there[0], "gate"), epoch(there[1], "gate")) == (2_000_001, 2_000_001)
    third_era = [3]
    third = Gate(servers, b"test", wish, era=lambda: third_era[0])
    assert third.step(BEGIN + 23).outcome is GateOutcome.WAITING
    third_era[0] = 5
    assert third.step(BEGIN + 24).outcome is GateOutcome.WAITING
    assert epoch(there[1], "gate") == 5_000_001
