"""What a mover asks of the source: to put jobs into an outbox, and to let go of one that the target has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes, as_bytes_list, as_int, as_optional_bytes
from uplift.sidekiq.mover.chunk import Chunk, Place, PlaceKind, place_of
from uplift.sidekiq.mover.replicas import Replicas
from uplift.sidekiq.mover.resuming import SourceLedger
from uplift.sidekiq.mover.scripts import CONFIRM, GIVE_BACK, TAKE_BATCH, TAKE_LIST, TAKE_SORTED_SET, TAKE_STATISTICS
from uplift.sidekiq.run.epoch import raise_epoch, under_epoch
from uplift.sidekiq.run.interruptions import BeginAgain, answered
from uplift.sidekiq.run.ledger_numbers import ledger_numbers
from uplift.sidekiq.run.own_names import OwnNames


@dataclass(frozen=True, slots=True)
class TakeLimits:
    """Of one chunk: jobs; bytes after which no further job is taken, so that one payload may be over; jobs that must stay looked past."""

    jobs: int = 100
    bytes: int = 1_000_000
    look: int = 200


@dataclass(frozen=True, slots=True)
class Taking:
    """What to take next. `rank`: of a sorted set, where to begin. `queues`: of a sorted set, whose jobs may go; None: of all.

    `counters`: of statistics, each with the moment it expires at (ms since 1970, -1 never). `keys`: of a batch. `with_batches`: jobs of
    batches too.
    """

    place: Place
    rank: int = 0
    queues: tuple[bytes, ...] | None = None
    counters: tuple[tuple[bytes, int], ...] = ()
    keys: tuple[bytes, ...] = ()
    with_batches: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it. `chunk` is None where there was nothing to take; `rank` is where to go on in a sorted set.

    What stayed: jobs of batches, of queues that are not taken, and counters that are no numbers.
    """

    taking: Taking
    chunk: Chunk | None
    of_batches: int = 0
    of_other_queues: int = 0
    rank: int = 0
    other_counters: tuple[bytes, ...] = ()


