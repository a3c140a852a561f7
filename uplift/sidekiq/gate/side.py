"""What a gate asks of one server: to read and write its record there, marks, and switches; all it writes is fenced by an epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes_list, as_hash, as_int
from uplift.sidekiq.gate.record import Window
from uplift.sidekiq.gate.scripts import MARK, RECORD, SWITCH, UNMARK
from uplift.sidekiq.run.epoch import raise_epoch, under_epoch
from uplift.sidekiq.run.interruptions import AnotherMover, answered
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob, SchedulerGem
from uplift.sidekiq.schedulers.switch import Switch

_PIECE_SECONDS = 600
_MOST_INSTANCES = 1_000


class EpochChanged(Exception):
    """The server has another epoch than this gate wrote: somebody else's, or one from before a failover."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Seconds of one job, at most as many as one request writes or removes."""

    job: ScheduledJob
    window: Window


@dataclass(slots=True)
class GateSide:
    """One server; `key` is the gate's own, `epoch` that of this gate."""

    connection: Connection
    key: bytes
    epoch: int = 0

    def read(self) -> dict[bytes, bytes]:
        """All fields of the gate's key."""
        return as_hash(self.connection.call("HGETALL", self.key))

    def raise_epoch(self) -> None:
        """Raises BeginAgain where somebody has this epoch or a higher one."""
        raise_epoch(self.connection, self.key, self.epoch)

    def write_record(self, record: bytes, before: Mapping[bytes, bytes]) -> None:
        """The record, and switches as they were before, by field; those that are written down already stay. Raises EpochChanged."""
        flat = [part for pair in before.items() for part in pair]
        self._write([RECORD.request([self.key], self.epoch, record, *flat)])

    def pieces_unlike(self, jobs: Iterable[ScheduledJob], window: Window, *, full: bool) -> list[Piece]:
        """Pieces of a window that are not full of marks, or that hold any."""
        pieces = [Piece(job, piece) for job in jobs for piece in _pieces(window)]
        if not pieces:
            return []
        replies = self.connection.call_all(
            [pack("ZCOUNT", piece.job.mark_key, piece.window.first, b"(%d" % piece.window.end) for piece in pieces]
        )
        counts = [as_int(answered(reply)) for reply in replies]
        return [
            piece
            for piece, count in zip(pieces, counts, strict=True)
            if (count < piece.window.end - piece.window.first if full else count > 0)
        ]

    def mark(self, pieces: Iterable[Piece]) -> None:
        """Raises EpochChanged."""
        self._write([self._mark_request(piece) for piece in pieces])

    def _mark_request(self, piece: Piece) -> bytes:
        job, window = piece.job, piece.window
        marks: list[bytes | int] = [part for second in range(window.first, window.end) for part in (second, job.member(second))]
        expiry = b"" if job.mark_seconds is None else b"%d" % job.mark_seconds
        return MARK.request([self.key, job.mark_key], self.epoch, expiry, *marks)

    def unmark(self, pieces: Iterable[Piece]) -> None:
        """Raises EpochChanged."""
        self._write([UNMARK.request([self.key, piece.job.mark_key], self.epoch, piece.window.first, piece.window.end) for piece in pieces])

    def switch(self, wanted: Mapping[ScheduledJob, Switch]) -> None:
        """Set switches; None removes one. Raises EpochChanged."""
        self._write([self._switch_request(job, switch) for job, switch in wanted.items()])

    def _switch_request(self, job: ScheduledJob, switch: Switch) -> bytes:
        how, value = ("set", switch) if switch is not None else ("remove", b"")
        if switch is None and job.gem is not SchedulerGem.SCHEDULER:
            # A job of sidekiq-cron that has no status is on (job.rb, status_from_redis); every version writes one when it saves.
            how, value = "enable", b"enabled"
        return SWITCH.request([self.key, job.switch_key], self.epoch, job.switch_field, how, value)

    def fired(self, job: ScheduledJob, window: Window) -> frozenset[int]:
        """Seconds of marks in a window, the first ones."""
        found = as_bytes_list(
            self.connection.call(
                "ZRANGEBYSCORE", job.mark_key, window.first, b"(%d" % window.end, "WITHSCORES", "LIMIT", 0, _MOST_INSTANCES
            )
        )
        return frozenset(int(float(score)) for score in found[1::2])

    def _write(self, requests: list[bytes]) -> None:
        if not requests:
            return
        for reply in self.connection.call_all(requests):
            _check(reply, self.epoch)


def _pieces(window: Window) -> list[Window]:
    starts = range(window.first, window.end, _PIECE_SECONDS)
    return [Window(start, min(start + _PIECE_SECONDS, window.end)) for start in starts]


def _check(reply: Reply | ErrorReply, epoch: int) -> None:
    """Raises EpochChanged, or BeginAgain for what a server refused."""
    try:
        under_epoch(reply, epoch)
    except AnotherMover:
        raise EpochChanged from None
