"""What a mover asks of the target: to put a chunk where its jobs belong, once and in its turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from uplift.errors import NotConvertible
from uplift.keyspace.rdb.payload import converted, fits, payload_version
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.rdb_version import newest_payload_taken
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes, as_int, as_list, as_optional_bytes
from uplift.sidekiq.mover.chunk import BATCH_FIELDS, Chunk, PlaceKind
from uplift.sidekiq.mover.replicas import Replicas
from uplift.sidekiq.mover.resuming import TargetLedger
from uplift.sidekiq.mover.scripts import APPLY_BATCH, APPLY_SORTED_SET, APPLY_STATISTICS, CARRY_PAUSED, RELEASE_HELD
from uplift.sidekiq.run.epoch import raise_epoch, refuse_epoch, under_epoch
from uplift.sidekiq.run.interruptions import BeginAgain, answered
from uplift.sidekiq.run.ledger_numbers import ledger_numbers
from uplift.sidekiq.run.own_names import OwnNames

_JOURNAL_KEEPS = 1_000
_Head = tuple[bytes | int, ...]
_TAKES_JOBS = frozenset({b"list", b"none"})
_TAKES_NAMES = frozenset({b"set", b"none"})


class NotApplied(Exception):
    """A chunk that its number says is applied, and that is not: another one had the number, or a part was refused. Nothing may go on."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


