"""Data of every type and encoding, and a reader of it that shares no code with the engine: redis-py and each type's own commands."""

from __future__ import annotations

import random
import struct
import time
from dataclasses import dataclass
from typing import Any

import redis
from hypothesis import strategies as st

from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.events import Event, Listener, Note

_MOST_APART_MICROSECONDS = 10_000

Snapshot = dict[bytes, tuple[bytes, object, int | None]]


def endpoint(server: RedisServer) -> Endpoint:
    return Endpoint("127.0.0.1", server.port)


def tell(said: list[str]) -> Listener:
    """A listener that keeps the lines that are for a person."""

    def take(event: Event) -> None:
        if isinstance(event, Note):
            said.append(event.text)

    return take


def snapshot(client: redis.Redis, prefix: bytes = b"") -> Snapshot:
    """Every key: its type, value, and when it expires in ms of the server's clock."""
    found: Snapshot = {}
    for key in client.scan_iter(count=1000):
        assert isinstance(key, bytes)
        if key.startswith(prefix):
            seen = read(client, key)
            if seen is not None:
                found[key] = seen
    return found


def read(client: Any, key: bytes) -> tuple[bytes, object, int | None] | None:
    while True:
        at_once = client.pipeline(transaction=True)
        at_once.time()
        at_once.pttl(key)
        at_once.time()
        at_once.type(key)
        before, ttl, (seconds, microseconds), kind = at_once.execute()
        # The server can stand still between PTTL and TIME, and then the key would seem to end at another time.
        if (seconds - before[0]) * 1_000_000 + microseconds - before[1] < _MOST_APART_MICROSECONDS:
            break
    if ttl == -2 or kind == b"none":
        return None
    value: object
    match kind:
        case b"string":
            value = client.get(key)
        case b"list":
            value = client.lrange(key, 0, -1)
        case b"set":
            value = client.smembers(key)
        case b"hash":
            value = client.hgetall(key)
        case b"zset":
            value = {member: struct.pack("<d", score) for member, score in client.zrange(key, 0, -1, withscores=True)}
        case _:
            value = (client.xrange(key), [_group(client, key, facts) for facts in client.xinfo_groups(key)])
    return kind, value, None if ttl < 0 else seconds * 1000 + microseconds // 1000 + ttl


def _group(client: Any, key: bytes, facts: dict[str, Any]) -> tuple[object, ...]:
    """What every version tells of a group, and each of its pending entries with its owner."""
    pending = client.xpending_range(key, facts["name"], "-", "+", 10_000) if facts["pending"] else []
    owners = [(entry["message_id"], entry["consumer"], entry["times_delivered"]) for entry in pending]
    return facts["name"], facts["last-delivered-id"], owners


def same(one: Snapshot, other: Snapshot, tolerance: int = 300) -> list[bytes]:
    """The keys that differ."""
    differing = []
    for key in one.keys() | other.keys():
        mine, theirs = one.get(key), other.get(key)
        if mine is None or theirs is None or mine[:2] != theirs[:2] or not _ends_together(mine[2], theirs[2], tolerance):
            differing.append(key)
    return differing


def _ends_together(mine: int | None, theirs: int | None, tolerance: int) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return abs(mine - theirs) <= tolerance


@dataclass(frozen=True)
class Item:
    key: bytes
    kind: str
    value: Any
    ttl: int | None


_BYTES = st.one_of(
    st.binary(max_size=80),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: b"%d" % n),
    st.sampled_from([b"", b"\r\n", b"$3\r\n", b"\x00\xff", b"a" * 300, b"0", b"-0", b"1e3"]),
)
_SCORES = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-(2**53), 2**53).map(float),
    st.sampled_from([0.1, -0.0, 1587340800.1234567, float("inf"), float("-inf"), 5e-324]),
)
_VALUES = st.one_of(
    st.tuples(st.just("string"), _BYTES),
    st.tuples(st.just("list"), st.lists(_BYTES, min_size=1, max_size=12)),
    st.tuples(st.just("set"), st.sets(_BYTES, min_size=1, max_size=12)),
    st.tuples(st.just("set"), st.sets(st.integers(-(2**63), 2**63 - 1).map(lambda n: b"%d" % n), min_size=1, max_size=12)),
    st.tuples(st.just("hash"), st.dictionaries(_BYTES, _BYTES, min_size=1, max_size=8)),
    st.tuples(st.just("zset"), st.dictionaries(_BYTES, _SCORES, min_size=1, max_size=8)),
)
ITEMS = st.lists(
    st.builds(
        lambda key, value, ttl: Item(key, value[0], value[1], ttl),
        # Hypothesis finds our own reserved names in the source and tries them: these are never copied.
        st.binary(max_size=30).filter(lambda key: not key.startswith((b"uplift:", b"ElastiCache"))),
        _VALUES,
        st.one_of(st.none(), st.integers(60_000, 10**9)),
    ),
    max_size=25,
    unique_by=lambda item: item.key,
)


