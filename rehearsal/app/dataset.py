"""Fills a Redis with keys of vets-api's shapes, as the application writes them: SET and then EXPIRE."""

from __future__ import annotations

import random
from collections.abc import Callable

import redis

from rehearsal.app.shapes import Entry, entries

_BATCH = 500


def fill(client: redis.Redis, count: int, *, seed: int, now: float, progress: Callable[[int], None]) -> None:
    """Write `count` keys; the same seed writes the same keys. `progress` gets the number written so far."""
    pipeline = client.pipeline(transaction=False)
    written = 0
    for entry in entries(count, random.Random(seed), now):
        _write(pipeline, entry)
        written += 1
        if written % _BATCH == 0:
            pipeline.execute()
            progress(written)
    pipeline.execute()
    progress(written)


def _write(pipeline: redis.client.Pipeline, entry: Entry) -> None:
    if entry.string is not None:
        pipeline.set(entry.key, entry.string)
    elif entry.hash:
        # HMSET: HSET takes one field in Redis 3.2.
        pipeline.execute_command("HMSET", entry.key, *[part for pair in entry.hash.items() for part in pair])
    elif entry.members:
        pipeline.sadd(entry.key, *entry.members)
    elif entry.scored:
        pipeline.zadd(entry.key, entry.scored)
    else:
        pipeline.lpush(entry.key, *entry.listed)
    if entry.ttl is not None:
        pipeline.expire(entry.key, entry.ttl)
