"""Servers that are killed, and servers that fail over to a replica that lacks the last writes, under a mover that works."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from tests.sidekiq.crash.durable import DurableServer
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.mover import Mover, MoverServers, Outcome
from uplift.sidekiq.mover.source_side import TakeLimits, Taking

RUN = b"test"
TAKING = Taking(Place(PlaceKind.QUEUE, b"default"))
LIMITS = TakeLimits(jobs=5)
SERVER_KILLS = 10
OWN = "uplift:handover:test:"


def drained(servers: MoverServers) -> None:
    one = Mover(servers, RUN, LIMITS)
    for _ in range(20_000):
        step = one.step([TAKING, TAKING])
        assert step.outcome in {Outcome.WORKED, Outcome.NOTHING}, step.problem
        if step.outcome is Outcome.NOTHING:
            return
    raise AssertionError("it does not come to an end")


def jobs_of(*servers: RedisServer) -> Counter[bytes]:
    clients: list[Any] = [server.client for server in servers]
    return Counter(job for client in clients for job in client.lrange("queue:default", 0, -1))


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[tuple[DurableServer, DurableServer]]:
    binaries = InstalledTools().redis_servers
    sides = [DurableServer(version, binaries[version], tmp_path / version) for version in ("3.2.6", "5.0.6")]
    yield sides[0], sides[1]
    for side in sides:
        side.stop()


def test_a_server_that_is_killed_loses_and_doubles_nothing_it_acknowledged(
    durable: tuple[DurableServer, DurableServer], draws: random.Random
) -> None:
    servers = MoverServers(endpoint(durable[0]), endpoint(durable[1]))
    pushed: list[bytes] = []
    child = os.fork()
    if child == 0:
        one = Mover(servers, RUN, LIMITS)
        while one.step([TAKING, TAKING]).outcome not in {Outcome.STOPPED, Outcome.FENCED}:
            pass
        os._exit(0)
    try:
        for _ in range(SERVER_KILLS):
            for _ in range(draws.randrange(10, 100)):
                pushed.append(b"%d" % len(pushed))
                client: Any = draws.choice(durable).client
                client.lpush("queue:default", pushed[-1])
            dying = draws.choice(durable)
            dying.kill()
            dying.restart()
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "the mover stopped"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    drained(servers)
    assert jobs_of(*durable) == Counter(pushed)


@dataclass(frozen=True)
class Groups:
    """Both sides with a replica each, and how many of them the mover waits for."""

    primaries: tuple[RedisServer, RedisServer]
    replicas: tuple[RedisServer, RedisServer]

    def servers(self, waits: tuple[int, int]) -> MoverServers:
        return MoverServers(endpoint(self.primaries[0]), endpoint(self.primaries[1]), source_replicas=waits[0], target_replicas=waits[1])

    def detached(self, side: int) -> None:
        """The replica, level now, gets nothing more. One that is merely stopped would have the rest in its socket."""
        self.replicas[side].wait_until_level_with(self.primaries[side])
        self.replicas[side].promote()

    def after_failover(self, side: int) -> Groups:
        both = (self.replicas[0], self.primaries[1]) if side == 0 else (self.primaries[0], self.replicas[1])
        return Groups(both, self.replicas)


@pytest.fixture
def groups(start_redis: StartRedis) -> Groups:
    servers = [start_redis(version) for version in ("3.2.6", "5.0.6", "3.2.6", "5.0.6")]
    for replica, primary in zip(servers[2:], servers[:2], strict=True):
        replica.follow(primary)
    return Groups((servers[0], servers[1]), (servers[2], servers[3]))


def pushed(source: RedisServer) -> Counter[bytes]:
    jobs = [b"%d" % number for number in range(100)]
    client: Any = source.client
    client.lpush("queue:default", *jobs)
    return Counter(jobs)


def number(server: RedisServer, ledger: str, name: str) -> int:
    client: Any = server.client
    return int(client.hget(OWN + ledger, name))


def dies_once(server: RedisServer, ledger: str, name: str, is_above: int) -> threading.Thread:
    """The primary is gone as soon as it has run a write that its replica does not get."""

    def watch() -> None:
        while number(server, ledger, name) <= is_above:
            pass
        server.stop()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.parametrize(("side", "ledger", "name"), [(0, "src", "next"), (1, "dst", "applied")], ids=["source", "target"])
def test_a_failover_under_a_mover_that_waits_loses_and_doubles_nothing(groups: Groups, side: int, ledger: str, name: str) -> None:
    jobs = pushed(groups.primaries[0])
    one = Mover(groups.servers((1, 1)), RUN, LIMITS)
    for _ in range(4):
        assert one.step([TAKING]).outcome is Outcome.WORKED
    groups.detached(side)
    dies = dies_once(groups.primaries[side], ledger, name, number(groups.primaries[side], ledger, name))
    assert one.step([TAKING]).outcome is Outcome.AGAIN
    dies.join()
    # The one that was promoted has no replica itself.
    after = groups.after_failover(side)
    drained(after.servers((int(side != 0), int(side != 1))))
    assert jobs_of(*after.primaries) == jobs


@pytest.mark.parametrize(("side", "ledger", "name"), [(0, "src", "next"), (1, "dst", "applied")], ids=["source", "target"])
def test_a_failover_under_a_mover_that_does_not_wait_stops_it_with_the_chunks_named(
    groups: Groups, side: int, ledger: str, name: str
) -> None:
    jobs = pushed(groups.primaries[0])
    one = Mover(groups.servers((0, 0)), RUN, LIMITS)
    for _ in range(4):
        one.step([TAKING])
    groups.detached(side)
    known = number(groups.primaries[side], ledger, name)
    for _ in range(4):
        one.step([TAKING])
    applied, confirmed = number(groups.primaries[1], "dst", "applied"), number(groups.primaries[0], "src", "conf")
    groups.primaries[side].stop()
    after = groups.after_failover(side)
    step = Mover(after.servers((0, 0)), RUN, LIMITS).step([])
    assert step.outcome is Outcome.STOPPED
    assert step.stop is not None
    assert step.stop.source_forgot == (side == 0)
    # Of the target's forgotten chunks the last is still in its outbox; a source that forgot has jobs again that the target runs.
    assert step.stop.numbers == (range(known, applied + 1) if side == 0 else range(known + 1, confirmed + 1))
    found = jobs_of(*after.primaries)
    assert found - jobs if side == 0 else jobs - found
