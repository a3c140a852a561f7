"""Copies a live Redis to one or more others, key by key where the key map says, right for every key unchanged since it was read.

One thread: while a target works on a page and the source on the next, this side routes and packs another. Two partitions of the scan
keep both busy. A cursor is committed when every target has answered for all before it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from uplift.errors import KeyUnroutable, NotSafe, SourceUnreachable
from uplift.keyspace.copy.state import CopyCounts, CopyState, DatabaseProgress
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.rdb.payload import fits
from uplift.keyspace.server.big_key_copier import BigKeyCopier, BigOutcome
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.page_reader import GONE, Page, PageReader, ReadLimits, ValueForm
from uplift.keyspace.server.rdb_version import newest_payload_taken
from uplift.keyspace.server.scan_partition import Border, first_cursors, next_cursor, partition_bits
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Existing, Target, WriteMode, check_same_node
from uplift.keyspace.server.throttle import Throttle

_CHECKPOINT_SECONDS = 1.0
_WAIT_MILLISECONDS = 500
_RECONNECTS = 5
_MOST_UNSETTLED = 10_000


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """How to copy. `whole_bytes`: what one DUMP of a big key that will not hold still may take."""

    existing: Existing = Existing.FAIL
    write_mode: WriteMode = WriteMode.FAST
    limits: ReadLimits = field(default_factory=ReadLimits)
    whole_bytes: int = 8 * 1024 * 1024
    keys_a_second: int = 0
    bytes_a_second: int = 0
    checkpoint_keys: int = 10_000

    @property
    def form(self) -> ValueForm:
        """Keys that may exist are written by RESTORE without REPLACE: SET NX and a TTL are not one step."""
        return ValueForm.COPY if self.write_mode is WriteMode.FAST and self.existing is not Existing.SKIP else ValueForm.DUMP


@dataclass(slots=True)
class _Lane:
    """One partition of the scan and the connection that reads it. `cursor` is where the next page begins, None at the end."""

    partition: int
    cursor: int | None
    reader: PageReader
    is_first_page: bool


Observer = Callable[[CopyCounts], None]


class Copy:
    """One run of a copy: databases one after the other, each from its last committed cursors."""

    def __init__(
        self,
        servers: Servers,
        options: CopyOptions,
        state: CopyState,
        commit: Callable[[CopyState], None],
        observe: Observer,
    ) -> None:
        self._source = servers.source.pinned
        self._facts = servers.facts
        self._targets = servers.targets
        self._router = servers.router
        self._options = options
        self._state = state
        self._commit = commit
        self._observe = observe
        # A clock that is behind makes no life shorter than its 0 ms.
        self._clocks_ahead = [max(0.0, ahead) for ahead in servers.clocks_ahead]
        self._labels = KeyLabels(bytes.fromhex(state.secret))
        self._throttle = Throttle(options.keys_a_second, options.bytes_a_second)
        # Since the run began, not since this process did: what was evicted between a crash and now is lost too.
        self._evicted = [side.evicted_before for side in state.targets]
        self._bits = partition_bits(servers.facts)
        newest = newest_payload_taken(servers.facts)
        self._check_forms = [not fits(newest, target.newest_payload) for target in servers.targets]
        self._counts = CopyCounts()
        self._copied: list[int] = []
        self._big: list[tuple[bytes, Rule]] = []
        self._bytes = 0

    def run(self, databases: tuple[int, ...]) -> None:
        """Copy these databases, or what is left of them.

        Raises KeyUnroutable, TargetRefused, NotConvertible, NotSafe (keys were evicted) or SourceUnreachable; what is committed
        stays so, and the same command goes on from there.
        """
        for database in databases:
            self._state.databases.setdefault(database, DatabaseProgress(cursors=list(first_cursors(self._bits))))
        for database in databases:
            failures = 0
            while not self._state.databases[database].done:
                committed = self._state.counts.read
                try:
                    for target in self._targets:
                        if failures:
                            target.reconnect()
                    self._copy_database(database)
                except SourceUnreachable:
                    failures = failures + 1 if self._state.counts.read == committed else 1
                    if failures > _RECONNECTS:
                        raise
                    time.sleep(0.2 * 2**failures)
        self._state.finished = True
        self._commit(self._state)

    def _copy_database(self, database: int) -> None:
        for target in self._targets:
            target.connection.select(database)
        progress = self._state.databases[database]
        self._counts = self._state.counts.model_copy(deep=True)
        self._copied = [0] * len(self._router.rules)
        self._big = []
        apart = Connection(self._source, database=database)
        lanes: list[_Lane] = []
        try:
            check_same_node(apart, self._facts)
            lanes = [self._lane(database, partition, cursor) for partition, cursor in enumerate(progress.cursors)]
            copier = BigKeyCopier(
                apart, self._facts, self._state.run, self._options.limits, self._options.existing, self._options.whole_bytes
            )
            for target in self._targets:
                copier.sweep(target)
            self._copy_lanes(lanes, apart, copier, progress)
        finally:
            apart.close()
            for lane in lanes:
                lane.reader.connection.close()

    def _lane(self, database: int, partition: int, cursor: int | None) -> _Lane:
        connection = Connection(self._source, database=database)
        limits = self._options.limits
        page_keys = max(1, limits.page_keys >> self._bits)
        reader = PageReader(connection, self._options.form, limits, self._router.filter_arguments(), page_keys)
        return _Lane(partition, cursor, reader, is_first_page=cursor == partition)

    def _copy_lanes(self, lanes: list[_Lane], apart: Connection, copier: BigKeyCopier, progress: DatabaseProgress) -> None:
        rest = PageReader(apart, self._options.form, self._options.limits, [], 0)
        active = deque(lane for lane in lanes if lane.cursor is not None)
        for lane in active:
            lane.reader.request(lane.cursor or 0)
        last_commit, last_read = time.monotonic(), self._counts.read
        border = Border(self._labels.secret, progress.border)
        while active:
            lane = active.popleft()
            page = lane.reader.receive()
            lane.cursor = next_cursor(page.cursor, lane.partition, self._bits)
            if self._bits and (lane.is_first_page or lane.cursor is None):
                page = replace(page, flat=border.without_met(page.flat))
            lane.is_first_page = False
            if lane.cursor is not None:
                lane.reader.request(lane.cursor)
                active.append(lane)
            before = self._bytes
            full = self._take_page(page)
            if full:
                self._take_page(rest.read_keys(full))
            for target in self._targets:
                target.flush_when_full(self._bytes - before)
            self._throttle.wait(self._counts.read, self._bytes)
            now = time.monotonic()
            if self._counts.read - last_read >= self._options.checkpoint_keys or now - last_commit >= _CHECKPOINT_SECONDS or not active:
                self._checkpoint(lanes, copier, progress, border)
                last_commit, last_read = now, self._counts.read

    def _take_page(self, page: Page) -> list[bytes]:
        """Route a page's keys and add them to their targets' batches; returns the keys the page had no room for.

        This loop is plain and long on purpose: it runs once a key (bench/copy.py: 4 of the client's 5 µs).
        """
        route, targets, copied, check_forms = self._router.route, self._targets, self._copied, self._check_forms
        ahead, may_replace, full = self._clocks_ahead, self._options.existing is not Existing.SKIP, []
        strings_are_raw, now, size = self._options.form is ValueForm.COPY, page.now, 0
        flat = page.flat
        for key, ttl, kind, value in zip(flat[3::4], flat[4::4], flat[5::4], flat[6::4], strict=True):
            rule = route(key)
            if rule is None:
                raise KeyUnroutable(
                    f"{self._labels.label(key)}: no rule of the key map matches it; add a rule, then run the same command again to go on"
                )
            index = rule.target
            if index < 0:
                continue
            if value.__class__ is int:
                if value == 0:
                    full.append(key)
                else:
                    self._big.append((key, rule))
                continue
            name = rule.root + key if rule.root else key
            target = targets[index]
            # A life of 0 ms is over; so is one that ends before the target's clock, which is ahead of the source's by so much.
            if value is None or ttl == GONE or 0 <= ttl <= ahead[index]:
                self._counts.gone += 1
                if may_replace:
                    target.add_delete(name)
                continue
            if strings_are_raw and kind == b"string":
                target.add_string(name, value, ttl, now + ttl)
            else:
                target.add_payload(name, value, ttl, now + ttl, replace=may_replace, check_form=check_forms[index])
            copied[rule.index] += 1
            size += len(value)
        self._counts.read += (len(flat) - 3) // 4 - len(full)
        self._bytes += size
        return full

    def _checkpoint(self, lanes: list[_Lane], copier: BigKeyCopier, progress: DatabaseProgress, border: Border) -> None:
        """Make everything so far certain, then write down where to go on."""
        for target in self._targets:
            target.settle()
        self._copy_big(copier)
        for index, target in enumerate(self._targets):
            target.wait_for_replicas(_WAIT_MILLISECONDS)
            self._check_evictions(index, target)
        counts = self._counts
        counts.bytes += self._bytes
        counts.kept_existing += sum(target.kept_existing for target in self._targets)
        for target in self._targets:
            target.kept_existing = 0
        for rule in self._router.rules:
            if self._copied[rule.index]:
                counts.copied[rule.name] = counts.copied.get(rule.name, 0) + self._copied[rule.index]
        self._copied = [0] * len(self._router.rules)
        self._throttle.restart(self._counts.read)
        self._bytes = 0
        progress.cursors = [lane.cursor for lane in lanes]
        # Only now: a page that is read again after a break must not be taken for met.
        progress.border = sorted(border.met)
        self._state.counts = counts.model_copy(deep=True)
        self._commit(self._state)
        self._observe(counts)

    def _copy_big(self, copier: BigKeyCopier) -> None:
        for key, rule in self._big:
            name = rule.root + key
            match copier.copy(key, name, self._targets[rule.target]):
                case BigOutcome.COPIED:
                    self._copied[rule.index] += 1
                    self._counts.big += 1
                case BigOutcome.GONE:
                    self._counts.gone += 1
                case BigOutcome.KEPT_EXISTING:
                    self._counts.kept_existing += 1
                case BigOutcome.UNSETTLED:
                    if len(self._state.unsettled) >= _MOST_UNSETTLED:
                        raise NotSafe(f"more than {_MOST_UNSETTLED} big keys changed while they were read: copy at a quieter time")
                    self._state.unsettled[self._labels.label(key)] = "changed during every attempt, and too big to be read whole"
        for key, size in copier.held.items():
            self._state.held[self._labels.label(key)] = size
        self._big = []

    def _check_evictions(self, index: int, target: Target) -> None:
        evicted = read_server_facts(target.connection).evicted_keys
        if evicted > self._evicted[index]:
            raise NotSafe(
                f"{target.name} threw {evicted - self._evicted[index]} keys away while it was written (evicted_keys grew): "
                "it is too small, and what is there now is not complete. Start over on a larger node, or with maxmemory-policy noeviction"
            )
