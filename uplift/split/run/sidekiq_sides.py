"""Where Sidekiq is in a split: on legacy and on the new server, and what may be written there."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.sidekiq.gate.servers import GateServers
from uplift.sidekiq.gate.times import SETTLED_AFTER
from uplift.sidekiq.handover.handover import Patience
from uplift.sidekiq.keys.survey import OfSidekiq
from uplift.sidekiq.run.own_names import OwnNames
from uplift.sidekiq.schedulers.reading import WhereToLook, cron_namespaces


@dataclass(frozen=True, slots=True)
class SidekiqSides:
    """`run` is the split's. `waits`: every take and every apply is on all replicas before it counts. `cron_late_seconds`: so
    long behind an instant a scheduler may still fire what was due before it.
    """

    old: Endpoint
    new: Endpoint
    database: int
    run: str
    is_of_sidekiq: OfSidekiq
    waits: bool = True
    scheduler_prefix: bytes = b""
    patience: Patience = field(default_factory=Patience)
    cron_late_seconds: int = SETTLED_AFTER

    @property
    def forward(self) -> bytes:
        """The name of the run that takes jobs from legacy."""
        return self.run.encode()

    @property
    def back(self) -> bytes:
        """The name of the run that takes jobs from the new side."""
        return self.run.encode() + b"b"

    @property
    def all_names(self) -> tuple[OwnNames, OwnNames]:
        """Of the own keys of both directions."""
        return OwnNames(self.forward), OwnNames(self.back)

    def gate_servers(self) -> GateServers:
        """For a gate; both servers are asked for namespaces of sidekiq-cron. Raises SourceUnreachable."""
        found: set[bytes] = set()
        for endpoint in (self.old, self.new):
            with connected(endpoint, database=self.database) as connection:
                found.update(cron_namespaces(connection))
        return GateServers(
            self.old, self.new, self.database, WhereToLook(self.scheduler_prefix, tuple(sorted(found))), self.cron_late_seconds
        )
