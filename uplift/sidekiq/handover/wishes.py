"""What a person wants of a handover: which parts, which queues, until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """What `--only` names."""

    QUEUES = "queues"
    PRIVATE = "private"
    RETRY = "retry"
    SCHEDULE = "schedule"
    DEAD = "dead"
    STATISTICS = "statistics"
    LOCKS = "locks"
    BATCHES = "batches"
    PAUSED = "paused"


SORTED_SETS = (Part.RETRY, Part.SCHEDULE, Part.DEAD)
"""In the order in which they are taken: what is due first goes first."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """`queues` None: all. `any_queue`: also those that no live process of the new side works on. `until_empty`: go round until the old side
    is done; else once. `most_jobs_a_second` 0: as fast as it goes.
    """

    parts: frozenset[Part] = field(default_factory=lambda: frozenset(Part))
    queues: frozenset[bytes] | None = None
    any_queue: bool = False
    until_empty: bool = False
    most_jobs_a_second: float = 0.0
    is_paused: bool = False

    def wants(self, part: Part) -> bool:
        """Whether a part is to be moved."""
        return part in self.parts

    def wants_queue(self, name: bytes) -> bool:
        """Whether a queue's jobs are to be moved."""
        return self.queues is None or name in self.queues
