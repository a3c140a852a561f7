"""A chunk: jobs that go to the other side together, under one number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

_DIGEST_LETTERS = 16
BATCH_FIELDS = 5


class PlaceKind(StrEnum):
    """What jobs are taken from, and put into on the other side. STATISTICS are counters, and BATCH the keys of one, by their own names."""

    QUEUE = "queue"
    SORTED_SET = "set"
    STATISTICS = "stat"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is that of a queue without `queue:`, of a sorted set its key, of statistics empty, of a batch its id."""

    kind: PlaceKind
    name: bytes

    @property
    def key(self) -> bytes:
        """Where it is in Redis; of statistics and batches none."""
        return b"queue:" + self.name if self.kind is PlaceKind.QUEUE else self.name

    @property
    def text(self) -> bytes:
        """As ledgers have it."""
        return self.kind.value.encode() + b"|" + self.name


def place_of(text: bytes) -> Place | None:
    """The place a ledger names; None where this version knows no such kind."""
    kind, bar, name = text.partition(b"|")
    known = {one.value.encode(): one for one in PlaceKind}
    return Place(known[kind], name) if bar and kind in known else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """`elements` are an outbox as it stands: of a queue jobs, the newest first; of a sorted set score, member; of statistics name, number,
    moment it expires at (ms since 1970, -1 never); of a batch name of a key, such a moment, scores in `batches` and `dead-batches`, DUMP.
    """

    number: int
    place: Place
    elements: tuple[bytes, ...]

    @property
    def jobs(self) -> int:
        """How many jobs, counters, or keys of a batch."""
        match self.place.kind:
            case PlaceKind.QUEUE:
                return len(self.elements)
            case PlaceKind.SORTED_SET:
                return len(self.elements) // 2
            case PlaceKind.STATISTICS:
                return len(self.elements) // 3
            case PlaceKind.BATCH:
                return len(self.elements) // BATCH_FIELDS

    @property
    def payloads(self) -> tuple[bytes, ...]:
        """Of a queue and of a sorted set: the jobs themselves."""
        match self.place.kind:
            case PlaceKind.QUEUE:
                return self.elements
            case PlaceKind.SORTED_SET:
                return self.elements[1::2]
            case PlaceKind.STATISTICS | PlaceKind.BATCH:
                return ()

    @property
    def entry(self) -> bytes:
        """What the target's journal says of it: its place, how many, and a checksum, by which two chunks of one number are told apart."""
        digest = hashlib.sha1(usedforsecurity=False)
        for element in self.elements:
            digest.update(b"%d:" % len(element))
            digest.update(element)
        return b"%d %b %b" % (self.jobs, digest.hexdigest()[:_DIGEST_LETTERS].encode(), self.place.text)
