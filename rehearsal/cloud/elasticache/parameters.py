"""Parameter group families as the local ElastiCache knows them.

Source: user guide, "Redis OSS-specific parameters". Only the families that can run here.
"""

from __future__ import annotations

from rehearsal.cloud.errors import refused

# Parameters of ElastiCache itself or of another name in redis-server; they are kept and shown, not sent to a server.
NOT_FOR_THE_SERVER = frozenset({"reserved-memory", "reserved-memory-percent", "databases", "cluster-enabled", "activerehashing"})

_SHARED = {
    "activerehashing", "cluster-enabled", "databases", "hash-max-ziplist-entries", "hash-max-ziplist-value", "maxmemory-policy",
    "maxmemory-samples", "notify-keyspace-events", "repl-backlog-size", "repl-backlog-ttl", "reserved-memory",
    "reserved-memory-percent", "set-max-intset-entries", "slowlog-log-slower-than", "slowlog-max-len", "tcp-keepalive", "timeout",
    "zset-max-ziplist-entries", "zset-max-ziplist-value",
}  # fmt: skip
_FAMILIES = {
    "redis3.2": _SHARED | {"close-on-slave-write", "min-slaves-to-write", "min-slaves-max-lag"},
    "redis5.0": _SHARED
    | {"activedefrag", "close-on-replica-write", "lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del"}
    | {"lfu-decay-time", "lfu-log-factor", "lua-replicate-commands", "min-replicas-max-lag", "min-replicas-to-write"},
}
_FAMILIES["redis6.x"] = _FAMILIES["redis5.0"] - {"lua-replicate-commands"}
FAMILY_OF = {"3.2.6": "redis3.2", "5.0.6": "redis5.0", "6.2": "redis6.x"}


def check_family(family: str) -> None:
    """Refuse a family that does not exist here, as CreateCacheParameterGroup does."""
    if family not in _FAMILIES:
        raise refused("InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid parameter group family.")


def check_parameters(family: str, values: dict[str, str]) -> None:
    """Refuse a name the family has not, as ModifyCacheParameterGroup does."""
    for name in values:
        if name not in _FAMILIES[family]:
            raise refused("InvalidParameterValue", f"Could not find parameter with name: {name}")