@dataclass(slots=True)
class TargetSide:
    """One connection."""

    connection: Connection
    names: OwnNames
    epoch: int
    replicas: Replicas

    def raise_epoch(self, *, is_first: bool) -> None:
        """`is_first`: nothing was ever taken, so the ledger begins. Raises BeginAgain where somebody has this epoch or a higher one."""
        fields: tuple[str | int, ...] = ("applied", 0) if is_first else ()
        raise_epoch(self.connection, self.names.target_ledger, self.epoch, *fields)

    def ledger(self) -> TargetLedger:
        """As it is now."""
        return read_target_ledger(self.connection, self.names)

    def apply(self, chunks: list[Chunk]) -> None:
        """Put them where they belong, in the order of their numbers; those that are there already are passed over.

        Raises AnotherMover, BeginAgain, NotApplied, SourceUnreachable.
        """
        for kind, some in groupby(chunks, key=lambda chunk: chunk.place.kind):
            match kind:
                case PlaceKind.QUEUE:
                    self._push(list(some))
                case PlaceKind.SORTED_SET:
                    self._apply_by_script(some, self._apply_sorted_set)
                case PlaceKind.STATISTICS:
                    self._apply_by_script(some, self._apply_statistics)
                case PlaceKind.BATCH:
                    self._apply_by_script(some, self._apply_batch)
                case _:
                    assert_never(kind)
        if chunks:
            self.replicas.wait(self.connection, "the target")

    def _push(self, chunks: list[Chunk]) -> None:
        """Jobs of queues, as producers push them, in one transaction. No payload passes Lua: as arguments of a script they cost up to seven
        times as much.
        """
        new = self._looked_at(chunks)
        if not new:
            self.connection.call("UNWATCH")
            return
        replies = self.connection.call_all([pack("MULTI"), *self._pushes(new), pack("EXEC")])
        done = replies[-1]
        if isinstance(done, ErrorReply):
            raise BeginAgain(f"the target refused a chunk: {done.safe}")
        if done is None:
            raise BeginAgain("somebody else wrote to the target's ledger")
        refused: list[Reply | ErrorReply] = [*as_list(done)]
        if problem := next((one for one in refused if isinstance(one, ErrorReply)), None):
            # The rest of the transaction took place: nothing would ever come back to this chunk.
            raise NotApplied(new[0].number, f"the target refused a part of a transaction: {problem.safe}")

    def _looked_at(self, chunks: list[Chunk]) -> list[Chunk]:
        """Those that are still to be pushed, with the ledger watched. The replies are read before anything is pushed: a guard in the same
        send fails open where it is refused itself.
        """
        names = self.names
        queues = list({chunk.place.key: None for chunk in chunks})
        requests = [pack("WATCH", names.target_ledger), pack("HMGET", names.target_ledger, "epoch", "applied")]
        requests += [pack("HMGET", names.journal, *[chunk.number for chunk in chunks]), pack("TYPE", "queues")]
        requests += [pack("TYPE", queue) for queue in queues]
        _, ledger, journal, names_kind, *kinds = (answered(reply) for reply in self.connection.call_all(requests))
        epoch, applied = (as_optional_bytes(one) for one in as_list(ledger))
        if epoch != b"%d" % self.epoch:
            refuse_epoch(epoch, self.epoch)
        if names_kind not in _TAKES_NAMES:
            raise BeginAgain(f"`queues` on the target is a {as_bytes(names_kind).decode()}, expected: a set")
        for queue, kind in zip(queues, kinds, strict=True):
            if kind not in _TAKES_JOBS:
                raise BeginAgain(f"{queue.decode('utf-8', 'replace')} on the target is a {as_bytes(kind).decode()}, expected: a list")
        done = int(applied or -1)
        for chunk, entry in zip(chunks, as_list(journal), strict=True):
            if chunk.number <= done:
                _check_entry(chunk, as_optional_bytes(entry))
        new = [chunk for chunk in chunks if chunk.number > done]
        if new and new[0].number != done + 1:
            raise BeginAgain(f"the target has applied {done} chunks, and {new[0].number} is to follow")
        return new

    def _pushes(self, chunks: list[Chunk]) -> Iterator[bytes]:
        for chunk in chunks:
            yield pack("SADD", "queues", chunk.place.name)
            # LPUSH, as a producer does: at the tail the second chunk would overtake the first. The oldest of an outbox is its last.
            yield pack("LPUSH", chunk.place.key, *reversed(chunk.elements))
            yield pack("HSET", self.names.journal, chunk.number, chunk.entry)
            yield pack("HDEL", self.names.journal, chunk.number - _JOURNAL_KEEPS)
        yield pack("HSET", self.names.target_ledger, "applied", chunks[-1].number)

    def _apply_by_script(self, chunks: Iterable[Chunk], apply: Callable[[Chunk, _Head], Reply]) -> None:
        for chunk in chunks:
            self._check_applied(chunk, apply(chunk, (self.epoch, chunk.number, chunk.entry, chunk.number - _JOURNAL_KEEPS)))

    def _check_applied(self, chunk: Chunk, answer: Reply) -> None:
        word, what = (as_bytes(one) for one in under_epoch(answer, self.epoch))
        match word:
            case b"applied":
                _check_entry(chunk, what)
            case b"type":
                raise BeginAgain(
                    f"{chunk.place.name.decode('utf-8', 'replace') or 'a counter'} on the target is of another kind: {what.decode()}"
                )
            case _:
                raise BeginAgain(f"the target has applied {what.decode()} chunks, and {chunk.number} is to follow")

    def _apply_sorted_set(self, chunk: Chunk, head: _Head) -> Reply:
        names = self.names
        keys = [names.target_ledger, names.journal, chunk.place.key, names.held(chunk.place.name)]
        return APPLY_SORTED_SET.call(self.connection, keys, *head, *chunk.elements)

    def _apply_statistics(self, chunk: Chunk, head: _Head) -> Reply:
        counters, numbers, moments = chunk.elements[::3], chunk.elements[1::3], chunk.elements[2::3]
        keys = [self.names.target_ledger, self.names.journal, self.names.applied_sums, *counters]
        words = [word for pair in zip(numbers, moments, strict=True) for word in pair]
        return APPLY_STATISTICS.call(self.connection, keys, *head, *words)

    def _apply_batch(self, chunk: Chunk, head: _Head) -> Reply:
        newest = newest_payload_taken(read_server_facts(self.connection))
        keys = [self.names.target_ledger, self.names.journal, b"batches", b"dead-batches", *chunk.elements[::BATCH_FIELDS]]
        words: list[bytes] = []
        for at in range(0, len(chunk.elements), BATCH_FIELDS):
            *fields, payload = chunk.elements[at + 1 : at + BATCH_FIELDS]
            try:
                words += [*fields, payload if fits(payload_version(payload), newest) else converted(payload, newest)]
            except NotConvertible as problem:
                raise NotApplied(chunk.number, f"batch {chunk.place.name.decode('utf-8', 'replace')}: {problem}") from None
        return APPLY_BATCH.call(self.connection, keys, *head, chunk.place.name, *words)

    def release_held(self, name: bytes, most: int) -> tuple[int, int]:
        """Of a sorted set: members that were added since no twin is in their way any more, and those that are still held."""
        keys = [self.names.target_ledger, name, self.names.held(name)]
        answer = under_epoch(RELEASE_HELD.call(self.connection, keys, self.epoch, most), self.epoch)
        return as_int(answer[1]), as_int(answer[2])

    def carry_paused(self, queues: list[bytes]) -> None:
        """Pause queues that are paused on the source, each once in a run."""
        keys = [self.names.target_ledger, b"paused"]
        under_epoch(CARRY_PAUSED.call(self.connection, keys, self.epoch, *queues), self.epoch)


def _check_entry(chunk: Chunk, entry: bytes | None) -> None:
    """Raises NotApplied where the journal remembers another one of this number. Of an outbox that is gone nothing can be told apart."""
    if entry and chunk.elements and entry != chunk.entry:
        raise NotApplied(chunk.number, f"the target's journal says that another chunk had number {chunk.number}")


def read_target_ledger(connection: Connection, names: OwnNames) -> TargetLedger:
    """As it is now. Raises LedgerUnreadable, and what Connection.call raises."""
    epoch, applied = ledger_numbers(connection, names.target_ledger, "epoch", "applied")
    return TargetLedger(epoch or 0, applied)
