"""The user's own RDB file: which version it is, and how its data gets into a Redis 3.2.

RDB versions: redis/redis src/rdb.h, RDB_VERSION: 7 in 3.2, 8 in 4.0, 9 in 5.0 to 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import redis

from uplift.errors import BadInput

NEWEST_READ_BY_SOURCE = 7
NEWEST_ACCEPTED = 9
_HEADER = re.compile(rb"REDIS(\d{4})")
_BATCH = 200
_ELEMENTS_A_WRITE = 1000


@dataclass(frozen=True, slots=True)
class RdbFile:
    """An RDB file that can be rehearsed with."""

    path: Path
    version: int

    @property
    def source_reads_it(self) -> bool:
        """Whether Redis 3.2 loads the file itself."""
        return self.version <= NEWEST_READ_BY_SOURCE


def open_rdb(path: Path) -> RdbFile:
    """Look at the header. Raises BadInput for a file that is none, or is of a version nobody here reads."""
    try:
        with path.open("rb") as file:
            match = _HEADER.fullmatch(file.read(9))
    except OSError as problem:
        raise BadInput(f"--rdb {path}: {problem.strerror}") from None
    if match is None:
        raise BadInput(f"--rdb {path}: no RDB file, it does not begin with REDIS and four digits")
    version = int(match[1])
    if not 1 <= version <= NEWEST_ACCEPTED:
        raise BadInput(f"--rdb {path}: RDB version {version}, allowed: 1 to {NEWEST_ACCEPTED} (written by Redis 6.2 or older)")
    return RdbFile(path.resolve(), version)


def copy_by_type(source: redis.Redis, target: redis.Redis) -> int:
    """Copy every key of one database with commands both ends know; returns how many.

    Redis 3.2 refuses DUMP payloads of later versions, so values travel as values. Raises BadInput for a type
    that Redis 3.2 has not.
    """
    copied = 0
    for keys in _batches(source):
        pipeline = target.pipeline(transaction=False)
        seconds, microseconds = source.time()
        now = seconds * 1000 + microseconds // 1000
        for key in keys:
            _copy(source, pipeline, key)
            if (ttl := source.pttl(key)) > 0:
                pipeline.pexpireat(key, now + ttl)
        pipeline.execute()
        copied += len(keys)
    return copied


def _batches(source: redis.Redis) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for key in source.scan_iter(count=_BATCH):
        batch.append(cast("bytes", key))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _copy(source: redis.Redis, target: Any, key: bytes) -> None:
    match source.type(key):
        case b"string":
            target.set(key, source.get(key))
        case b"list":
            _in_parts(cast("list[Any]", source.lrange(key, 0, -1)), lambda part: target.rpush(key, *part))
        case b"set":
            _in_parts(list(cast("set[Any]", source.smembers(key))), lambda part: target.sadd(key, *part))
        case b"hash":
            pairs = list(cast("dict[Any, Any]", source.hgetall(key)).items())
            _in_parts(pairs, lambda part: target.execute_command("HMSET", key, *[item for pair in part for item in pair]))
        case b"zset":
            # The score as the server prints it, so that no digit is lost on the way.
            flat = cast("list[Any]", source.execute_command("ZRANGE", key, 0, -1, "WITHSCORES", NEVER_DECODE=True))
            _in_parts(_score_pairs(flat), lambda part: target.execute_command("ZADD", key, *[item for pair in part for item in pair]))
        case b"none":
            return
        case other:
            raise BadInput(f"--rdb holds a {other!r}, a type Redis 3.2 has not: it cannot be the source of this upgrade")


def _score_pairs(flat: list[Any]) -> list[tuple[Any, Any]]:
    if flat and isinstance(flat[0], (list, tuple)):
        return [(repr(score) if isinstance(score, float) else score, member) for member, score in flat]
    return [(score, member) for member, score in zip(flat[::2], flat[1::2], strict=True)]


def _in_parts(items: list[Any], write: Any) -> None:
    for start in range(0, len(items), _ELEMENTS_A_WRITE):
        write(items[start : start + _ELEMENTS_A_WRITE])
