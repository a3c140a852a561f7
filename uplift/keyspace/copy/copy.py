"""Copies a live Redis to one or more others, key by key where the key map says, right for every key unchanged since it was read.

One thread: while a target works on a page and the source on the next, this side routes and packs another. Partitions of the scan
keep both busy, two when they are near. A cursor is committed when every target has answered for all before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from uplift.errors import SourceUnreachable
from uplift.keyspace.copy.appeared import AppearedKeys
from uplift.keyspace.copy.checkpoint import Checkpoint
from uplift.keyspace.copy.checkpoint_due import CheckpointDue
from uplift.keyspace.copy.marker import remove_marker, set_marker
from uplift.keyspace.copy.state import CopyState, DatabaseProgress
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.server.big_key_copier import BigKeyCopier
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.events import Listener, Progress
from uplift.keyspace.server.key_transfer import KeyTransfer
from uplift.keyspace.server.page_reader import PageReader, ReadLimits, ScanOf, ValueForm, payload_reader
from uplift.keyspace.server.page_writer import PageWriter
from uplift.keyspace.server.scan_lanes import ScanLanes, connections_for
from uplift.keyspace.server.scan_partition import Border
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Existing, WriteMode, check_same_node
from uplift.keyspace.server.throttle import Throttle
from uplift.keyspace.server.write_calls import read_write_calls

_RECONNECTS = 5


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
        """How values travel."""
        return ValueForm.COPY if self.write_mode is WriteMode.FAST else ValueForm.DUMP


class Copy:
    """One run of a copy: databases one after the other, each from its last committed cursors. `total`: keys there are to write.

    `goes_on`: whether an earlier process may have written keys that `state` does not know of.
    """

    def __init__(
        self, servers: Servers, options: CopyOptions, state: CopyState, commit: Callable[[CopyState], None], total: int, *, goes_on: bool
    ) -> None:
        self._servers = servers
        self._options = options
        self._state = state
        self._commit = commit
        self._total = total
        self._after_break = goes_on
        self._labels = KeyLabels(bytes.fromhex(state.secret), servers.router.words)
        self._throttle = Throttle(options.keys_a_second, options.bytes_a_second)

    def run(self, listen: Listener) -> None:
        """Copy every chosen database, or what is left of it.

        Raises KeyUnroutable, TargetRefused, NotConvertible, NotSafe (keys were evicted) or SourceUnreachable; what is committed
        stays so, and the same command goes on from there.
        """
        databases = self._servers.databases
        for database in databases:
            self._state.databases.setdefault(database, DatabaseProgress(cursors=list(range(self._servers.partitions(database)))))
        for database in databases:
            self._copy_with_reconnects(database, listen)
        self._finish(databases)

    def _copy_with_reconnects(self, database: int, listen: Listener) -> None:
        failures = 0
        while not self._state.databases[database].done:
            committed = self._state.counts.read
            try:
                if failures:
                    for target in self._servers.targets:
                        target.reconnect()
                self._copy_database(database, listen)
            except SourceUnreachable:
                self._after_break = True
                failures = failures + 1 if self._state.counts.read == committed else 1
                if failures > _RECONNECTS:
                    raise
                time.sleep(0.2 * 2**failures)

    def _finish(self, databases: tuple[int, ...]) -> None:
        for target, side in zip(self._servers.targets, self._state.targets, strict=True):
            for database in databases:
                target.connection.select(database)
                remove_marker(target, self._state.run)
            side.write_calls = read_write_calls(target.connection)
        self._state.finished = True
        self._commit(self._state)

    def _copy_database(self, database: int, listen: Listener) -> None:
        progress = self._state.databases[database]
        apart = self._servers.source.beside(database)
        try:
            check_same_node(apart, self._servers.facts)
            for target in self._servers.targets:
                target.connection.select(database)
                set_marker(target, self._state.run)
            # Behind the select: what a copy that died had begun to build lies in this database.
            transfer = self._transfer(apart)
            appeared = AppearedKeys(self._servers, apart, self._options.limits)
            checkpoint = Checkpoint(
                self._servers, self._options.existing, self._state, self._labels, transfer, appeared, after_break=self._after_break
            )

            def commit() -> None:
                self._commit(self._state)
                listen(Progress("copy", self._state.counts.read, self._total))

            with connections_for(self._servers.source, database, len(progress.cursors)) as connections:
                self._copy_pages(self._readers(connections, len(progress.cursors)), transfer, checkpoint, progress, commit)
        finally:
            apart.close()

    def _transfer(self, apart: Connection) -> KeyTransfer:
        options, servers = self._options, self._servers
        may_delete = [options.existing is not Existing.SKIP] * len(servers.targets)
        writer = PageWriter(servers, options.form, self._labels, may_delete, stops_at_refused=True)
        reader = payload_reader(apart, options.form, options.limits)

        def spend(size: int) -> None:
            writer.written.value_bytes += size
            self._throttle.spend(0, size)

        limits = servers.limits_of_source(options.limits)
        copier = BigKeyCopier(apart, servers.facts, self._state.run, limits, options.whole_bytes, spend)
        for target in servers.targets:
            copier.sweep(target)
        return KeyTransfer(reader, writer, copier, servers.targets, servers.distance.round_trip)

    def _readers(self, connections: list[Connection], partitions: int) -> list[PageReader[bytes]]:
        limits = self._options.limits
        scan = ScanOf(limits.keys_of_a_page(partitions), self._servers.router.filter_arguments())
        return [payload_reader(connection, self._options.form, limits, scan) for connection in connections]

    @property
    def _is_exclusive(self) -> bool:
        """Whether a key that is on its target already is left alone, and looked at (AppearedKeys)."""
        match self._options.existing:
            case Existing.SKIP:
                return True
            case Existing.REPLACE:
                return False
            case Existing.FAIL:
                return not self._state.may_be_ours

    def _copy_pages(
        self,
        readers: list[PageReader[bytes]],
        transfer: KeyTransfer,
        checkpoint: Checkpoint,
        progress: DatabaseProgress,
        commit: Callable[[], None],
    ) -> None:
        border = Border(self._labels.secret, progress.border)
        lanes = ScanLanes(readers, progress.cursors, self._servers.distance.round_trip, border)
        writer = transfer.writer
        due = CheckpointDue(self._options.checkpoint_keys)
        for page in lanes.pages():
            keys_before, bytes_before = writer.written.read, writer.written.value_bytes
            writer.exclusive = self._is_exclusive
            transfer.take(page)
            keys, size = writer.written.read - keys_before, writer.written.value_bytes - bytes_before
            for target in self._servers.targets:
                target.flush_when_full(size)
            self._throttle.spend(keys, size)
            if due.after(keys) or lanes.are_done:
                began = time.monotonic()
                checkpoint.make_certain()
                progress.cursors = lanes.cursors
                # Only now: a page that is read again after a break must not be taken for met.
                progress.border = sorted(border.met)
                commit()
                due.was_made(began)
