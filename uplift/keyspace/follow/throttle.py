"""Slows the engines of a run down where foreign commands wait too long, and says so."""

from __future__ import annotations

import time

from uplift.keyspace.follow.following import Following
from uplift.keyspace.follow.latency_probe import LatencyProbe, ProbedServer
from uplift.keyspace.follow.pace import Latency, Paced, Throttled, next_pace
from uplift.keyspace.follow.status import ThrottleStatus


class Throttle:
    """Of one run. The source counts always; targets do once applications use them."""

    def __init__(self, following: Following) -> None:
        servers = following.databases[0].servers
        self._source = servers[0].name
        self._probe = LatencyProbe([ProbedServer(server.name, server.endpoint, server.database) for server in servers])
        self._paced = Paced()

    def look(self, following: Following, source_seconds: float, target_seconds: float | None) -> None:
        """A few times a second: the pace of every engine, by what was measured last and what is allowed; None: targets do not count."""
        latencies = []
        for name, waited in self._probe.latest().items():
            limit = source_seconds if name == self._source else target_seconds
            if limit is not None:
                latencies.append(Latency(name, waited.p99, limit, waited.began_at))
        self._paced = next_pace(self._paced, latencies, time.monotonic())
        for database in following.databases:
            if database.engine is not None:
                database.engine.pace = self._paced.pace

    def status(self) -> ThrottleStatus | None:
        """What slows it down, with both numbers in ms; None where nothing does."""
        paced = self._paced
        if paced.latency is None or paced.throttled is Throttled.NO:
            return None
        latency = paced.latency
        by = f"what a foreign command waits on {latency.server}, {paced.throttled.value}"
        return ThrottleStatus(by, latency.limit * 1000, latency.p99 * 1000, time.monotonic() - paced.since)

    def close(self) -> None:
        """End the process that measures."""
        self._probe.close()
