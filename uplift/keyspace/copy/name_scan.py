"""A look at every key name before the first write: which rule each belongs to, which have none, and about how many bytes go where."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from uplift.keyspace.keymap.routing import NO_TARGET, Router
from uplift.keyspace.server.connection import pack
from uplift.keyspace.server.memory_estimate import estimated_bytes
from uplift.keyspace.server.name_reader import pages_of_names
from uplift.keyspace.server.pipelined_requests import PipelinedRequests
from uplift.keyspace.server.replies import as_int
from uplift.keyspace.server.scripts import SIZES
from uplift.keyspace.server.size_page import sizes_of, sizes_request
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.throttle import Throttle
from uplift.keyspace.server.window import requests_under_way

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
    servers: Servers, database: int, targets_to_check: list[Target | None], throttle: Throttle, progress: Callable[[int], None]
) -> PreScan:
    """Walk one database by names alone. Where a target is given, each of its keys is looked for there too."""
    looks = _Looks(servers, targets_to_check)
    with closing(pages_of_names(servers.source, database, servers.partitions(database), servers.distance.round_trip)) as pages:
        for page in pages:
            looks.take(page.all_keys)
            throttle.spend(len(page.all_keys), 0)
            progress(looks.found.total)
        looks.finish()
    return looks.found


class _Looks:
    """Routes names, and asks for the sizes of some and for those that a target has; the answers are taken while further names come."""

    def __init__(self, servers: Servers, targets_to_check: list[Target | None]) -> None:
        self.found = empty_prescan(servers.router)
        self._router = servers.router
        self._most = requests_under_way(servers.distance.round_trip)
        self._sizes = PipelinedRequests(servers.source, SIZES)
        self._targets = [None if target is None else _NamesOnTarget(target, self.found) for target in targets_to_check]

    def take(self, keys: list[bytes]) -> None:
        """Take in the names of a page."""
        found, route = self.found, self._router.route
        names: list[list[bytes]] = [[] for _ in self._targets]
        sampled = []
        for position, key in enumerate(keys):
            rule = route(key)
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
        if sampled:
            self._sizes.send(sizes_request(sampled, "sample"))
        self._take_sizes(self._most)
        for target, wanted in zip(self._targets, names, strict=True):
            if target is not None and wanted:
                target.ask(wanted)

    def finish(self) -> None:
        """Take all answers."""
        self._take_sizes(0)
        for target in self._targets:
            if target is not None:
                target.take_answers(0)

    def _take_sizes(self, most: int) -> None:
        while self._sizes.under_way > most:
            for size in sizes_of(self._sizes.receive()):
                rule = self._router.route(size.key)
                if rule is not None:
                    self.found.sampled_keys[rule.index] += 1
                    self.found.sampled_bytes[rule.index] += estimated_bytes(
                        len(rule.root) + len(size.key), size.kind, size.length, size.element, size.ttl >= 0
                    )


class _NamesOnTarget:
    """Looks for names on one target: a page at a time, and one by one only where some are there and may still be named."""

    def __init__(self, target: Target, found: PreScan) -> None:
        self._found = found
        self._requests = PipelinedRequests(target.connection)
        self._asked: deque[list[bytes]] = deque()
        self._most = requests_under_way(target.distance.round_trip)

    def ask(self, names: list[bytes]) -> None:
        """Ask for a page of names."""
        self._requests.send(pack("EXISTS", *names))
        self._asked.append(names)
        self.take_answers(self._most)

    def take_answers(self, most: int) -> None:
        """Take answers until so many pages are left."""
        while len(self._asked) > most:
            names, there = self._asked.popleft(), as_int(self._requests.receive())
            self._found.existing_count += there
            for name in names if there else ():
                if len(self._found.existing) == MOST_NAMED:
                    break
                if self._requests.ahead_of_the_rest(pack("EXISTS", name)) == 1:
                    self._found.existing.append(name)
