"""Repairs what a verification found: the source is read again right before each write, and deleted is only where that was asked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.origin import origin_of
from uplift.keyspace.server.big_key_copier import BigKeyCopier
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.key_transfer import KeyTransfer
from uplift.keyspace.server.page_reader import ReadLimits, ValueForm, payload_reader
from uplift.keyspace.server.page_writer import PageWriter
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.value_pieces import drain
from uplift.keyspace.verify.extras import missing_on_source
from uplift.keyspace.verify.result import Difference, Found

_KEYS_AT_ONCE = 100


@dataclass(slots=True)
class Repaired:
    """What was done. `refused` says why a key could not be repaired."""

    written: int = 0
    deleted: int = 0
    refused: list[str] = field(default_factory=list)


class Repair:
    """Repairs differences of one database, some at a time, and adds to `done`. `may_delete`: by target, whether extras may go."""

    def __init__(
        self, apart: Connection, servers: Servers, may_delete: list[bool], labels: KeyLabels, whole_bytes: int, done: Repaired
    ) -> None:
        self._apart, self._targets, self._router = apart, servers.targets, servers.router
        self._may_delete, self._labels, self._done = may_delete, labels, done
        limits = servers.limits_of_source(ReadLimits())
        self._writer = PageWriter(servers, ValueForm.DUMP, labels, may_delete, stops_at_refused=False)
        copier = BigKeyCopier(apart, servers.facts, labels.secret.hex()[:8], limits, whole_bytes)
        self._transfer = KeyTransfer(
            payload_reader(apart, ValueForm.DUMP, limits), self._writer, copier, servers.targets, servers.distance.round_trip
        )
        self._to_write: list[bytes] = []
        self._to_delete: dict[int, list[bytes]] = defaultdict(list)

    def take(self, found: Found) -> None:
        """Repair one difference, now or with the next; what cannot be repaired is left for the next verification to name."""
        match found.difference:
            case Difference.MISSING | Difference.VALUE | Difference.TTL | Difference.CHANGING:
                self._to_write.append(found.key)
            case Difference.EXTRA | Difference.WRONG_SIDE:
                if self._may_delete[found.target]:
                    self._to_delete[found.target].append(found.key)
        if len(self._to_write) >= _KEYS_AT_ONCE or len(self._to_delete[found.target]) >= _KEYS_AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Repair what has been taken."""
        self._write()
        for index, names in self._to_delete.items():
            self._delete(index, names)
        self._to_delete.clear()

    def _write(self) -> None:
        keys, self._to_write = self._to_write, []
        if not keys:
            return
        self._transfer.bring(keys)
        self._transfer.settle()
        written, big = self._writer.take_written(), self._transfer.take_big_counts()
        self._done.written += sum(written.copied)
        self._done.deleted += written.deleted
        self._done.refused += [reason for _, reason in written.refused]
        self._done.refused += [f"{self._labels.label(key)}: {reason}" for key, reason in big.not_copied.items()]

    def _delete(self, index: int, names: list[bytes]) -> None:
        """After a fresh look: a key that has come to the source since, and is written under this name, is no extra any more."""
        origins = {name: origin[0] for name in names if (origin := origin_of(self._router, index, name)) is not None}
        missing = missing_on_source(self._apart, list(origins.values()))
        target = self._targets[index]
        gone = [name for name in names if name not in origins or origins[name] in missing]
        if gone:
            drain(target.connection, gone, has_unlink=target.has_unlink)
            self._done.deleted += len(gone)
