"""What one server says of itself in INFO, and by its clock."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import Reply, as_bytes, as_time
from uplift.keyspace.server.window import round_trip_within

_INFO = pack("INFO")
_DATABASE = re.compile(r"db(\d+)")
_REPLICA = re.compile(r"slave\d+")
_UNLINK_SINCE = (4, 0)
_NUMBER = re.compile(r"\d+")
_FIELD_TTL_SINCE = (7, 4)
_FIELD_TTL_SINCE_VALKEY = 9


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """INFO of one node; `replica_lag_seconds` is the largest over its replicas, None where it has none.

    `version` is the engine's own; Valkey also reports a Redis version it is compatible with, in `compatible_version`.
    `keys` counts by database. `replication_id` names the data a node replicates; it changes when the node follows another (4.0; '' before).
    """

    version: str
    compatible_version: tuple[int, ...]
    is_valkey: bool
    cluster_enabled: bool
    run_id: str
    role: str
    used_memory_bytes: int
    max_memory_bytes: int
    max_memory_policy: str
    evicted_keys: int
    expired_keys: int
    replicas: int
    keys: tuple[tuple[int, int], ...]
    replica_lag_seconds: int | None
    primary_link_up: bool
    primary_last_heard_seconds: int | None
    replication_id: str = ""

    @property
    def databases(self) -> tuple[int, ...]:
        """The databases that hold keys."""
        return tuple(database for database, _ in self.keys)

    @property
    def memory_percent(self) -> int | None:
        """Used memory against maxmemory; None where the node has no limit."""
        return 100 * self.used_memory_bytes // self.max_memory_bytes if self.max_memory_bytes else None

    @property
    def free_memory_bytes(self) -> int | None:
        """What may still be written; None where the node has no limit."""
        return max(0, self.max_memory_bytes - self.used_memory_bytes) if self.max_memory_bytes else None

    @property
    def has_unlink(self) -> bool:
        """Whether a value of any size can be freed without holding the server (Redis 4.0)."""
        return self.compatible_version >= _UNLINK_SINCE

    @property
    def fields_may_expire(self) -> bool:
        """Whether the fields of a hash can have TTLs of their own (Redis 7.4, Valkey 9)."""
        if self.is_valkey:
            return int(self.version.split(".")[0]) >= _FIELD_TTL_SINCE_VALKEY
        return self.compatible_version >= _FIELD_TTL_SINCE

    def keys_in(self, database: int) -> int:
        """How many keys one database holds."""
        return dict(self.keys).get(database, 0)


def read_server_facts(connection: Connection) -> ServerFacts:
    """Ask one node for INFO. The fields are those of redis/redis 3.2 src/server.c, genRedisInfoString; later versions keep them."""
    return _facts(connection.ask("INFO"))


def read_facts_of_all(connections: Sequence[Connection]) -> list[ServerFacts]:
    """Ask several nodes at once, in the time of the longest round trip. Raises as PipelinedRequests.receive."""
    asked = [PipelinedRequests(connection) for connection in connections]
    for requests in asked:
        requests.send(_INFO)
    return [_facts(requests.receive()) for requests in asked]


def _facts(answer: Reply) -> ServerFacts:
    info = _fields(as_bytes(answer))
    lags = [int(value) for name, text in info.items() if _REPLICA.fullmatch(name) and (value := _part(text, "lag"))]
    compatible = info["redis_version"]
    return ServerFacts(
        version=info.get("valkey_version", compatible),
        compatible_version=tuple(int(number) for number in _NUMBER.findall(compatible)[:3]),
        is_valkey="valkey_version" in info,
        cluster_enabled=info.get("cluster_enabled") == "1",
        run_id=info["run_id"],
        role=info["role"],
        used_memory_bytes=int(info["used_memory"]),
        max_memory_bytes=int(info.get("maxmemory", 0)),
        max_memory_policy=info.get("maxmemory_policy", ""),
        evicted_keys=int(info.get("evicted_keys", 0)),
        expired_keys=int(info.get("expired_keys", 0)),
        replicas=int(info.get("connected_slaves", 0)),
        keys=tuple(
            sorted((int(match[1]), int(_part(text, "keys"))) for name, text in info.items() if (match := _DATABASE.fullmatch(name)))
        ),
        replica_lag_seconds=max(lags, default=None),
        primary_link_up=info.get("master_link_status", "up") == "up",
        primary_last_heard_seconds=int(info["master_last_io_seconds_ago"]) if "master_last_io_seconds_ago" in info else None,
        replication_id=info.get("master_replid", ""),
    )


def _fields(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode("utf-8", "replace").splitlines())
    return {name: value for name, separator, value in lines if separator}


def _part(text: str, name: str) -> str:
    return dict(part.partition("=")[::2] for part in text.split(",")).get(name, "")


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a node is from this machine: its clock, in ms ahead of this one's, and the shortest of a few round trips, in seconds."""

    clock_offset: float
    round_trip: float


def measure_distance(connection: Connection) -> Distance:
    """Ask for TIME five times; the shortest round trip tells the most about the clock."""
    best = Distance(0.0, float("inf"))
    for _ in range(5):
        before = time.time()
        there = as_time(connection.ask("TIME"))
        after = time.time()
        if after - before < best.round_trip:
            best = Distance(there / 1000 - (before + after) * 500, after - before)
    return best


def distance_within_memory(connection: Connection, facts: ServerFacts) -> Distance:
    """How far the node is, and no further than it has memory for the answers that would be under way (window.py)."""
    distance = measure_distance(connection)
    return replace(distance, round_trip=round_trip_within(distance.round_trip, facts.free_memory_bytes))
