"""Movers that live and die one after the other beside an application, until so many were killed."""

from __future__ import annotations

import gc
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass, field

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from tests.sidekiq.crash.application import QUEUES, TAKINGS, Application, Verdict
from tests.sidekiq.crash.controls import LIMITS, MakeMover, whole
from tests.sidekiq.crash.deaths import Death, When, arm, drawn
from uplift.sidekiq.mover.mover import Mover, MoverServers, Outcome

RUN = b"crash"
_STOPPED, _FENCED, _RAISED = 7, 8, 9
_MOST_TURNS = 12
_MOST_PASSES = 100


@dataclass(slots=True)
class Lived:
    """What happened: deaths by where, cuts, and how often a mover stopped, which none may."""

    deaths: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    fenced: int = 0
    stopped: int = 0
    chunks: int = 0
    verdict: Verdict | None = None

    @property
    def kills(self) -> int:
        return self.deaths.total()

    @property
    def holds(self) -> bool:
        return not self.stopped and self.verdict is not None and self.verdict.holds

    def __str__(self) -> str:
        deaths = ", ".join(f"{count} {when}" for when, count in sorted(self.deaths.items()))
        verdict = self.verdict or Verdict(0, 0, 0, 0)
        return (
            f"{verdict.jobs:,} jobs, {self.chunks:,} chunks, {self.kills:,} kills ({deaths}), {self.cuts:,} cuts, {self.fenced} fenced, "
            f"{self.stopped} stopped: {verdict.lost} lost, {verdict.doubled} doubled, {verdict.wrong} of another score or out of order"
        )


def _life(servers: MoverServers, death: Death, seed: int, make: MakeMover, cut_tells: int) -> None:
    """In a process of its own; it ends by its death, or with what no mover may come to."""
    gc.disable()
    draws = random.Random(seed)

    def tell() -> None:
        os.write(cut_tells, b"c")

    arm(death, tell)
    one = make(servers, RUN)
    while True:
        # One queue some times over: an empty one is left at once.
        takings = [draws.choice(TAKINGS)] * 2
        for _ in range(draws.randrange(1, 5)):
            outcome = one.step(takings).outcome
            if outcome is Outcome.STOPPED:
                os._exit(_STOPPED)
            if outcome is Outcome.FENCED:
                os._exit(_FENCED)


def _born(servers: MoverServers, death: Death, seed: int, make: MakeMover, cut_tells: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            _life(servers, death, seed, make, cut_tells)
        finally:
            os._exit(_RAISED)
    return child


def live(
    sides: tuple[RedisServer, RedisServer],
    draws: random.Random,
    kills: int,
    *,
    make: MakeMover = whole,
    at_once: int = 1,
    big: int = 0,
    least_fenced: int = 0,
) -> Lived:
    """Until so many are dead, and so many had to leave it to another one, which is seldom: both mostly die before that. Then a last one
    moves all that is left, unless it is a control (`make`).
    """
    application, lived = Application(draws, sides, big=big), Lived()
    servers = MoverServers(endpoint(sides[0]), endpoint(sides[1]))
    told, tells = os.pipe()
    os.set_blocking(told, False)
    movers: dict[int, tuple[Death, int]] = {}
    try:
        while (lived.kills < kills or lived.fenced < least_fenced) and lived.kills < 20 * kills and not lived.stopped:
            while len(movers) < at_once:
                death = drawn(draws)
                movers[_born(servers, death, draws.getrandbits(32), make, tells)] = (death, draws.randrange(_MOST_TURNS))
            application.turn()
            _look_after(movers, lived)
    finally:
        for child in movers:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    lived.cuts = _count(told)
    os.close(told)
    os.close(tells)
    application.stop()
    if make is whole and not lived.stopped:
        _moved_by_a_last_one(servers, application, lived)
    lived.verdict = application.verdict(RUN)
    lived.chunks = int(sides[0].client.hget(b"uplift:handover:%b:src" % RUN, "next") or 1) - 1
    return lived


def _look_after(movers: dict[int, tuple[Death, int]], lived: Lived) -> None:
    """Kill those whose time has come, and note the dead."""
    for child, (death, turns) in list(movers.items()):
        movers[child] = (death, turns - 1)
        if turns <= 0 and death.when is When.BY_OTHERS:
            os.kill(child, signal.SIGKILL)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            del movers[child]
            _note(status, death, lived)


def _note(status: int, death: Death, lived: Lived) -> None:
    if os.WIFSIGNALED(status):
        lived.deaths[death.when.value] += 1
    elif os.WEXITSTATUS(status) == _FENCED:
        lived.fenced += 1
    elif os.WEXITSTATUS(status) == _STOPPED:
        lived.stopped += 1
    else:
        raise AssertionError(f"a mover raised: its process ended with {status}")


def _count(told: int) -> int:
    count = 0
    try:
        while found := os.read(told, 1 << 16):
            count += len(found)
    except BlockingIOError:
        pass
    return count


def _moved_by_a_last_one(servers: MoverServers, application: Application, lived: Lived) -> None:
    one = Mover(servers, RUN, LIMITS)
    for _ in range(_MOST_PASSES):
        for taking in TAKINGS:
            step = one.step([taking, taking])
            while step.outcome is Outcome.WORKED:
                step = one.step([taking, taking])
            if step.outcome is not Outcome.NOTHING:
                lived.stopped += 1
                return
        if not application.left() and one.is_idle:
            break
    else:
        raise AssertionError(f"{application.left()} jobs stay on the source")
    assert application.clients[1].smembers("queues") >= set(QUEUES)
