"""A census: how many keys of which pattern and type there are, counted in pages.

SCAN returns every key that was there from beginning to end at least once (redis.io, SCAN, "Scan guarantees");
one that is moved while the table grows can be counted twice, so counts are close, not exact, on a live server.
A page is one script call (lua/key_sizes.lua). TYPE and PTTL leave a key's access time alone (redis/redis 3.2 src/db.c,
LOOKUP_NOTOUCH); STRLEN does not, so a mere count takes bytes on a replica only, and only of strings. The census before an upgrade
reads the values of cold keys too, wherever it is: they cannot be compared unread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from uplift.keyspace.census.cold_keys import ColdKey, ColdKeyPage, ColdKeyReader
from uplift.keyspace.keymap.known_words import shared_words, shown
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import NO_SUCH_KEY, NO_TTL
from uplift.keyspace.server.size_page import KeySize, scan_sizes

OTHER_PATTERNS = "(other patterns)"
MOST_PATTERNS = 1_000
# One call holds the server about 4 µs a key.
_KEYS_A_PAGE = 250
# About 30 MB of Python objects, and seconds to look at again on a small function.
MOST_COLD_KEYS_A_PAGE = 100_000


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

    def keys_of(self, pattern: str) -> int:
        """How many keys of one pattern were counted."""
        return self.patterns[pattern].keys if pattern in self.patterns else 0

    def of(self, pattern: str) -> PatternCount:
        """The count of one pattern, made when it is new; past MOST_PATTERNS all new ones share one line."""
        if pattern not in self.patterns and len(self.patterns) >= MOST_PATTERNS:
            pattern = OTHER_PATTERNS
        return self.patterns.setdefault(pattern, PatternCount())

    def shown(self, words: frozenset[str]) -> Census:
        """The same counts by patterns that show no first words but these."""
        found = Census()
        for pattern, count in self.patterns.items():
            found.of(shown(pattern, words)).add(count)
        return found

    def add(self, other: Census) -> None:
        """Take in another census, such as that of the next page."""
        for pattern, count in other.patterns.items():
            self.of(pattern).add(count)


def shared_in(censuses: Iterable[Census]) -> frozenset[str]:
    """The first words that many keys share in at least one of them: what a report may show (known_words.py)."""
    counts = ([(pattern, count.keys) for pattern, count in census.patterns.items()] for census in censuses)
    return frozenset[str]().union(*map(shared_words, counts))


def count_page(
    connection: Connection,
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
        cursor, sizes = scan_sizes(connection, cursor, _KEYS_A_PAGE, "length" if count_bytes else "no")
        _count(census, sizes)
        if cursor == 0 or clock() >= deadline:
            return census, cursor


def read_page(
    connection: Connection,
    database: int,
    cursor: int,
    deadline: float,
    *,
    cold_after_seconds: int,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Census, ColdKeyPage, int]:
    """Count as `count_page` does, and digest the value of every key that was idle for `cold_after_seconds` or longer.

    Ends early when a page holds MOST_COLD_KEYS_A_PAGE. Where the server does not know how long a key was idle (LFU), all are read.
    """
    census, cold, read_at = Census(), list[ColdKey](), 0
    reader = ColdKeyReader(connection, database)
    while True:
        cursor, sizes = scan_sizes(connection, cursor, _KEYS_A_PAGE, "idle")
        _count(census, sizes)
        names = [key for key, _, _, _, idle in sizes if (idle < 0 or idle >= cold_after_seconds) and not is_own_key(key)]
        if names:
            now, found = reader.read(names)
            read_at = read_at or now
            cold += found
        if cursor == 0 or clock() >= deadline or len(cold) >= MOST_COLD_KEYS_A_PAGE:
            return census, ColdKeyPage(read_at, cold), cursor


def _count(census: Census, sizes: list[KeySize]) -> None:
    for key, ttl, kind, length, _ in sizes:
        if ttl == NO_SUCH_KEY or is_own_key(key):
            continue
        count = census.of(pattern_of(key))
        name = kind.decode()
        count.keys += 1
        count.without_ttl += ttl == NO_TTL
        count.string_bytes += length if name == "string" else 0
        count.types[name] = count.types.get(name, 0) + 1
