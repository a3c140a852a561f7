"""A look at every key name before the first write: which rule each belongs to, which have none, and about how many bytes go where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.keyspace.keymap.routing import NO_TARGET, Router
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.memory_estimate import estimated_bytes
from uplift.keyspace.server.replies import ErrorReply, as_scan
from uplift.keyspace.server.size_page import read_sizes
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.throttle import Throttle

_PAGE_KEYS = 1_000
_SAMPLED_ONE_IN = 50
MOST_NAMED = 20


@dataclass(slots=True)
class PreScan:
    """What there is, by index of rule. `unmatched` and `existing` hold the first few names, the counts are of all.

    `sampled_bytes` and `sampled_keys` are by rule: about one key in fifty was sized.
    """

    keys: list[int]
    sampled_keys: list[int]
    sampled_bytes: list[int]
    unmatched_count: int = 0
    unmatched: list[bytes] = field(default_factory=list)
    existing_count: int = 0
    existing: list[bytes] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All keys seen, unmatched ones too."""
        return sum(self.keys) + self.unmatched_count

    def estimated_bytes(self, index: int) -> int:
        """Bytes of one rule's keys: the mean of its sample, or of all samples where it has none, times their number."""
        if self.sampled_keys[index]:
            return self.sampled_bytes[index] * self.keys[index] // self.sampled_keys[index]
        sampled = sum(self.sampled_keys)
        return sum(self.sampled_bytes) * self.keys[index] // sampled if sampled else 0

    def estimated_bytes_of_target(self, router: Router, target: int) -> int:
        """Bytes all keys of one target take there."""
        return sum(self.estimated_bytes(rule.index) for rule in router.rules if rule.target == target)

    def estimated_bytes_of_all(self) -> int:
        """Bytes of everything, written or not."""
        return sum(self.estimated_bytes(index) for index in range(len(self.keys)))

    def add(self, other: PreScan) -> None:
        """Take in another database's."""
        for mine, theirs in ((self.keys, other.keys), (self.sampled_keys, other.sampled_keys), (self.sampled_bytes, other.sampled_bytes)):
            for index, value in enumerate(theirs):
                mine[index] += value
        self.unmatched_count += other.unmatched_count
        self.existing_count += other.existing_count
        self.unmatched = (self.unmatched + other.unmatched)[:MOST_NAMED]
        self.existing = (self.existing + other.existing)[:MOST_NAMED]


def empty_prescan(router: Router) -> PreScan:
    """Counts of nothing."""
    rules = len(router.rules)
    return PreScan([0] * rules, [0] * rules, [0] * rules)


def prescan(
    source: Connection, router: Router, targets_to_check: list[Target | None], throttle: Throttle, progress: Callable[[int], None]
) -> PreScan:
    """Walk one database by names alone. Where a target is given, each of its keys is looked for there too."""
    found = empty_prescan(router)
    cursor = b"0"
    while True:
        cursor, keys = as_scan(source.ask("SCAN", cursor, "COUNT", _PAGE_KEYS))
        names: list[list[bytes]] = [[] for _ in targets_to_check]
        sampled = []
        for position, key in enumerate(keys):
            rule = router.route(key)
            if rule is None:
                found.unmatched_count += 1
                if len(found.unmatched) < MOST_NAMED:
                    found.unmatched.append(key)
                continue
            found.keys[rule.index] += 1
            if rule.target != NO_TARGET:
                names[rule.target].append(rule.root + key)
                if position % _SAMPLED_ONE_IN == 0:
                    sampled.append(key)
        _add_sizes(source, router, found, sampled)
        for target, wanted in zip(targets_to_check, names, strict=True):
            if target is not None and wanted:
                _add_existing(target, wanted, found)
        throttle.spend(len(keys), 0)
        progress(found.total)
        if cursor == b"0":
            return found


def _add_sizes(source: Connection, router: Router, found: PreScan, keys: list[bytes]) -> None:
    if not keys:
        return
    for size in read_sizes(source, keys, "sample"):
        rule = router.route(size.key)
        if rule is not None:
            found.sampled_keys[rule.index] += 1
            found.sampled_bytes[rule.index] += estimated_bytes(
                len(rule.root) + len(size.key), size.kind, size.length, size.element, size.ttl >= 0
            )


def _add_existing(target: Target, names: list[bytes], found: PreScan) -> None:
    replies = target.connection.ask_all([pack("EXISTS", name) for name in names])
    for name, reply in zip(names, replies, strict=True):
        if isinstance(reply, ErrorReply):
            raise reply
        if reply == 1:
            found.existing_count += 1
            if len(found.existing) < MOST_NAMED:
                found.existing.append(name)
