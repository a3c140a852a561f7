"""What the engine is measured against: the same job by redis-py in pipelines of 500, with hiredis, TTL safety and targets alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.common import endpoint
from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.server.connection import connected
from uplift.keyspace.server.page_reader import ReadLimits, ScanOf, ValueForm, payload_reader
from uplift.keyspace.server.scan_partition import next_cursor

BATCH = 500
Route = Callable[[bytes], int]


def pipelined_copy(source: Any, targets: list[Any], route: Route) -> None:
    """SCAN, DUMP and PTTL; RESTORE with an absolute TTL."""
    cursor = 0
    while True:
        cursor, keys = source.scan(cursor, count=BATCH)
        reads = source.pipeline(transaction=False)
        for key in keys:
            reads.dump(key)
            reads.pttl(key)
        seconds, microseconds = source.time()
        now = seconds * 1000 + microseconds // 1000
        replies = reads.execute()
        writes = [target.pipeline(transaction=False) for target in targets]
        for key, payload, ttl in zip(keys, replies[::2], replies[1::2], strict=True):
            if payload is None or ttl in {0, -2}:
                continue
            writes[route(key)].restore(key, now + ttl if ttl > 0 else 0, payload, replace=True, absttl=ttl > 0)
        for pipeline in writes:
            pipeline.execute()
        if cursor == 0:
            return


_READS: dict[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda pipeline, key: pipeline.get(key),
    b"list": lambda pipeline, key: pipeline.lrange(key, 0, -1),
    b"set": lambda pipeline, key: pipeline.smembers(key),
    b"hash": lambda pipeline, key: pipeline.hgetall(key),
    b"zset": lambda pipeline, key: pipeline.zrange(key, 0, -1, withscores=True),
}


def pipelined_verify(source: Any, targets: list[Any], route: Route) -> int:
    """SCAN and TYPE, then each value and TTL on both sides; then every key of a target is looked for on the source.

    Returns how many differ.
    """
    cursor, different = 0, 0
    while True:
        cursor, keys = source.scan(cursor, count=BATCH)
        types = source.pipeline(transaction=False)
        for key in keys:
            types.type(key)
        kinds = types.execute()
        here = source.pipeline(transaction=False)
        there = [target.pipeline(transaction=False) for target in targets]
        for key, kind in zip(keys, kinds, strict=True):
            for pipeline in (here, there[route(key)]):
                _READS[kind](pipeline, key)
                pipeline.pttl(key)
        mine = here.execute()
        theirs = [iter(pipeline.execute()) for pipeline in there]
        for index, key in enumerate(keys):
            side = theirs[route(key)]
            value, ttl = next(side), next(side)
            if value != mine[2 * index] or abs(ttl - mine[2 * index + 1]) > 1_000:
                different += 1
        if cursor == 0:
            return different + sum(_extra(source, target) for target in targets)


def _extra(source: Any, target: Any) -> int:
    cursor, extra = 0, 0
    while True:
        cursor, keys = target.scan(cursor, count=BATCH)
        looks = source.pipeline(transaction=False)
        for key in keys:
            looks.exists(key)
        extra += sum(1 for found in looks.execute() if found == 0)
        if cursor == 0:
            return extra


def drained_script(source: RedisServer) -> None:
    """The engine's own reading script, pages thrown away: what the source cannot do without."""
    limits = ReadLimits()
    with connected(endpoint(source)) as connection:
        reader = payload_reader(connection, ValueForm.COPY, limits, ScanOf(limits.page_keys // 2, [b"skip"]))
        for partition in (0, 1):
            cursor: int | None = partition
            while cursor is not None:
                reader.request(cursor)
                cursor = next_cursor(reader.receive().cursor, partition, 2)
