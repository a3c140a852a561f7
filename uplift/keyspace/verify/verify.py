"""Proves that the targets hold what the source holds: values, TTLs, nothing missing, nothing extra, nothing on the wrong side.

A page of the source is read by value, then the same names from their targets, and compared here. What differs is compared again by itself
(key_comparison.py): a key whose source moves is still changing, and no difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any, cast

from uplift.errors import KeyUnroutable
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.canonical_value import comparable
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.page_reader import GONE, NEVER_EXPIRES, Page, PageReader, ValueForm
from uplift.keyspace.server.scan_partition import Border, first_cursors, next_cursor, partition_bits
from uplift.keyspace.server.scripts import MISSING
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.throttle import Throttle
from uplift.keyspace.verify.key_comparison import KeyComparison
from uplift.keyspace.verify.result import MOST_LISTED, Difference, Found, VerifyOptions, VerifyResult

_MOST_PENDING = 20_000

_Mine = tuple[bytes, Rule, int, bytes, Any]
"""A key of the source's page: its name there, rule, PTTL, type, value."""

Spill = Callable[[Found], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page whose names the targets were asked for: by target the names, and the source's side of each."""

    page: Page
    readers: list[PageReader]
    names: list[list[bytes]]
    here: list[list[_Mine]]


class Verify:
    """One verification of one database."""

    def __init__(
        self,
        servers: Servers,
        apart: Connection,
        options: VerifyOptions,
        spill: Spill,
        labels: KeyLabels,
    ) -> None:
        self._source, self._apart, self._facts, self._targets = servers.source, apart, servers.facts, servers.targets
        self._router, self._options, self._spill, self._labels = servers.router, options, spill, labels
        self._clocks_ahead = servers.clocks_ahead
        self._comparison = KeyComparison(apart, servers.targets, servers.clocks_ahead, options.limits, options.ttl_tolerance)
        self._rest = PageReader(apart, ValueForm.VALUE, options.limits, [], 0)
        # By key: a scan may give a key twice, and it is one difference all the same.
        self._pending: dict[bytes, Rule] = {}
        self._noted: set[tuple[Difference, bytes]] = set()
        self._throttle = Throttle(options.keys_a_second, options.bytes_a_second)
        self._bytes = 0
        self.result = VerifyResult()

    def run(self, progress: Callable[[int], None]) -> VerifyResult:
        """Compare everything both ways. Raises KeyUnroutable, SourceUnreachable or TargetRefused."""
        self._walk_source(progress)
        self.recheck(self._take_pending())
        for index, target in enumerate(self._targets):
            self._walk_target(index, target)
        return self.result

    def _take_pending(self) -> list[tuple[bytes, Rule]]:
        pending, self._pending = self._pending, {}
        return list(pending.items())

    def _walk_source(self, progress: Callable[[int], None]) -> None:
        """Two pages are under way: while one is compared, the targets already read the next, and the source the one after."""
        beside = [Connection(target.connection.pinned, database=self._source.database) for target in self._targets]
        try:
            readers = cycle([self._readers([target.connection for target in self._targets]), self._readers(beside)])
            waiting: _Asked | None = None
            for page in self._pages():
                asked = self._ask(page, next(readers))
                if waiting is not None:
                    self._compare(waiting)
                waiting = asked
                progress(self.result.compared)
                self._throttle.wait(self.result.compared, self._bytes)
                if len(self._pending) >= _MOST_PENDING:
                    self._compare(waiting)
                    waiting = None
                    self.recheck(self._take_pending())
            if waiting is not None:
                self._compare(waiting)
        finally:
            for connection in beside:
                connection.close()

    def _readers(self, connections: list[Connection]) -> list[PageReader]:
        return [PageReader(connection, ValueForm.VALUE, self._options.limits, [], 0) for connection in connections]

    def _pages(self) -> Iterator[Page]:
        """Every page of the source, and what a page had no room for as a page of its own."""
        bits = partition_bits(self._facts)
        limits = self._options.limits
        reader = PageReader(self._source, ValueForm.VALUE, limits, self._router.filter_arguments(), limits.page_keys)
        border = Border(self._labels.secret)
        for partition in first_cursors(bits):
            cursor: int | None = partition
            reader.request(partition)
            is_first = True
            while cursor is not None:
                page = reader.receive()
                cursor = next_cursor(page.cursor, partition, bits)
                if cursor is not None:
                    reader.request(cursor)
                if bits and (is_first or cursor is None):
                    page = replace(page, flat=border.without_met(page.flat))
                is_first = False
                yield page
                full = [key for key, value in zip(page.flat[3::4], page.flat[6::4], strict=True) if value.__class__ is int and value == 0]
                if full:
                    yield self._rest.read_keys(full)

    def _ask(self, page: Page, readers: list[PageReader]) -> _Asked:
        """Route a page and ask the targets for its keys; what is too big waits for a comparison of its own."""
        asked = _Asked(page, readers, [[] for _ in self._targets], [[] for _ in self._targets])
        route, pending, names, here = self._router.route, self._pending, asked.names, asked.here
        for key, ttl, kind, value in page.entries():
            rule = route(key)
            if rule is None:
                raise KeyUnroutable(f"{self._labels.label(key)}: no rule of the key map matches it; add a rule and verify again")
            index = rule.target
            if index < 0 or ttl in {0, GONE}:
                continue
            if value.__class__ is int:
                if value:
                    self.result.compared += 1
                    pending[key] = rule
                continue
            self._bytes += len(value) if kind == b"string" else 0
            names[index].append(rule.root + key if rule.root else key)
            here[index].append((key, rule, ttl, kind, value))
        for reader, wanted in zip(readers, names, strict=True):
            if wanted:
                reader.request_keys(wanted)
        return asked

    def _compare(self, asked: _Asked) -> None:
        for index, (reader, names) in enumerate(zip(asked.readers, asked.names, strict=True)):
            if names:
                self.result.compared += len(names)
                self._compare_target(index, asked.page, reader.receive_keys(names), names, asked.here[index])

    def _compare_target(self, index: int, page: Page, there: Page, names: list[bytes], here: list[_Mine]) -> None:
        """This loop is plain on purpose: it runs once a key (bench/verify.py)."""
        # A target's clock, brought to the source's: lives are compared as moments.
        shift = there.now - self._clocks_ahead[index] - page.now
        tolerance, equal = self._options.ttl_tolerance, 0
        if there.flat[3::4] != names:
            # Some came by a later call, so the order is another.
            by_name = dict(zip(names, here, strict=True))
            here = [by_name[name] for name in there.flat[3::4]]
        for (key, rule, source_ttl, source_kind, source_value), (_, ttl, kind, value) in zip(here, there.entries(), strict=True):
            if (
                kind == source_kind
                and (value == source_value or comparable(kind, value) == comparable(kind, source_value))
                and ((ttl < 0 and source_ttl < 0) or (ttl >= 0 <= source_ttl and abs(ttl + shift - source_ttl) <= tolerance))
            ):
                equal += 1
            else:
                self._pending[key] = rule
        self.result.equal += equal

    def recheck(self, keys: list[tuple[bytes, Rule]]) -> None:
        """Look at keys again, as often as the options say, until each is equal or called different or changing."""
        for attempt in range(self._options.rechecks):
            last = attempt == self._options.rechecks - 1
            left = []
            for key, rule in keys:
                difference, detail = self._comparison.compare(key, rule.root + key, rule.target)
                if difference is None:
                    self.result.equal += 1
                elif last:
                    # An extra is named as the target knows it.
                    self.note(difference, rule.root + key if difference is Difference.EXTRA else key, rule.target, detail)
                else:
                    left.append((key, rule))
            keys = left
            if keys and not last:
                time.sleep(self._options.pause_seconds)

    def note(self, difference: Difference, key: bytes, target: int, detail: str) -> None:
        """Count a difference, keep it while there is room, and give it to the report in full."""
        if (difference, key) in self._noted:
            return
        if len(self._noted) < MOST_LISTED:
            self._noted.add((difference, key))
        found = Found(difference, self._source.database, key, target, detail)
        self.result.counts[difference] = self.result.counts.get(difference, 0) + 1
        if len(self.result.found) < MOST_LISTED:
            self.result.found.append(found)
        self._spill(found)

    def _walk_target(self, index: int, target: Target) -> None:
        """Every key of a target must be a key of the source that belongs there, or one that no rule writes."""
        cursor, route = b"0", self._router.route
        while True:
            cursor, names = cast("tuple[bytes, list[bytes]]", target.connection.call("SCAN", cursor, "COUNT", 500))
            suspects: list[tuple[bytes, bytes]] = []
            for name in names:
                rule = route(name)
                if rule is not None and rule.target == index and not rule.root:
                    suspects.append((name, name))
                elif (origin := self._origin(index, name, rule)) is not None:
                    suspects.append((name, origin))
            self._check_origins(index, suspects)
            if cursor == b"0":
                return

    def _origin(self, index: int, name: bytes, rule: Rule | None) -> bytes | None:
        """The source's key a target's key must come from; None for a key that this map does not write at all."""
        if rule is not None and not rule.root and rule.target >= 0:
            self.note(Difference.WRONG_SIDE, name, index, f"belongs to {self._targets[rule.target].name} (rule {rule.name})")
            return None
        for root in self._roots(index):
            if name.startswith(root):
                origin = name[len(root) :]
                renamed = self._router.route(origin)
                if renamed is not None and renamed.target == index and renamed.root == root:
                    return origin
        if rule is None or rule.root:
            self.note(Difference.EXTRA, name, index, "no key of the source is written under this name")
        return None

    def _roots(self, index: int) -> set[bytes]:
        return {rule.root for rule in self._router.rules if rule.target == index and rule.root}

    def _check_origins(self, index: int, suspects: list[tuple[bytes, bytes]]) -> None:
        if not suspects:
            return
        missing = set(cast("list[bytes]", MISSING.call(self._apart, [origin for _, origin in suspects])))
        if not missing:
            return
        for name, origin in suspects:
            # Gone from the source: a life may just be over there and not yet here, so the target is asked again.
            if origin in missing and self._outlives(index, name):
                self.note(Difference.EXTRA, name, index, "not on the source")

    def _outlives(self, index: int, name: bytes) -> bool:
        ttl = cast("int", self._targets[index].connection.call("PTTL", name))
        return ttl == NEVER_EXPIRES or ttl > self._options.ttl_tolerance
