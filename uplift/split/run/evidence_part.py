"""Looks at the servers beside the run, on a thread of its own: who is connected, whether canaries arrive, and how quiet a side is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.errors import SourceUnreachable
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import ErrorReply
from uplift.sidekiq.keys.processes import read_processes
from uplift.split.evidence.canaries import Canaries, Way
from uplift.split.evidence.clients import Client, read_clients
from uplift.split.evidence.quiet import Look, Quiet, why_not_moved
from uplift.split.record.stage import Side
from uplift.split.run.beside import Beside
from uplift.split.run.ending import jobs_at
from uplift.split.run.request import SplitRequest
from uplift.split.status.split_status import CanaryStatus

_LOOK_SECONDS = 1.0
_TICK_SECONDS = 0.1
"""A canary under way is looked for so often."""
_CONNECTION_SECONDS = 3.0
SOURCE = "legacy"
NOT_LOOKED = "nobody has looked yet"


@dataclass(frozen=True, slots=True)
class EvidenceWants:
    """`leaving`: the side that is being left, None: neither. `with_canaries`: both directions are followed. `foreign_events`: how many
    events of applications the follow has counted on that side, None where it may have missed some.
    """

    leaving: Side | None = None
    with_canaries: bool = False
    foreign_events: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceShown:
    """As of the latest look. `leaving`: the side it was about. `talking`: what speaks against that the side is left, a line each;
    `clients` are those who still use it.
    """

    leaving: Side | None = None
    talking: tuple[str, ...] = (NOT_LOOKED,)
    clients: tuple[Client, ...] = ()
    quiet_seconds: float = 0.0
    on_new_side: tuple[Client, ...] = ()
    new_side_jobs: int = 0
    arrived: tuple[CanaryStatus, ...] = ()
    not_proven: str | None = "no canary has arrived yet"
    problem: str | None = None


@dataclass(slots=True)
class EvidencePart:
    """Runs from `start` until `close`. `wants` may be replaced at any time; what is shown is replaced whole."""

    request: SplitRequest
    canaries: Canaries
    clock: Callable[[], float] = time.monotonic
    wants: EvidenceWants = field(default_factory=EvidenceWants)
    shown: EvidenceShown = field(default_factory=EvidenceShown)
    _look_at: float = 0.0
    _quiet: Quiet = field(default_factory=Quiet)
    _was_leaving: Side | None = None
    _connections: dict[str, Connection] = field(default_factory=dict)
    _beside: Beside | None = None

    def start(self) -> None:
        """Begin to look."""
        self._beside = Beside("evidence", self._piece, self._close_connections)

    def _piece(self) -> float:
        try:
            self._look(self.wants)
        except (SourceUnreachable, ErrorReply) as problem:
            self._close_connections()
            self.shown = EvidenceShown(self.wants.leaving, (str(problem),), not_proven=str(problem), problem=str(problem))
        return _TICK_SECONDS

    def _look(self, wants: EvidenceWants) -> None:
        now = self.clock()
        if wants.leaving is not self._was_leaving:
            self._quiet, self._was_leaving = Quiet(), wants.leaving
        if wants.with_canaries:
            self.canaries.step(now)
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        legacy = self._clients_at(SOURCE, self.request.source)
        new = tuple(client for target in self.request.targets for client in self._clients_at(target.name, target.endpoint))
        talking, clients, quiet_seconds = self._take_quiet(wants, now, legacy, new)
        jobs = jobs_at(self._connected(self.request.sidekiq.name, self.request.sidekiq.endpoint))
        arrived = tuple(self._canary_status(way) for way in self.canaries.ways)
        self.shown = EvidenceShown(wants.leaving, talking, clients, quiet_seconds, new, jobs, arrived, self._not_proven(wants))

    def _not_proven(self, wants: EvidenceWants) -> str | None:
        """Why the canaries prove nothing; None where both directions are proven."""
        if not wants.with_canaries:
            return "both directions are not followed yet"
        missing = ", ".join(str(way) for way in self.canaries.ways if way not in self.canaries.arrived)
        return self.canaries.problem or (f"no canary has arrived yet: {missing}" if missing else None)

    def _canary_status(self, way: Way) -> CanaryStatus:
        arrived = self.canaries.arrived.get(way)
        direction = f"{way.written_on} to {'new' if way.written_on == 'old' else 'old'}"
        if arrived is None:
            return CanaryStatus(direction, way.target, None, None)
        return CanaryStatus(direction, way.target, arrived.seconds, max(0.0, time.time() - arrived.at))

    def _take_quiet(
        self, wants: EvidenceWants, now: float, legacy: tuple[Client, ...], new: tuple[Client, ...]
    ) -> tuple[tuple[str, ...], tuple[Client, ...], float]:
        if wants.leaving is None:
            return (), (), 0.0
        clients = legacy if wants.leaving is Side.OLD else new
        sidekiq = (SOURCE, self.request.source) if wants.leaving is Side.OLD else (self.request.sidekiq.name, self.request.sidekiq.endpoint)
        processes = tuple(
            one.identity.decode("utf-8", "backslashreplace") for one in read_processes(self._connected(*sidekiq)) if one.is_alive
        )
        self._quiet.take(Look(now, clients, wants.foreign_events, processes))
        facts = self._quiet.facts(now)
        return tuple(why_not_moved(facts, self.request.quiet_seconds)), clients, facts.seconds

    def _clients_at(self, name: str, endpoint: Endpoint) -> tuple[Client, ...]:
        return read_clients(self._connected(name, endpoint), name, self.request.allowed_clients)

    def _connected(self, name: str, endpoint: Endpoint) -> Connection:
        found = self._connections.get(name)
        if found is None:
            found = self._connections[name] = Connection(endpoint, database=self.request.database, timeout_seconds=_CONNECTION_SECONDS)
        return found

    def _close_connections(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def raise_failure(self) -> None:
        """Raises what ended the thread."""
        if self._beside is not None:
            self._beside.raise_failure()

    def close(self) -> None:
        """End it after its look. Safe to call twice."""
        if self._beside is not None:
            self._beside.close()
            self._beside = None
