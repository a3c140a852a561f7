"""A census: how many keys of which pattern and type there are, counted in pages.

SCAN returns every key that was there from beginning to end at least once (redis.io, SCAN, "Scan guarantees");
one that is moved while the table grows can be counted twice, so counts are close, not exact, on a live server.
TYPE and PTTL leave a key's access time alone (redis/redis 3.2 src/db.c, LOOKUP_NOTOUCH); STRLEN does not, so
bytes are counted on a replica only, and only for strings.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from uplift.keyspace.pattern import pattern_of

ELASTICACHE_OWN_KEY = b"ElastiCacheMasterReplicationTimestamp"
OTHER_PATTERNS = "(other patterns)"
MOST_PATTERNS = 1_000
_KEYS_A_SCAN = 1_000
_NEVER_EXPIRES = -1
_GONE = -2


@dataclass(slots=True)
class PatternCount:
    """What was counted of one pattern. `string_bytes` stays 0 where the node may not be disturbed."""

    keys: int = 0
    without_ttl: int = 0
    string_bytes: int = 0
    types: dict[str, int] = field(default_factory=dict)

    def add(self, other: PatternCount) -> None:
        """Take in another count of the same pattern."""
        self.keys += other.keys
        self.without_ttl += other.without_ttl
        self.string_bytes += other.string_bytes
        for name, count in other.types.items():
            self.types[name] = self.types.get(name, 0) + count


@dataclass(slots=True)
class Census:
    """Counts by pattern."""

    patterns: dict[str, PatternCount] = field(default_factory=dict)

    @property
    def keys(self) -> int:
        """All keys counted."""
        return sum(count.keys for count in self.patterns.values())

    def of(self, pattern: str) -> PatternCount:
        """The count of one pattern, made when it is new; past MOST_PATTERNS all new ones share one line."""
        if pattern not in self.patterns and len(self.patterns) >= MOST_PATTERNS:
            pattern = OTHER_PATTERNS
        return self.patterns.setdefault(pattern, PatternCount())

    def add(self, other: Census) -> None:
        """Take in another census, such as that of the next page."""
        for pattern, count in other.patterns.items():
            self.of(pattern).add(count)


def count_page(
    client: redis.Redis,
    cursor: int,
    deadline: float,
    *,
    count_bytes: bool,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Census, int]:
    """Count from `cursor` until the database is done or `deadline` (seconds of `clock`) has passed.

    Returns the counts and where to go on; cursor 0 means the database is done. At least one SCAN is made,
    so a run always moves forward.
    """
    census = Census()
    while True:
        cursor, keys = client.scan(cursor, count=_KEYS_A_SCAN)
        found = [key for key in keys if isinstance(key, bytes) and key != ELASTICACHE_OWN_KEY]
        _count_keys(client, census, found, count_bytes)
        if cursor == 0 or clock() >= deadline:
            return census, cursor


def _count_keys(client: redis.Redis, census: Census, keys: list[bytes], count_bytes: bool) -> None:
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.type(key)
        pipeline.pttl(key)
    replies = pipeline.execute()
    strings: list[bytes] = []
    for key, type_name, ttl in zip(keys, replies[::2], replies[1::2], strict=True):
        if ttl == _GONE:
            continue
        name = type_name.decode()
        census.of(pattern_of(key)).add(PatternCount(1, int(ttl == _NEVER_EXPIRES), 0, {name: 1}))
        if name == "string":
            strings.append(key)
    if count_bytes:
        _count_string_bytes(client, census, strings)


def _count_string_bytes(client: redis.Redis, census: Census, keys: list[bytes]) -> None:
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.strlen(key)
    for key, length in zip(keys, pipeline.execute(), strict=True):
        census.of(pattern_of(key)).string_bytes += length
