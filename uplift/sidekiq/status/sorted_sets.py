"""retry, schedule and dead: how many jobs, of which classes and queues, and when the last one is due: that is how long a drain takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import ErrorReply, as_bytes_list, as_int
from uplift.sidekiq.keys.job_payload import read_payload
from uplift.sidekiq.keys.wrong_type import is_wrong_type

SORTED_SETS = (b"retry", b"schedule", b"dead")
PAGE_JOBS = 100
MOST_READ = 20_000
Advance = Callable[[int], None]
"""Takes how many jobs more were looked at."""


@dataclass(frozen=True, slots=True)
class ClassOfJobs:
    """`last`: the highest finite score of its jobs, None where there is none."""

    job_class: str
    jobs: int
    last: float | None


@dataclass(frozen=True, slots=True)
class SortedSet:
    """`jobs` None: it is of another type. `first` and `last`: scores, seconds since 1970, None where empty or not finite.

    Of retry and schedule a score is when the job is due; of dead, when it died. `by_class` (most jobs first) and `by_queue` count the
    `looked_at` jobs: all, or 20,000 that stand evenly over the set.
    """

    name: bytes
    jobs: int | None
    first: float | None = None
    last: float | None = None
    looked_at: int = 0
    by_class: tuple[ClassOfJobs, ...] = ()
    by_queue: tuple[tuple[bytes, int], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every job was looked at."""
        return self.looked_at >= (self.jobs or 0)


@dataclass(slots=True)
class _Counts:
    classes: Counter[str] = field(default_factory=Counter)
    last: dict[str, float] = field(default_factory=dict)
    queues: Counter[bytes] = field(default_factory=Counter)

    def take(self, payload: bytes, score: bytes) -> None:
        job = read_payload(payload)
        self.classes[job.job_class] += 1
        self.queues[job.queue or b""] += 1
        if (moment := _moment(score)) is not None:
            self.last[job.job_class] = max(moment, self.last.get(job.job_class, moment))


def read_sorted_set(connection: Connection, name: bytes, advance: Advance = lambda _jobs: None, most_read: int = MOST_READ) -> SortedSet:
    """Read it in pages of 100 jobs. A job that moves meanwhile may be counted twice or not at all. Raises what Connection.call raises."""
    try:
        size = as_int(connection.call("ZCARD", name))
    except ErrorReply as problem:
        is_wrong_type(problem)
        return SortedSet(name, None)
    counts = _Counts()
    for rank in _ranks(size, most_read):
        for payload, score in _page(connection, name, rank, PAGE_JOBS):
            counts.take(payload, score)
        advance(PAGE_JOBS)
    ends = [_moment(score) for rank in (0, -1) for _, score in _page(connection, name, rank, 1)] or [None, None]
    by_class = [ClassOfJobs(job_class, jobs, counts.last.get(job_class)) for job_class, jobs in counts.classes.most_common()]
    return SortedSet(name, size, ends[0], ends[-1], counts.classes.total(), tuple(by_class), tuple(counts.queues.most_common()))


def _ranks(size: int, most_read: int) -> range:
    """Where pages begin: one after the other where all fit, else evenly apart."""
    pages = -(-size // PAGE_JOBS)
    step = max(1, -(-pages // max(1, most_read // PAGE_JOBS)))
    return range(0, size, step * PAGE_JOBS)


def _page(connection: Connection, name: bytes, rank: int, jobs: int) -> Iterator[tuple[bytes, bytes]]:
    found = as_bytes_list(connection.call("ZRANGE", name, rank, rank + jobs - 1, "WITHSCORES"))
    return zip(found[::2], found[1::2], strict=True)


def _moment(score: bytes) -> float | None:
    number = float(score)
    return number if math.isfinite(number) else None