@dataclass(slots=True)
class SourceSide:
    """One connection; `keeps` is how many outboxes are kept after they were confirmed."""

    connection: Connection
    names: OwnNames
    epoch: int
    limits: TakeLimits
    replicas: Replicas
    keeps: int
    _confirming: int = 0
    _taking: list[tuple[int, Taking]] = field(default_factory=list)

    def raise_epoch(self) -> None:
        """Raises BeginAgain where somebody has this epoch or a higher one."""
        raise_epoch(self.connection, self.names.source_ledger, self.epoch, "next", 1, "conf", 0)

    def ledger(self) -> SourceLedger:
        """As it is now, with the outboxes there are."""
        return read_source_ledger(self.connection, self.names)

    def open_chunks(self, numbers: Iterable[int]) -> list[Chunk]:
        """What outboxes hold that were taken and not confirmed. Raises BeginAgain where the ledger says nothing of one."""
        chunks = []
        for number in numbers:
            text, elements = self.connection.call_all(
                [pack("HGET", self.names.source_ledger, b"o:%d" % number), pack("LRANGE", self.names.outbox(number), 0, -1)]
            )
            place = place_of(as_optional_bytes(answered(text)) or b"")
            if place is None:
                raise BeginAgain(f"the ledger of the source says nothing of outbox {number}")
            chunks.append(Chunk(number, place, tuple(as_bytes_list(answered(elements)))))
        return chunks

    def send(self, confirmed: list[int], takings: list[tuple[int, Taking]]) -> None:
        """Confirm and take in one go; the answers are read by `receive`."""
        requests = [self._confirm_request(number) for number in confirmed]
        for number, taking in takings:
            requests += [self._take_request(number, taking), pack("LRANGE", self.names.outbox(number), 0, -1)]
        if requests:
            requests += self.replicas.requests()
            self._confirming, self._taking = len(confirmed), takings
            self.connection.send(b"".join(requests))

    def receive(self) -> list[Taken]:
        """What was taken, and waited for. Raises AnotherMover, BeginAgain, SourceUnreachable."""
        confirming, takings, self._confirming, self._taking = self._confirming, self._taking, 0, []
        if not confirming and not takings:
            return []
        replies = self.connection.read_many(confirming + 2 * len(takings) + len(self.replicas.requests()))
        for reply in replies[:confirming]:
            _checked(reply, b"confirmed", self.epoch)
        if self.replicas.count:
            self.replicas.take(replies[-1], "the source")
        found: list[Taken] = []
        for (number, taking), at in zip(takings, range(confirming, len(replies), 2), strict=False):
            found.append(_taken(number, taking, _checked(replies[at], b"taken", self.epoch), as_bytes_list(answered(replies[at + 1]))))
            if found[-1].chunk is None:
                # Those behind it have numbers that are not their turn yet, and were refused.
                break
        return found

    def give_back(self, identity: bytes, private: bytes, queue: bytes, most: int) -> int:
        """Jobs put back from a private queue whose owner is gone; 0 where there were none, or where it lives."""
        keys = [self.names.source_ledger, identity, private, b"queue:" + queue, b"queues"]
        answer = under_epoch(GIVE_BACK.call(self.connection, keys, self.epoch, most, queue), self.epoch)
        return as_int(answer[1]) if answer[0] == b"returned" else 0

    def _confirm_request(self, number: int) -> bytes:
        names = self.names
        keys = [names.source_ledger, names.outbox(number), names.kept(number), names.kept(number - self.keeps)]
        return CONFIRM.request(keys, self.epoch, number, int(self.keeps > 0))

    def _take_request(self, number: int, taking: Taking) -> bytes:
        place, limits = taking.place, self.limits
        keys = [self.names.source_ledger, self.names.outbox(number)]
        head = (self.epoch, number, place.text)
        match place.kind:
            case PlaceKind.QUEUE:
                return TAKE_LIST.request([*keys, place.key], *head, limits.jobs, limits.bytes, limits.look, int(taking.with_batches))
            case PlaceKind.SORTED_SET:
                # No name at all would be: of all queues.
                queues = [] if taking.queues is None else list(taking.queues) or [b""]
                words: tuple[int | bytes, ...] = (limits.jobs, limits.bytes, taking.rank, limits.look, int(taking.with_batches), *queues)
                return TAKE_SORTED_SET.request([*keys, place.key], *head, *words)
            case PlaceKind.STATISTICS:
                moments = [moment for _, moment in taking.counters]
                return TAKE_STATISTICS.request([*keys, self.names.taken_sums, *[name for name, _ in taking.counters]], *head, *moments)
            case PlaceKind.BATCH:
                return TAKE_BATCH.request([*keys, b"batches", b"dead-batches", *taking.keys], *head, place.name)


def _taken(number: int, taking: Taking, head: list[Reply], elements: list[bytes]) -> Taken:
    chunk = Chunk(number, taking.place, tuple(elements)) if as_int(head[1]) else None
    match taking.place.kind:
        case PlaceKind.QUEUE:
            return Taken(taking, chunk, of_batches=as_int(head[3]))
        case PlaceKind.SORTED_SET:
            return Taken(taking, chunk, of_batches=as_int(head[3]), of_other_queues=as_int(head[4]), rank=as_int(head[5]))
        case PlaceKind.STATISTICS:
            return Taken(taking, chunk, other_counters=tuple(as_bytes_list(head[2])))
        case PlaceKind.BATCH:
            return Taken(taking, chunk)


def _checked(reply: Reply | ErrorReply, wanted: bytes, epoch: int) -> list[Reply]:
    """The answer of a script. Raises AnotherMover, or BeginAgain where it refused."""
    answer = under_epoch(reply, epoch)
    word = as_bytes(answer[0])
    if word != wanted:
        raise BeginAgain(f"the source's ledger is not as this mover left it: {word.decode()} {answer[1]!r}")
    return answer


def read_source_ledger(connection: Connection, names: OwnNames) -> SourceLedger:
    """As it is now, with the outboxes there are. Raises LedgerUnreadable, and what Connection.call raises."""
    epoch, following, confirmed = ledger_numbers(connection, names.source_ledger, "epoch", "next", "conf")
    numbers = range((confirmed or 0) + 1, following or 0)
    answers = connection.call_all([pack("EXISTS", names.outbox(number)) for number in numbers]) if numbers else []
    there = frozenset(number for number, answer in zip(numbers, answers, strict=True) if answer == 1)
    return SourceLedger(epoch or 0, following or 0, confirmed or 0, there)
