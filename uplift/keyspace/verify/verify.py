"""Proves that the targets hold what the source holds: values, TTLs, nothing missing, nothing extra, nothing on the wrong side.

A page of the source is read, then the same names from their targets, and compared here (comparison_form.py: by value or by DUMP). What
differs is compared again by itself and by value (key_comparison.py): a key whose source moves is still changing, and no difference.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

from uplift.errors import KeyUnroutable
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.server.canonical_value import comparable
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.expiry import NO_SUCH_KEY
from uplift.keyspace.server.facts import ServerFacts
from uplift.keyspace.server.key_look import lookers
from uplift.keyspace.server.page_reader import Page, PageReader, ScanOf, compact_reader, in_pages, value_reader
from uplift.keyspace.server.page_reply import Value
from uplift.keyspace.server.scan_lanes import ScanLanes, connections_for
from uplift.keyspace.server.scan_partition import Border
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.throttle import Throttle
from uplift.keyspace.server.window import requests_under_way
from uplift.keyspace.verify.comparison_form import ComparisonForm, comparison_form
from uplift.keyspace.verify.extras import ExtraKeys
from uplift.keyspace.verify.key_comparison import KeyComparison
from uplift.keyspace.verify.no_extras import NoExtras
from uplift.keyspace.verify.result import MOST_LISTED, Difference, Found, VerifyOptions, VerifyResult

_MOST_PENDING = 20_000
_KEYS_A_RECHECK = 100

_Mine = tuple[bytes, Rule, int, bytes, Value]
"""A key of the source's page: its name there, rule, PTTL, type, value."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page whose names the targets were asked for: by target the names, and the source's side of each."""

    page: Page[Value]
    readers: list[PageReader[Value]]
    names: list[list[bytes]]
    here: list[list[_Mine]]


class Verify:
    """One verification of one database. `apart` is a second connection to the source; `take` gets every difference."""

    def __init__(
        self, servers: Servers, apart: Connection, options: VerifyOptions, take: Callable[[Found], None], labels: KeyLabels
    ) -> None:
        self._servers, self._apart, self._options, self._take, self._labels = servers, apart, options, take, labels
        self._source, self._targets, self._router = servers.source, servers.targets, servers.router
        self._clocks_ahead = servers.clocks_ahead
        limits = options.limits
        self._comparison = KeyComparison(*lookers(servers, apart, limits), options.ttl_tolerance)
        self._form = comparison_form(servers.facts, [target.facts for target in self._targets])
        # By key: a scan may give a key twice, and it is one difference all the same.
        self._pending: dict[bytes, Rule] = {}
        self._noted: set[tuple[Difference, bytes]] = set()
        self._no_extras: list[NoExtras] = []
        self._throttle = Throttle(options.keys_a_second, options.bytes_a_second)
        self.result = VerifyResult()

    def run(self, progress: Callable[[int], None]) -> VerifyResult:
        """Compare everything both ways. Raises KeyUnroutable, SourceUnreachable or TargetRefused."""
        self._no_extras = [NoExtras(target.connection) for target in self._targets]
        self._walk_source(progress)
        self.recheck(self._take_pending())
        extras = ExtraKeys(self._servers, self._apart, self._options.ttl_tolerance)
        for index, shown in enumerate(self._no_extras):
            if shown.are_shown():
                continue
            for difference, name, detail in extras.of_target(index):
                self.note(difference, name, index, detail)
        return self.result

    def _take_pending(self) -> list[tuple[bytes, Rule]]:
        pending, self._pending = self._pending, {}
        return list(pending.items())

    def _walk_source(self, progress: Callable[[int], None]) -> None:
        """While a page is compared, the targets already read the next ones, and the source those after."""
        beside = [target.connection.beside() for target in self._targets]
        try:
            readers = self._readers(beside)
            asked: deque[_Asked] = deque()
            most = max(requests_under_way(target.distance.round_trip) for target in self._targets)
            for page in self._pages():
                asked.append(self._ask(page, readers))
                while len(asked) >= most:
                    self._compare(asked.popleft())
                progress(self.result.compared)
                if len(self._pending) >= _MOST_PENDING:
                    self._compare_all(asked)
                    self.recheck(self._take_pending())
            self._compare_all(asked)
        finally:
            for connection in beside:
                connection.close()

    def _compare_all(self, asked: deque[_Asked]) -> None:
        while asked:
            self._compare(asked.popleft())

    def _readers(self, connections: list[Connection]) -> list[PageReader[Value]]:
        return [self._reader(connection, target.facts) for connection, target in zip(connections, self._targets, strict=True)]

    def _reader(self, connection: Connection, facts: ServerFacts, scan: ScanOf | None = None) -> PageReader[Value]:
        match self._form:
            case ComparisonForm.COMPACT:
                return compact_reader(connection, self._options.limits, scan)
            case ComparisonForm.VALUE:
                return value_reader(connection, self._options.limits, scan, field_ttls=facts.fields_may_expire)
            case _:
                assert_never(self._form)

    def _pages(self) -> Iterator[Page[Value]]:
        """Every page of the source, and what pages had no room for as pages of their own."""
        servers, limits = self._servers, self._options.limits
        round_trip, partitions = servers.distance.round_trip, servers.partitions(self._source.database)
        scan = ScanOf(limits.keys_of_a_page(partitions), self._router.filter_arguments())
        # Keys are looked at again while some of these are under way: so not over the connection for that.
        apart = self._source.beside()
        try:
            rest = self._reader(apart, servers.facts)
            with connections_for(self._source, self._source.database, partitions) as connections:
                readers = [self._reader(connection, servers.facts, scan) for connection in connections]
                for page in ScanLanes(readers, list(range(partitions)), round_trip, Border(self._labels.secret)).pages():
                    yield page
                    if page.later:
                        rest.request_keys(page.later)
                    if rest.under_way >= requests_under_way(round_trip):
                        yield rest.receive_keys()
            while rest.under_way:
                yield rest.receive_keys()
        finally:
            apart.close()

    def _ask(self, page: Page[Value], readers: list[PageReader[Value]]) -> _Asked:
        """Route a page and ask the targets for its keys; what is too big waits for a comparison of its own."""
        asked = _Asked(page, readers, [[] for _ in self._targets], [[] for _ in self._targets])
        route, names, here, size = self._router.first_match, asked.names, asked.here, 0
        for key, ttl, kind, value in page.entries():
            rule = route(key)
            if rule is None:
                raise self._unroutable(key)
            index = rule.target
            if index < 0 or ttl in {0, NO_SUCH_KEY}:
                continue
            size += len(value) if kind == b"string" else 0
            names[index].append(rule.root + key if rule.root else key)
            here[index].append((key, rule, ttl, kind, value))
        for big in page.big:
            rule = route(big.key)
            if rule is None:
                raise self._unroutable(big.key)
            if rule.target >= 0 and big.ttl not in {0, NO_SUCH_KEY}:
                self.result.compared += 1
                self._pending[big.key] = rule
        for reader, wanted in zip(readers, names, strict=True):
            if wanted:
                reader.request_keys(wanted)
        self._throttle.spend(len(page.keys), size)
        return asked

    def _unroutable(self, key: bytes) -> KeyUnroutable:
        return KeyUnroutable(f"{self._labels.label(key)}: no rule of the key map matches it; add a rule and verify again")

    def _compare(self, asked: _Asked) -> None:
        for index, (reader, names) in enumerate(zip(asked.readers, asked.names, strict=True)):
            if names:
                self.result.compared += len(names)
                self._compare_target(index, asked.page, reader.receive_keys(), names, asked.here[index])

    def _compare_target(self, index: int, page: Page[Value], there: Page[Value], names: list[bytes], here: list[_Mine]) -> None:
        """This loop is plain on purpose: it runs once a key (bench/verify.py)."""
        # A target's clock, brought to the source's: TTLs are compared as moments.
        shift = there.now - self._clocks_ahead[index] - page.now
        tolerance, equal = self._options.ttl_tolerance, 0
        self._no_extras[index].add(there.keys)
        if there.keys != names:
            # Some are missing or too big there, or came by a later call.
            by_name = dict(zip(names, here, strict=True))
            here = [by_name.pop(name) for name in there.keys]
            for key, rule, *_ in by_name.values():
                self._pending[key] = rule
        for (key, rule, source_ttl, source_kind, source_value), ttl, kind, value in zip(
            here, there.ttls, there.kinds, there.values, strict=True
        ):
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
            for part in in_pages(keys, _KEYS_A_RECHECK):
                for compared in self._comparison.compare(part):
                    if compared.is_on_both:
                        self._no_extras[compared.rule.target].add((compared.rule.root + compared.key,))
                    if compared.difference is not None and not last:
                        left.append((compared.key, compared.rule))
                        continue
                    self._comparison.forget(compared.key)
                    if compared.difference is None:
                        self.result.equal += 1
                        continue
                    # An extra is named as the target knows it.
                    is_extra = compared.difference is Difference.EXTRA
                    name = compared.rule.root + compared.key if is_extra else compared.key
                    self.note(compared.difference, name, compared.rule.target, compared.detail)
            keys = left
            if keys and not last:
                time.sleep(self._options.pause_seconds)

    def note(self, difference: Difference, key: bytes, target: int, detail: str) -> None:
        """Count a difference, keep it while there is room, and give it away in full."""
        if (difference, key) in self._noted:
            return
        if len(self._noted) < MOST_LISTED:
            self._noted.add((difference, key))
        found = Found(difference, self._source.database, key, target, detail)
        self.result.counts[difference] = self.result.counts.get(difference, 0) + 1
        if len(self.result.found) < MOST_LISTED:
            self.result.found.append(found)
        self._take(found)
