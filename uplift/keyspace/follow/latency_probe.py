"""What a foreign command waits on each server, measured by a process of its own: in the engine's, its own work would be measured too."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from uplift.errors import UpliftError
from uplift.keyspace.follow.own_names import LEASE
from uplift.keyspace.server.connection import Connection, Patience, pack
from uplift.keyspace.server.endpoint import Endpoint

_BETWEEN_SECONDS = 0.01
_SECOND = 1.0
_TIMEOUT_SECONDS = 3.0
_PERCENTILE = 0.99
_GET = pack("GET", LEASE)


@dataclass(frozen=True, slots=True)
class ProbedServer:
    """Whom to ask."""

    name: str
    endpoint: Endpoint
    database: int


@dataclass(frozen=True, slots=True)
class Waited:
    """The 99th percentile of what a command waited in one second, in seconds; `began_at` is when that second began (monotonic)."""

    p99: float
    began_at: float


class LatencyProbe:
    """The process beside. `latest`: by server, of the last whole second; empty before the first."""

    def __init__(self, servers: list[ProbedServer]) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe(duplex=False)
        # A daemon: it must not outlive whoever asked for it.
        self._process = context.Process(target=_measure, args=(servers, there), daemon=True)
        self._process.start()
        there.close()
        self._latest: dict[str, Waited] = {}

    def latest(self) -> dict[str, Waited]:
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
    times: dict[str, list[float]] = {server.name: [] for server in servers}
    began_at = time.monotonic()
    try:
        while True:
            for server in servers:
                seconds = _waited(server, connections)
                if seconds is not None:
                    times[server.name].append(seconds)
            if time.monotonic() - began_at > _SECOND:
                # One clock for all processes of a machine (clock_gettime(2), CLOCK_MONOTONIC).
                pipe.send({name: Waited(_p99(some), began_at) for name, some in times.items() if some})
                times = {server.name: [] for server in servers}
                began_at = time.monotonic()
            time.sleep(_BETWEEN_SECONDS)
    except (KeyboardInterrupt, BrokenPipeError):
        return


def _p99(times: list[float]) -> float:
    return sorted(times)[int((len(times) - 1) * _PERCENTILE)]


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