def write(client: redis.Redis, item: Item) -> None:
    raw: Any = client.execute_command
    match item.kind:
        case "string":
            client.set(item.key, item.value)
        case "list":
            client.rpush(item.key, *item.value)
        case "set":
            client.sadd(item.key, *item.value)
        case "hash":
            raw("HMSET", item.key, *[part for pair in item.value.items() for part in pair])
        case _:
            raw("ZADD", item.key, *[part for member, score in item.value.items() for part in (repr(score), member)])
    if item.ttl is not None:
        client.pexpire(item.key, item.ttl)


def fill_every_encoding(client: redis.Redis, rng: random.Random, prefix: str = "") -> None:
    """One key of each encoding the server has, small ones, ones past the compact limits, and ones that are read in pieces."""
    raw: Any = client.execute_command

    def name(text: str) -> str:
        return f"{prefix}{text}"

    client.set(name("string:int"), 12345)
    client.set(name("string:embedded"), "x" * 20)
    client.set(name("string:raw"), rng.randbytes(5_000))
    client.set(name("string:packed"), "abc" * 5_000)
    client.set(name("string:big"), rng.randbytes(700_000))
    client.set(name("string:empty"), "")
    client.pfadd(name("string:hll"), *range(500))
    client.setbit(name("string:bits"), 1000, 1)
    client.rpush(name("list:small"), *range(10), "text")
    client.rpush(name("list:nodes"), *[rng.randbytes(200) for _ in range(300)])
    client.rpush(name("list:big"), *[rng.randbytes(rng.randint(0, 90)) for _ in range(5_000)])
    client.sadd(name("set:ints"), *range(-50, 50), 2**40)
    client.sadd(name("set:table"), *[rng.randbytes(20) for _ in range(100)])
    client.sadd(name("set:big"), *[rng.randbytes(20) for _ in range(4_000)])
    for kind, count, size in (("small", 5, 10), ("table", 60, 100), ("big", 3_000, 30)):
        raw("HMSET", name(f"hash:{kind}"), *[rng.randbytes(size) for _ in range(2 * count)])
    for kind, count in (("small", 10), ("skiplist", 300), ("big", 4_000)):
        members = {rng.randbytes(12): rng.uniform(-1e9, 1e9) for _ in range(count)}
        raw("ZADD", name(f"zset:{kind}"), *[part for member, score in members.items() for part in (repr(score), member)])
    raw(
        "ZADD",
        name("zset:edges"),
        "inf",
        "a",
        "-inf",
        "b",
        "0.1",
        "c",
        "-0",
        "d",
        "5e-324",
        "e",
        *[p for i in range(200) for p in (i, f"m{i}")],
    )
    raw("GEOADD", name("zset:geo"), 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
    for key in list(client.scan_iter(match=f"{prefix}*")):
        if rng.random() < 0.5:
            client.pexpireat(key, int(time.time() * 1000) + rng.randint(10**6, 10**9))


def fill_streams(client: redis.Redis, prefix: str = "") -> None:
    """A stream with groups, consumers and pending entries."""
    for number in range(150):
        client.xadd(f"{prefix}stream:one", {"field": f"value{number}", f"f{number % 7}": "x"}, id=f"{1587340800000 + number}-1")
    client.xgroup_create(f"{prefix}stream:one", "workers", id="0")
    client.xgroup_create(f"{prefix}stream:one", "idle", id="$")
    client.xreadgroup("workers", "w1", {f"{prefix}stream:one": ">"}, count=20)
    client.xreadgroup("workers", "w2", {f"{prefix}stream:one": ">"}, count=5)
    client.xdel(f"{prefix}stream:one", f"{1587340800000 + 50}-1")
