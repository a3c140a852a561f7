"""What a foreign command waits on each server, measured by a process of its own: in the engine's, its own work would be measured too."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from uplift.errors import UpliftError
from uplift.keyspace.follow.own_names import LEASE
from uplift.keyspace.server.connection import Connection, Patience, pack
from uplift.keyspace.server.endpoint import Endpoint

_BETWEEN_SECONDS = 0.02
_LOOKED_BACK = 150
_TOLD_SECONDS = 0.25
_TIMEOUT_SECONDS = 3.0
_PERCENTILE = 0.99
_GET = pack("GET", LEASE)


@dataclass(frozen=True, slots=True)
class ProbedServer:
    """Whom to ask."""

    name: str
    endpoint: Endpoint
    database: int


class LatencyProbe:
    """The process beside. `latest`: by server, the 99th percentile of the last three seconds in seconds; empty before the first."""

    def __init__(self, servers: list[ProbedServer]) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe(duplex=False)
        # A daemon: it must not outlive whoever asked for it.
        self._process = context.Process(target=_measure, args=(servers, there), daemon=True)
        self._process.start()
        there.close()
        self._latest: dict[str, float] = {}

    def latest(self) -> dict[str, float]:
        """What was measured last, without waiting; a probe that died says nothing any more."""
        try:
            while self._here.poll():
                self._latest = self._here.recv()
        except (EOFError, OSError):
            self._latest = {}
        return self._latest

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()
        self._here.close()


def _measure(servers: list[ProbedServer], pipe: Pipe) -> None:
    connections: dict[str, Connection] = {}
    times: dict[str, deque[float]] = {server.name: deque(maxlen=_LOOKED_BACK) for server in servers}
    told_at = 0.0
    try:
        while True:
            for server in servers:
                seconds = _waited(server, connections)
                if seconds is not None:
                    times[server.name].append(seconds)
            if time.monotonic() - told_at > _TOLD_SECONDS:
                told_at = time.monotonic()
                pipe.send({name: _p99(list(some)) for name, some in times.items() if some})
            time.sleep(_BETWEEN_SECONDS)
    except (KeyboardInterrupt, BrokenPipeError):
        return


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * _PERCENTILE)]


def _waited(server: ProbedServer, connections: dict[str, Connection]) -> float | None:
    """How long one GET took; None where the server cannot be reached, which is for the engine to say."""
    try:
        connection = connections.get(server.name)
        if connection is None:
            connection = connections[server.name] = Connection(
                server.endpoint, database=server.database, timeout_seconds=_TIMEOUT_SECONDS, patience=Patience(1.0, 0.1)
            )
        began = time.perf_counter()
        connection.send(_GET)
        connection.read()
        return time.perf_counter() - began
    except UpliftError:
        if (broken := connections.pop(server.name, None)) is not None:
            broken.close()
        return None
