"""The parameters of each family: which exist, which can be set, and to what.

Source: ElastiCache user guide, "Redis OSS-specific parameters" for each family. Only what a person may
meet is listed; a name that is not here does not exist in that family and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from uplift.engines.keyspace_events import problem_with_event_letters


class Changeable(StrEnum):
    """When a parameter can be set."""

    AT_ONCE = "at once"
    BEFORE_USE = "only before a node uses the group"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a family. `ranges` are inclusive; `choices` are the words allowed."""

    name: str
    default: str
    choices: tuple[str, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    changeable: Changeable = Changeable.AT_ONCE

    def problem_with(self, value: str) -> str | None:
        """Why `value` cannot be set, in words that end a sentence; None when it can."""
        if self.changeable is Changeable.NEVER:
            return "is fixed by ElastiCache and cannot be set"
        if self.name == "notify-keyspace-events":
            return problem_with_event_letters(value)
        if self.choices and value not in self.choices:
            return f"is {value!r}, allowed: {', '.join(self.choices)}"
        if self.ranges and not self._in_range(value):
            allowed = " or ".join(_in_words(low, high) for low, high in self.ranges)
            return f"is {value!r}, allowed: {allowed}"
        return None

    def _in_range(self, value: str) -> bool:
        digits = value.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and value == str(int(value))
        return is_number and any(low <= int(value) <= high for low, high in self.ranges)


_UNBOUNDED = 2**63 - 1
# A log of slow or big commands keeps none from there on (redis.conf, "Slow log").
_OFF = -1


def _in_words(low: int, high: int) -> str:
    if high == _UNBOUNDED:
        return f"{low} or more"
    return f"{low}" if low == high else f"{low} to {high}"


_YES_NO = ("yes", "no")
_POLICIES = ("volatile-lru", "allkeys-lru", "volatile-random", "allkeys-random", "volatile-ttl", "noeviction")
_LFU_POLICIES = ("volatile-lfu", "allkeys-lfu")


def _whole(name: str, default: str, low: int = 0, high: int = _UNBOUNDED, changeable: Changeable = Changeable.AT_ONCE) -> Parameter:
    return Parameter(name, default, ranges=((low, high),), changeable=changeable)


def _yes_no(name: str, default: str, changeable: Changeable = Changeable.AT_ONCE) -> Parameter:
    return Parameter(name, default, choices=_YES_NO, changeable=changeable)


def _fixed(name: str, default: str = "") -> Parameter:
    return Parameter(name, default, changeable=Changeable.NEVER)


_COMMON: tuple[Parameter, ...] = (
    Parameter("notify-keyspace-events", ""),
    _whole("maxmemory-samples", "3", 1),
    _whole("reserved-memory-percent", "25", 0, 100),
    _whole("reserved-memory", "0"),
    Parameter("timeout", "0", ranges=((0, 0), (20, _UNBOUNDED))),
    _whole("tcp-keepalive", "300"),
    _yes_no("cluster-enabled", "no", Changeable.BEFORE_USE),
    _whole("slowlog-log-slower-than", "10000", _OFF),
    _whole("slowlog-max-len", "128"),
    _whole("repl-backlog-size", "1048576", 16384),
    _whole("repl-backlog-ttl", "3600"),
    _whole("set-max-intset-entries", "512"),
    _whole("client-output-buffer-limit-normal-hard-limit", "0"),
    _whole("client-output-buffer-limit-normal-soft-limit", "0"),
    _whole("client-output-buffer-limit-normal-soft-seconds", "0"),
    _whole("client-output-buffer-limit-pubsub-hard-limit", "33554432"),
    _whole("client-output-buffer-limit-pubsub-soft-limit", "8388608"),
    _whole("client-output-buffer-limit-pubsub-soft-seconds", "60"),
    _fixed("appendonly", "no"),
    _fixed("appendfsync", "everysec"),
    _fixed("maxmemory"),
    _fixed("maxclients", "65000"),
    _whole("list-compress-depth", "0"),
    _fixed("lua-time-limit", "5000"),
)

_ZIPLISTS: tuple[Parameter, ...] = (
    _yes_no("activerehashing", "yes", Changeable.BEFORE_USE),
    _whole("hash-max-ziplist-entries", "512"),
    _whole("hash-max-ziplist-value", "64"),
    _whole("zset-max-ziplist-entries", "128"),
    _whole("zset-max-ziplist-value", "64"),
    _fixed("list-max-ziplist-size", "-2"),
)

_UP_TO_5_0: tuple[Parameter, ...] = (_whole("databases", "16", 1, 1_200_000, Changeable.BEFORE_USE),)

_REDIS_3_2: tuple[Parameter, ...] = (
    Parameter("maxmemory-policy", "volatile-lru", choices=_POLICIES),
    _yes_no("close-on-slave-write", "yes"),
    _whole("min-slaves-to-write", "0"),
    _whole("min-slaves-max-lag", "10"),
    _fixed("repl-timeout", "60"),
)

_FROM_4_0: tuple[Parameter, ...] = (
    Parameter("maxmemory-policy", "volatile-lru", choices=_POLICIES + _LFU_POLICIES),
    _yes_no("activedefrag", "no"),
    _whole("active-defrag-cycle-min", "5", 1, 75),
    _whole("active-defrag-cycle-max", "75", 1, 75),
    _whole("active-defrag-threshold-lower", "10", 1, 100),
    _whole("active-defrag-threshold-upper", "100", 1, 100),
    # As ElastiCache itself answers (DescribeCacheParameters); its user guide names narrower bounds.
    _whole("active-defrag-ignore-bytes", "104857600", 1_048_576),
    _whole("lfu-log-factor", "10", 1),
    _whole("lfu-decay-time", "1"),
)

_FROM_5_0: tuple[Parameter, ...] = (
    _yes_no("close-on-replica-write", "yes"),
    _whole("min-replicas-to-write", "0"),
    _whole("min-replicas-max-lag", "10"),
    Parameter("rename-commands", "none"),
    _whole("stream-node-max-bytes", "4096"),
    _whole("stream-node-max-entries", "100"),
    _fixed("replica-allow-chaining", "no"),
    _fixed("replica-lazy-flush", "no"),
)

_LAZYFREE: tuple[Parameter, ...] = (
    _yes_no("lazyfree-lazy-eviction", "no"),
    _yes_no("lazyfree-lazy-expire", "no"),
    _yes_no("lazyfree-lazy-server-del", "no"),
)

_ONLY_5_0: tuple[Parameter, ...] = (_yes_no("lua-replicate-commands", "yes"),)

_FROM_6: tuple[Parameter, ...] = (
    _whole("databases", "16", 1, 10_000, Changeable.BEFORE_USE),
    Parameter("acl-pubsub-default", "resetchannels", choices=("resetchannels", "allchannels")),
    _whole("acllog-max-len", "128"),
    _whole("active-expire-effort", "1", 1, 10),
    _whole("tracking-table-max-keys", "1000000"),
    _yes_no("cluster-allow-reads-when-down", "no"),
)

_LAZYFREE_FROM_6: tuple[Parameter, ...] = (_yes_no("lazyfree-lazy-user-del", "no"),)

_FROM_7: tuple[Parameter, ...] = (
    _fixed("activerehashing", "yes"),
    _whole("hash-max-listpack-entries", "512"),
    _whole("hash-max-listpack-value", "64"),
    _whole("zset-max-listpack-entries", "128"),
    _whole("zset-max-listpack-value", "64"),
    _fixed("list-max-listpack-size", "-2"),
    _yes_no("latency-tracking", "no"),
    Parameter("cluster-preferred-endpoint-type", "tls-dynamic", choices=("ip", "tls-dynamic")),
    _yes_no("cluster-allow-pubsubshard-when-down", "yes"),
)

_FROM_VALKEY_8: tuple[Parameter, ...] = (
    _yes_no("extended-redis-compatibility", "yes"),
    # From 8.1, in the names of Valkey itself.
    _whole("commandlog-execution-slower-than", "10000", _OFF),
    _whole("commandlog-request-larger-than", "1048576", _OFF),
    _whole("commandlog-reply-larger-than", "1048576", _OFF),
    _whole("commandlog-slow-execution-max-len", "128"),
    _whole("commandlog-large-request-max-len", "128"),
    _whole("commandlog-large-reply-max-len", "128"),
)

_FROM_VALKEY_9: tuple[Parameter, ...] = (_whole("cluster-databases", "1", 1, 10_000, Changeable.BEFORE_USE),)

_5_0 = _COMMON + _FROM_4_0 + _FROM_5_0
_7 = _5_0 + _FROM_6 + _FROM_7
_FAMILY_PARAMETERS: Mapping[str, tuple[Parameter, ...]] = {
    "redis3.2": _COMMON + _UP_TO_5_0 + _ZIPLISTS + _REDIS_3_2,
    "redis4.0": _COMMON + _UP_TO_5_0 + _ZIPLISTS + _REDIS_3_2[1:] + _FROM_4_0 + _LAZYFREE,
    "redis5.0": _5_0 + _UP_TO_5_0 + _ZIPLISTS + _LAZYFREE + _ONLY_5_0,
    "redis6.x": _5_0 + _ZIPLISTS + _LAZYFREE + _FROM_6 + _LAZYFREE_FROM_6,
    "redis7": _7 + _LAZYFREE + _LAZYFREE_FROM_6,
    "valkey7": _7 + _LAZYFREE + _LAZYFREE_FROM_6,
    "valkey8": _7 + _FROM_VALKEY_8,
    "valkey9": _7 + _FROM_VALKEY_8 + _FROM_VALKEY_9,
}
# Of 8.2's search nothing but the beginning of its names is documented here: such a name is not judged.
_NOT_LISTED = {"valkey8": "search-", "valkey9": "search-"}

# API reference, CreateCacheParameterGroup; redis2.6 and memcached are families of engines that no group of ours runs.
FAMILIES_OF_ELASTICACHE: tuple[str, ...] = (
    "redis2.6",
    "redis2.8",
    *_FAMILY_PARAMETERS,
    "memcached1.4",
    "memcached1.5",
    "memcached1.6",
)

# What ElastiCache has there beside these, and nobody sets through Uplift (user guide, "Engine specific parameters"): not modifiable, or of
# no use here. They are no part of a family above, because all of a family's defaults are part of a plan that somebody approved.
_SLAVE_BUFFERS = frozenset(f"client-output-buffer-limit-slave-{limit}" for limit in ("hard-limit", "soft-limit", "soft-seconds"))
_REPLICA_BUFFERS = frozenset(name.replace("slave", "replica") for name in _SLAVE_BUFFERS)
_ALSO_3_2 = frozenset({"cluster-require-full-coverage", "hll-sparse-max-bytes"})
_ALSO_4_0 = _ALSO_3_2 | {"client-query-buffer-limit", "proto-max-bulk-len"}
_ALSO_5_0 = _ALSO_4_0 | _REPLICA_BUFFERS | {"active-defrag-max-scan-fields", "replica-ignore-maxmemory"}
_ALSO_6 = _ALSO_5_0 | {"acl-pubsub-default", "acllog-max-len", "active-expire-effort", "tracking-table-max-keys"}
_ALSO_6 |= {"lazyfree-lazy-user-del", "cluster-allow-reads-when-down"}
_ALSO_7 = _ALSO_6 | {f"{kind}-max-listpack-{limit}" for kind in ("hash", "zset") for limit in ("entries", "value")}
_ALSO_7 |= {"latency-tracking", "cluster-preferred-endpoint-type", "cluster-allow-pubsubshard-when-down"}
_ALSO: Mapping[str, frozenset[str]] = {
    "redis3.2": _ALSO_3_2 | _SLAVE_BUFFERS | {"slave-allow-chaining"},
    "redis4.0": _SLAVE_BUFFERS | _ALSO_4_0 | {"slave-allow-chaining", "slave-lazy-flush"},
    "redis5.0": _ALSO_5_0,
    "redis6.x": _ALSO_6,
    "redis7": _ALSO_7,
    "valkey7": _ALSO_7,
    "valkey8": _ALSO_7,
    "valkey9": _ALSO_7,
}

_RENAMED_IN_5_0: Mapping[str, str] = {
    "close-on-slave-write": "close-on-replica-write",
    "min-slaves-to-write": "min-replicas-to-write",
    "min-slaves-max-lag": "min-replicas-max-lag",
}


@dataclass(frozen=True, slots=True)
class ParameterFamily:
    """The parameters of one family, by name."""

    name: str
    by_name: Mapping[str, Parameter] = field(repr=False)

    def problems_with(self, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Each parameter of `values` that cannot be set in this family, with the reason."""
        unlisted = _NOT_LISTED.get(self.name)
        for name, value in values.items():
            if unlisted is not None and name.startswith(unlisted):
                continue
            parameter = self.by_name.get(name)
            problem = self._why_unknown(name) if parameter is None else parameter.problem_with(value)
            if problem is not None:
                yield name, problem

    def has(self, name: str) -> bool:
        """Whether ElastiCache has it in this family, settable through Uplift or not."""
        return name in self.by_name or name in _ALSO[self.name]

    def _why_unknown(self, name: str) -> str:
        if self.has(name):
            return f"is a parameter of family {self.name} that Uplift does not set"
        return f"does not exist in family {self.name}"

    def name_coming_from(self, older_name: str) -> str | None:
        """What `older_name` is called in this family; None where it does not exist any more."""
        if older_name in self.by_name:
            return older_name
        renamed = _RENAMED_IN_5_0.get(older_name)
        return renamed if renamed in self.by_name else None


def known_family(name: str) -> bool:
    """Whether the catalogue has this family."""
    return name in _FAMILY_PARAMETERS


def parameter_family(name: str) -> ParameterFamily:
    """The family a catalogue entry owns; every family of the catalogue is here (held by a test)."""
    return ParameterFamily(name, {parameter.name: parameter for parameter in _FAMILY_PARAMETERS[name]})
