"""What one server says of itself in INFO."""

from __future__ import annotations

import re
from dataclasses import dataclass

import redis

_DATABASE = re.compile(r"db(\d+)")


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """INFO of one node; `replica_lag_seconds` is the largest over its replicas, None where it has none."""

    version: str
    role: str
    used_memory_bytes: int
    max_memory_bytes: int
    databases: tuple[int, ...]
    replica_lag_seconds: int | None
    primary_link_up: bool

    @property
    def memory_percent(self) -> int | None:
        """Used memory against maxmemory; None where the node has no limit."""
        return 100 * self.used_memory_bytes // self.max_memory_bytes if self.max_memory_bytes else None


def read_server_facts(client: redis.Redis) -> ServerFacts:
    """Ask one node for INFO. The fields are those of redis/redis 3.2 src/server.c, genRedisInfoString; later versions keep them."""
    info = client.info()
    lags = [int(value["lag"]) for name, value in info.items() if re.fullmatch(r"slave\d+", name) and isinstance(value, dict)]
    return ServerFacts(
        version=str(info["redis_version"]),
        role=str(info["role"]),
        used_memory_bytes=int(info["used_memory"]),
        max_memory_bytes=int(info.get("maxmemory", 0)),
        databases=tuple(sorted(int(match[1]) for name in info if (match := _DATABASE.fullmatch(name)))),
        replica_lag_seconds=max(lags, default=None),
        primary_link_up=info.get("master_link_status", "up") == "up",
    )
