"""Every key of a Redis with a digest of its value and its expiry, read with commands of both versions.

This is the rehearsal's own proof: it shares nothing with the census it checks. Digests are order-free for sets,
hashes and sorted sets, whose order the server does not promise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import redis

_BATCH = 500
_QUEUE = b"queue:"
_JOB_SETS = (b"retry", b"schedule", b"dead")
ELASTICACHE_OWN_KEY = b"ElastiCacheMasterReplicationTimestamp"
NO_EXPIRY = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One key: digest of type and value, and when it expires in milliseconds since 1970 (0: never)."""

    digest: bytes
    expires_at_ms: int


@dataclass(slots=True)
class KeyDigests:
    """All keys of all databases but queues and job sets, whose jobs are counted one by one."""

    lines: dict[tuple[int, bytes], Line] = field(default_factory=dict)
    jobs: set[str] = field(default_factory=set)
    keys: int = 0
    read_at_ms: int = 0


def read_key_digests(connect: Callable[[int], redis.Redis], progress: Callable[[int, int], None]) -> KeyDigests:
    """Read everything; `progress` gets keys read and keys there are."""
    keys_seen = KeyDigests()
    info = cast("dict[str, dict[str, int]]", connect(0).info("keyspace"))
    total = sum(database["keys"] for database in info.values())
    for name in info:
        number = int(name.removeprefix("db"))
        client = connect(number)
        for keys in _batches(client):
            _read_batch(client, number, keys, keys_seen)
            progress(keys_seen.keys, total)
    keys_seen.read_at_ms = _server_ms(connect(0))
    return keys_seen


def _batches(client: redis.Redis) -> Iterator[list[bytes]]:
    cursor = 0
    while True:
        cursor, keys = client.scan(cursor, count=_BATCH)
        found = [cast("bytes", key) for key in dict.fromkeys(keys) if key != ELASTICACHE_OWN_KEY]
        if found:
            yield found
        if cursor == 0:
            return


def _read_batch(client: redis.Redis, database: int, keys: list[bytes], keys_seen: KeyDigests) -> None:
    now = _server_ms(client)
    heads = client.pipeline(transaction=False)
    for key in keys:
        heads.type(key)
        heads.pttl(key)
    answers = heads.execute()
    values = client.pipeline(transaction=False)
    present = []
    for key, kind, ttl in zip(keys, answers[::2], answers[1::2], strict=True):
        if kind != b"none" and (database, key) not in keys_seen.lines:
            _ask(values, key, kind)
            present.append((key, kind, ttl))
    for (key, kind, ttl), value in zip(present, values.execute(), strict=True):
        keys_seen.keys += 1
        if database == 0 and (key.startswith(_QUEUE) or key in _JOB_SETS):
            keys_seen.jobs.update(_job_id(item) for item in _members(value))
            continue
        keys_seen.lines[(database, key)] = Line(_digest(kind, value), now + ttl if ttl >= 0 else NO_EXPIRY)


def _ask(pipeline: Any, key: bytes, kind: bytes) -> None:
    match kind:
        case b"string":
            pipeline.get(key)
        case b"list":
            pipeline.lrange(key, 0, -1)
        case b"set":
            pipeline.smembers(key)
        case b"hash":
            pipeline.hgetall(key)
        case b"zset":
            pipeline.zrange(key, 0, -1, withscores=True)
        case _:
            pipeline.dump(key)


def _members(value: Any) -> Iterable[Any]:
    return (item[0] if isinstance(item, (tuple, list)) else item for item in value)


def _digest(kind: bytes, value: Any) -> bytes:
    digest = hashlib.blake2b(kind, digest_size=16)
    for part in _canonical(kind, value):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _canonical(kind: bytes, value: Any) -> list[bytes]:
    match kind:
        case b"hash":
            return [part for pair in sorted(value.items()) for part in pair]
        case b"set":
            return sorted(value)
        case b"zset":
            return [part for member, score in sorted((item[0], repr(item[1]).encode()) for item in value) for part in (member, score)]
        case b"list":
            return list(value)
        case _:
            return [value or b""]


def _job_id(payload: bytes) -> str:
    try:
        return str(json.loads(payload)["jid"])
    except (ValueError, KeyError, TypeError):
        return payload.decode("latin-1")


def _server_ms(client: redis.Redis) -> int:
    seconds, microseconds = client.time()
    return seconds * 1000 + microseconds // 1000
