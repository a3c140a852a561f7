"""What a handover did so far, and how each place stands: what a person sees while it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from uplift.sidekiq.handover.left import Left
from uplift.sidekiq.handover.wishes import Part
from uplift.sidekiq.mover.chunk import Chunk, PlaceKind


class PlaceState(StrEnum):
    """Of a queue or a sorted set within a round."""

    WAITING = "waiting"
    TAKING = "taking"
    EMPTY = "empty"
    LEFT = "left"


@dataclass(slots=True)
class Progress:
    """`moved` are jobs (of statistics counters, of batches keys) by part and name; `waiting` is what the places of this round held when it
    began. `locks` are on both sides now, `batches` were moved whole; `statistics` are the sums that were taken, by counter.
    """

    rounds: int = 0
    moved: Counter[tuple[Part, bytes]] = field(default_factory=Counter)
    given_back: int = 0
    released: int = 0
    locks: int = 0
    batches: int = 0
    statistics: Counter[bytes] = field(default_factory=Counter)
    states: dict[tuple[Part, bytes], PlaceState] = field(default_factory=dict)
    waiting: dict[tuple[Part, bytes], int] = field(default_factory=dict)
    left: tuple[Left, ...] = ()

    @property
    def jobs(self) -> int:
        """Moved in all, without counters and batches."""
        return sum(count for (part, _), count in self.moved.items() if part not in {Part.STATISTICS, Part.BATCHES})

    @property
    def to_go(self) -> int:
        """Jobs that this round has still to take, as far as is known."""
        return sum(count for place, count in self.waiting.items() if self.states.get(place) in {PlaceState.WAITING, PlaceState.TAKING})

    def take(self, chunk: Chunk) -> None:
        """A chunk is on the target now."""
        match chunk.place.kind:
            case PlaceKind.QUEUE:
                place = (Part.QUEUES, chunk.place.name)
            case PlaceKind.SORTED_SET:
                place = (Part(chunk.place.name.decode()), b"")
            case PlaceKind.STATISTICS:
                place = (Part.STATISTICS, b"")
                for name, number in zip(chunk.elements[::3], chunk.elements[1::3], strict=True):
                    self.statistics[name] += int(number)
            case PlaceKind.BATCH:
                place = (Part.BATCHES, b"")
                self.batches += 1
            case _:
                assert_never(chunk.place.kind)
        self.moved[place] += chunk.jobs
        if place in self.waiting:
            self.waiting[place] = max(0, self.waiting[place] - chunk.jobs)
