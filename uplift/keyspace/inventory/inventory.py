"""What a Redis looks like: by pattern the keys, bytes, types and TTLs, the biggest keys, and which rule owns them."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.keyspace.keymap.known_words import shared_words, shown
from uplift.keyspace.keymap.model import TtlClass
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.keymap.routing import Router, Rule
from uplift.keyspace.rdb.file import RdbFile
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.memory_estimate import estimated_bytes
from uplift.keyspace.server.size_page import KeySize, read_sizes, scan_sizes
from uplift.keyspace.server.throttle import Throttle

TTL_BOUNDS_SECONDS = (60, 3_600, 86_400, 604_800, 2_592_000)
TTL_NAMES = ("under a minute", "under an hour", "under a day", "under a week", "under 30 days", "30 days and more", "none")
_NO_TTL = len(TTL_NAMES) - 1
_PAGE_KEYS = 250
_MOST_PATTERNS = 5_000
OTHER_PATTERNS = "(other patterns)"
_MOST_BIGGEST = 20
_MOST_UNMATCHED = 20
_PROGRESS_KEYS = 5_000


@dataclass(slots=True)
class PatternInventory:
    """One pattern under one rule: `bytes` are those of the `sized` keys, `keys_by_ttl` counts all by TTL_NAMES."""

    pattern: str
    rule: str
    destination: str
    action: str
    should_have_ttl: bool
    keys: int = 0
    sized: int = 0
    bytes: int = 0
    elements: int = 0
    types: dict[str, int] = field(default_factory=dict)
    keys_by_ttl: list[int] = field(default_factory=lambda: [0] * len(TTL_NAMES))

    def add(self, other: PatternInventory) -> None:
        """Take in what was counted under another pattern."""
        self.keys, self.sized = self.keys + other.keys, self.sized + other.sized
        self.bytes, self.elements = self.bytes + other.bytes, self.elements + other.elements
        for kind, count in other.types.items():
            self.types[kind] = self.types.get(kind, 0) + count
        self.keys_by_ttl = [mine + more for mine, more in zip(self.keys_by_ttl, other.keys_by_ttl, strict=True)]

    @property
    def estimated_bytes(self) -> int:
        """Bytes of all its keys, from those that were sized."""
        return self.bytes * self.keys // self.sized if self.sized else 0

    @property
    def should_expire(self) -> int:
        """Keys that never expire though their rule says they should."""
        return self.keys_by_ttl[_NO_TTL] if self.should_have_ttl else 0

    @property
    def ttl_mostly(self) -> str:
        """The one of TTL_NAMES that most of its keys have."""
        return TTL_NAMES[max(range(len(TTL_NAMES)), key=lambda index: self.keys_by_ttl[index])]


@dataclass(slots=True)
class Inventory:
    """All of it. `counted` says what bytes are; `unmatched` holds the first names without a rule, `is_part` says that
    the node is one shard of a cluster.

    `biggest` holds bytes, database, key and type; `expired_or_deleted` counts keys that went between SCAN and PTTL; `words` may be shown.
    """

    source: str
    counted: str
    has_keymap: bool
    patterns: dict[tuple[int, str], PatternInventory] = field(default_factory=dict)
    biggest: list[tuple[int, int, bytes, str]] = field(default_factory=list)
    unmatched: list[bytes] = field(default_factory=list)
    unmatched_count: int = 0
    expired_or_deleted: int = 0
    words: frozenset[str] = frozenset()
    is_part: bool = False

    def hide_rare_words(self, known: frozenset[str]) -> None:
        """Keep in clear only the words of the key map and those that many keys share, as `words`; to be called once all is counted."""
        self.words = known | shared_words((entry.pattern, entry.keys) for entry in self.patterns.values())
        counted, self.patterns = self.patterns, {}
        for (rule, pattern), entry in counted.items():
            entry.pattern = shown(pattern, self.words)
            kept = self.patterns.setdefault((rule, entry.pattern), entry)
            if kept is not entry:
                kept.add(entry)

    @property
    def keys(self) -> int:
        """All keys."""
        return sum(pattern.keys for pattern in self.patterns.values())

    @property
    def estimated_bytes(self) -> int:
        """All bytes."""
        return sum(pattern.estimated_bytes for pattern in self.patterns.values())

    @property
    def by_size(self) -> list[PatternInventory]:
        """Patterns, the most bytes first."""
        return sorted(self.patterns.values(), key=lambda pattern: (-pattern.estimated_bytes, -pattern.keys, pattern.pattern))

    def keys_by_ttl(self) -> list[int]:
        """Keys by TTL_NAMES over all patterns."""
        return [sum(pattern.keys_by_ttl[index] for pattern in self.patterns.values()) for index in range(len(TTL_NAMES))]


class InventoryBuilder:
    """Adds keys to an inventory. With a router, each pattern is counted under the rule that owns it.

    `take_unmatched` gets the name of every key without a rule.
    """

    def __init__(self, inventory: Inventory, router: Router | None, take_unmatched: Callable[[bytes], None] = lambda _key: None) -> None:
        self.inventory = inventory
        self._take_unmatched = take_unmatched
        self._router = router
        self.words = router.words if router is not None else frozenset[str]()
        self._smallest_kept = -1

    def add(self, database: int, key: bytes, kind: str, ttl: int, size: int, elements: int) -> None:
        """One key: `ttl` in ms (-1: never), `size` in bytes (-1: not sized)."""
        rule = self._router.route(key) if self._router is not None else None
        if rule is not None and rule.is_own:
            return
        pattern = pattern_of(key, self.words)
        entry = self.inventory.patterns.get((rule.index if rule is not None else -1, pattern))
        if entry is None:
            entry = self._new_entry(pattern, rule)
        if rule is None and self._router is not None:
            self.inventory.unmatched_count += 1
            self._take_unmatched(key)
            if len(self.inventory.unmatched) < _MOST_UNMATCHED:
                self.inventory.unmatched.append(key)
        entry.keys += 1
        entry.elements += elements
        types = entry.types
        types[kind] = types.get(kind, 0) + 1
        entry.keys_by_ttl[_ttl_index(ttl)] += 1
        if size >= 0:
            entry.sized += 1
            entry.bytes += size
            if size > self._smallest_kept:
                self._keep_biggest(size, database, key, kind)

    def _new_entry(self, pattern: str, rule: Rule | None) -> PatternInventory:
        index = rule.index if rule is not None else -1
        if len(self.inventory.patterns) >= _MOST_PATTERNS:
            pattern = OTHER_PATTERNS
        if rule is None:
            fresh = PatternInventory(pattern, "", "", "", should_have_ttl=False)
        else:
            fresh = PatternInventory(pattern, rule.name, rule.destination, rule.action.value, should_have_ttl=rule.ttl is TtlClass.EXPIRES)
        return self.inventory.patterns.setdefault((index, pattern), fresh)

    def _keep_biggest(self, size: int, database: int, key: bytes, kind: str) -> None:
        biggest = self.inventory.biggest
        heapq.heappush(biggest, (size, database, key, kind))
        if len(biggest) > _MOST_BIGGEST:
            heapq.heappop(biggest)
            self._smallest_kept = biggest[0][0]


def _ttl_index(ttl: int) -> int:
    return _NO_TTL if ttl < 0 else bisect_right(TTL_BOUNDS_SECONDS, ttl // 1000)


LIVE_BYTES = (
    "memory estimated from name, type, length and one sampled element (3.2 has no MEMORY USAGE); not counted: malloc's rounding, "
    "half-empty tables, buffers. A key moved while the table grows can be counted twice: SCAN promises no more"
)
PART_OF_CLUSTER = "this node runs in cluster mode: these are the keys of its shard, not of the whole cluster"
RDB_BYTES = "bytes of key and value in the file, compressed as they are there; in memory they take more"


def live_inventory(
    connection: Connection,
    databases: tuple[int, ...],
    builder: InventoryBuilder,
    sample: int,
    progress: Callable[[int], None],
    keys_a_second: int = 0,
) -> None:
    """Walk databases of a live node. One key in `sample` is sized, which renews its access time; the rest is only counted."""
    throttle = Throttle(keys_a_second, 0)
    for database in databases:
        connection.select(database)
        cursor = 0
        while True:
            cursor, sizes = scan_sizes(connection, cursor, _PAGE_KEYS, "sample" if sample == 1 else "no")
            sized = _sizes_of(connection, [size.key for size in sizes[::sample]]) if sample > 1 else None
            _add_page(builder, database, sizes, sized)
            progress(builder.inventory.keys)
            throttle.spend(len(sizes), 0)
            if cursor == 0:
                break
    builder.inventory.hide_rare_words(builder.words)


def _sizes_of(connection: Connection, keys: list[bytes]) -> dict[bytes, tuple[int, int]]:
    if not keys:
        return {}
    return {size.key: (size.length, size.element) for size in read_sizes(connection, keys, "sample")}


def _add_page(builder: InventoryBuilder, database: int, sizes: list[KeySize], sized: dict[bytes, tuple[int, int]] | None) -> None:
    for key, ttl, kind, length, element in sizes:
        if ttl in {-2, 0}:
            builder.inventory.expired_or_deleted += 1
            continue
        measured = (length, element) if sized is None else sized.get(key)
        if measured is None:
            builder.add(database, key, kind.decode(), ttl, -1, 0)
        else:
            size = estimated_bytes(len(key), kind, measured[0], measured[1], ttl >= 0)
            builder.add(database, key, kind.decode(), ttl, size, 0 if kind == b"string" else measured[0])


def rdb_inventory(
    file: RdbFile, builder: InventoryBuilder, now: int, progress: Callable[[int], None], databases: tuple[int, ...] = ()
) -> None:
    """Walk an RDB file, or only some of its databases.

    `now` in ms since 1970: a key that expired before is counted as `expired_or_deleted`. `progress` gets bytes.
    """
    add = builder.add
    for count, (database, key, kind, expires_at, size, elements) in enumerate(file.entries()):
        if databases and database not in databases:
            continue
        if expires_at < 0:
            add(database, key, kind, -1, size, elements)
        elif expires_at > now:
            add(database, key, kind, expires_at - now, size, elements)
        else:
            builder.inventory.expired_or_deleted += 1
        if count % _PROGRESS_KEYS == 0:
            progress(file.progress)
    builder.inventory.hide_rare_words(builder.words)
