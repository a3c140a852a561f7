"""Where a gate works, and how it opens both servers: connected, with its scripts, and with an epoch that fences whoever came before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.errors import RunRefused
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import as_bytes, as_optional_bytes
from uplift.sidekiq.gate.record import record_of
from uplift.sidekiq.gate.scripts import ALL
from uplift.sidekiq.gate.side import GateSide
from uplift.sidekiq.gate.sides import GateSides
from uplift.sidekiq.gate.times import SETTLED_AFTER
from uplift.sidekiq.keys.shown_names import shown_name
from uplift.sidekiq.run.connections import named_connections
from uplift.sidekiq.run.epoch import Era, current_era, next_epoch
from uplift.sidekiq.run.interruptions import AnotherMover
from uplift.sidekiq.run.own_names import GATE_OF, OwnNames
from uplift.sidekiq.schedulers.reading import WhereToLook

Fields = dict[bytes, bytes]


@dataclass(slots=True)
class Fence:
    """The highest epoch this gate ever asked for, 0 before: where the answer was lost, it may have it or not. `era` as in Mover; `began_in`
    is the one it began in.
    """

    epoch: int = 0
    era: Era | None = None
    began_in: int | None = None

    @property
    def is_of_another_era(self) -> bool:
        """Whether it has to begin anew. Raises BeginAgain where its engine works at nothing now."""
        return current_era(self.era) != self.began_in


@dataclass(frozen=True, slots=True)
class GateServers:
    """The source is the side that fires in the beginning; `where` its schedulers' keys are, on both. `settled_after`: so many seconds
    behind the instant nobody fires any more what was due before it.
    """

    source: Endpoint
    target: Endpoint
    database: int = 0
    where: WhereToLook = field(default_factory=WhereToLook)
    settled_after: int = SETTLED_AFTER

    def opened(self, run: bytes, fence: Fence, stop_point: Callable[[str], None]) -> tuple[GateSides, list[Fields]]:
        """Both servers, and what the gate's key says on each.

        Raises AnotherMover where another gate has begun since, RunRefused where one of another run stands, BeginAgain, SourceUnreachable,
        ErrorReply.
        """
        sides = self._connected(OwnNames(run).gate)
        try:
            for side in (sides.source, sides.target):
                _claim(side.connection, run)
            found = max(_epoch(sides.source.read()), _epoch(sides.target.read()))
            if fence.epoch and found > fence.epoch:
                raise AnotherMover
            fence.began_in = current_era(fence.era)
            fence.epoch = sides.source.epoch = sides.target.epoch = next_epoch(found, fence.began_in)
            sides.source.raise_epoch()
            stop_point("epoch of the source")
            sides.target.raise_epoch()
            stop_point("epoch of the target")
            fields = [sides.source.read(), sides.target.read()]
            if any(_epoch(one) > fence.epoch for one in fields):
                raise AnotherMover
            return sides, fields
        except BaseException:
            sides.close()
            raise

    def _connected(self, key: bytes) -> GateSides:
        source, target = named_connections(self.source, self.target, self.database)
        sides = GateSides(GateSide(source, key), GateSide(target, key), self.where, settled_after=self.settled_after)
        try:
            for connection in (source, target):
                for script in ALL:
                    script.ensure(connection)
        except BaseException:
            sides.close()
            raise
        return sides


def _claim(connection: Connection, run: bytes) -> None:
    """Say that a gate of this run stands here. Raises RunRefused where one of another run does, and has not ended."""
    connection.call("SET", GATE_OF, run, "NX")
    other = as_bytes(connection.call("GET", GATE_OF))
    if other == run:
        return
    text = as_optional_bytes(connection.call("HGET", OwnNames(other).gate, "record"))
    if text is not None and not record_of(text).phase.is_over:
        name = shown_name(other)
        raise RunRefused(f"{connection.endpoint}: a gate of run {name} stands there and has not ended: go on with it by --run {name}")
    connection.call("SET", GATE_OF, run)


def _epoch(fields: Fields) -> int:
    return int(fields.get(b"epoch", b"0"))
