"""Everything a person needs to know of one side before jobs move: counts, classes and times, never a job's arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from uplift.keyspace.keymap.known_words import shown
from uplift.keyspace.keymap.pattern import pattern_of
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.facts import ServerFacts, read_server_facts
from uplift.keyspace.server.replies import as_int, as_time
from uplift.sidekiq.keys.batches import open_batches
from uplift.sidekiq.keys.job_payload import read_payload
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.private_queues import PrivateQueue, private_queue_of
from uplift.sidekiq.keys.processes import Process, read_processes
from uplift.sidekiq.keys.queues import Queue, public_names, read_queues
from uplift.sidekiq.keys.survey import Survey
from uplift.sidekiq.keys.wrong_type import unless_wrong_type
from uplift.sidekiq.status.scheduler_status import SchedulerStatus, leader_of, read_scheduler_status
from uplift.sidekiq.status.sorted_sets import MOST_READ, SORTED_SETS, Advance, SortedSet, read_sorted_set
from uplift.sidekiq.status.statistics import Statistics, read_statistics


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """`jobs` None: it is no list. `oldest_seconds`: how long the job that runs next has waited, None where it does not say."""

    name: bytes
    jobs: int | None
    is_paused: bool
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class PrivateQueueStatus:
    """`owner_lives` None: its name does not say whose it is. `jobs` None: it is no list."""

    private: PrivateQueue
    jobs: int | None
    owner_lives: bool | None


@dataclass(frozen=True, slots=True)
class SideStatus:
    """One side: a database of a server. `at`: by its clock, seconds since 1970. `counts`: keys by kind.

    `unknown`: patterns of keys that a handover may not pass over, and how many. `cut_off`: kinds of which there are more names than were
    kept, so that what follows from names is of some only.
    """

    address: str
    database: int
    at: float
    server: ServerFacts
    processes: tuple[Process, ...]
    queues: tuple[QueueStatus, ...]
    sorted_sets: tuple[SortedSet, ...]
    private_queues: tuple[PrivateQueueStatus, ...]
    open_batches: int
    schedulers: tuple[SchedulerStatus, ...]
    leader: bytes | None
    statistics: Statistics
    counts: Counter[KeyKind]
    unknown: tuple[tuple[str, int], ...]
    cut_off: frozenset[KeyKind]

    @property
    def live(self) -> tuple[Process, ...]:
        """Processes whose heartbeat is there."""
        return tuple(process for process in self.processes if process.is_alive)

    @property
    def public_jobs(self) -> int:
        """Jobs that wait in public queues."""
        return sum(queue.jobs or 0 for queue in self.queues)


def read_side_status(
    connection: Connection,
    survey: Survey,
    *,
    words: frozenset[str] = frozenset(),
    advance: Advance = lambda _jobs: None,
    most_read: int = MOST_READ,
) -> SideStatus:
    """Read a side, which may be busy: every number is of the moment it was read. Changes nothing.

    In: what a survey of the same side found; first words of keys that may be shown; who is told how many jobs were looked at; how many of
    each sorted set are.
    Raises what Connection.call raises.
    """
    now = as_time(connection.call("TIME")) / 1_000_000
    processes = read_processes(connection)
    public = public_names(connection, processes)
    return SideStatus(
        str(connection.endpoint),
        connection.database,
        now,
        read_server_facts(connection),
        processes,
        tuple(_queue(queue, now) for queue in read_queues(connection, public, with_oldest=True)),
        tuple(read_sorted_set(connection, name, advance, most_read) for name in SORTED_SETS),
        _private_queues(connection, survey, public),
        open_batches(connection, survey.of(KeyKind.BATCH)),
        read_scheduler_status(connection, survey),
        leader_of(connection),
        read_statistics(connection, survey.of(KeyKind.STATISTICS)),
        survey.counts,
        _patterns(survey.unknown, words),
        survey.cut_off,
    )


def _queue(queue: Queue, now: float) -> QueueStatus:
    since = read_payload(queue.oldest).since if queue.oldest is not None else None
    return QueueStatus(queue.name, queue.jobs, queue.is_paused, None if since is None else max(0.0, now - since))


def _private_queues(connection: Connection, survey: Survey, public: frozenset[bytes]) -> tuple[PrivateQueueStatus, ...]:
    found = [private for key in survey.of(KeyKind.QUEUE) if (private := private_queue_of(key, public)) is not None]
    lengths = _numbers(connection, "LLEN", (private.key for private in found))
    owners = sorted({private.owner for private in found if private.owner is not None})
    lives = dict(zip(owners, _numbers(connection, "EXISTS", owners), strict=True))
    return tuple(
        PrivateQueueStatus(private, jobs, None if private.owner is None else bool(lives[private.owner]))
        for private, jobs in zip(found, lengths, strict=True)
        # Between the survey and now its last job may have been done.
        if jobs != 0
    )


def _numbers(connection: Connection, command: str, keys: Iterable[bytes]) -> list[int | None]:
    requests = [pack(command, key) for key in keys]
    answers = (unless_wrong_type(answer) for answer in connection.call_all(requests)) if requests else ()
    return [None if answer is None else as_int(answer) for answer in answers]


def _patterns(keys: Iterable[bytes], words: frozenset[str]) -> tuple[tuple[str, int], ...]:
    """What keys look like, most frequent first: a key's name may hold a session's token."""
    return tuple(Counter(shown(pattern_of(key, words), words) for key in keys).most_common())
