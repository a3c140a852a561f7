"""Movers with a part missing, which the crash test must catch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from uplift.errors import SourceUnreachable
from uplift.keyspace.server.connection import Connection
from uplift.sidekiq.mover.chunk import Chunk, Place, PlaceKind
from uplift.sidekiq.mover.mover import Mover, MoverServers, MoverStep, Outcome
from uplift.sidekiq.mover.source_side import SourceSide, TakeLimits, Taken, Taking
from uplift.sidekiq.mover.target_side import TargetSide


class Moves(Protocol):
    """What a life of a process drives."""

    def step(self, takings: list[Taking]) -> MoverStep: ...


MakeMover = Callable[[MoverServers, bytes], Moves]
LIMITS = TakeLimits(jobs=5, bytes=1_000)


def whole(servers: MoverServers, run: bytes) -> Moves:
    return Mover(servers, run, LIMITS)


def ledger_off(servers: MoverServers, run: bytes) -> Moves:
    """What is in an outbox is pushed, whatever the target's ledger says."""

    def looked_at(self: TargetSide, chunks: list[Chunk]) -> list[Chunk]:
        self.connection.call("WATCH", self.names.target_ledger)
        return chunks

    TargetSide._looked_at = looked_at  # type: ignore[method-assign]
    return Mover(servers, run, LIMITS)


def outbox_dropped_first(servers: MoverServers, run: bytes) -> Moves:
    """A chunk is confirmed as soon as it was taken."""
    receive = SourceSide.receive

    def receiving(self: SourceSide) -> list[Taken]:
        found = receive(self)
        for taken in found:
            if taken.chunk is not None:
                self.connection.call_packed(self._confirm_request(taken.chunk.number))
        return found

    SourceSide.receive = receiving  # type: ignore[method-assign]
    return Mover(servers, run, LIMITS)


class PopThenPush:
    """What every published script does."""

    def __init__(self, servers: MoverServers, run: bytes) -> None:
        self._servers = servers
        self._both: tuple[Connection, Connection] | None = None

    def step(self, takings: list[Taking]) -> MoverStep:
        try:
            self._both = self._both or (Connection(self._servers.source), Connection(self._servers.target))
            self._move(takings[0].place, *self._both)
        except SourceUnreachable:
            self._both = None
            return MoverStep(Outcome.AGAIN)
        return MoverStep(Outcome.WORKED)

    def _move(self, place: Place, source: Connection, target: Connection) -> None:
        if place.kind is PlaceKind.QUEUE:
            for _ in range(LIMITS.jobs):
                job = source.call("RPOP", place.key)
                if isinstance(job, bytes):
                    target.call("LPUSH", place.key, job)
