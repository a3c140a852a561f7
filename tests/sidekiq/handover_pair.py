"""Two servers as a handover meets them: heartbeats, queues, and what is left and moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from tests.sidekiq.sides import heartbeat
from uplift.sidekiq.handover.handover import Ended, Handover, HandoverStep, Patience
from uplift.sidekiq.handover.wishes import Wishes
from uplift.sidekiq.keys.key_kinds import is_like_sidekiqs
from uplift.sidekiq.mover.mover import MoverServers
from uplift.sidekiq.mover.source_side import TakeLimits

_MOST_STEPS = 20_000


def identity(number: int) -> str:
    return f"host{number}:7:{number:012x}"


def worker(server: RedisServer, number: int, queues: list[str], *, quiet: bool = False) -> None:
    """A process that has just told of itself."""
    heartbeat(server, identity(number), *queues, quiet=quiet)


def kill(server: RedisServer, number: int) -> None:
    """It is gone, and nobody has cleaned up after it."""
    server.client.delete(identity(number))


def job(number: int, queue: str = "default", more: str = "") -> bytes:
    return b'{"class":"Job","args":[%d],"queue":"%b","jid":"%024x"%b}' % (number, queue.encode(), number, more.encode())


@dataclass
class Clock:
    """Seconds that pass when a test says so, and what a handover waits."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pair:
    """An old side and a new one."""

    source: RedisServer
    target: RedisServer

    def handover(self, wishes: Wishes | None = None, clock: Clock | None = None, **options: Any) -> Handover:
        servers = options.pop("servers", MoverServers(endpoint(self.source), endpoint(self.target)))
        return Handover(
            servers,
            options.pop("run", b"test"),
            wishes or Wishes(),
            is_of_sidekiq=options.pop("is_of_sidekiq", is_like_sidekiqs),
            limits=options.pop("limits", TakeLimits(jobs=5, bytes=1_000, look=20)),
            patience=options.pop("patience", Patience()),
            clock=clock or Clock(),
            **options,
        )


def driven(handover: Handover, clock: Clock | None = None, until: Callable[[], bool] = lambda: False) -> HandoverStep:
    """Step until it ends or something is so; what it waits for passes on the clock."""
    for _ in range(_MOST_STEPS):
        step = handover.step()
        if step.ended is not None or until():
            return step
        if clock is not None:
            clock.now += step.wait_seconds
    raise AssertionError(f"it does not end; the last step said {step}, left {handover.progress.left}")


def once(pair: Pair, wishes: Wishes | None = None, **options: Any) -> Handover:
    """One round."""
    handover = pair.handover(wishes, **options)
    try:
        assert driven(handover).ended is Ended.ROUND
    finally:
        handover.close()
    return handover
