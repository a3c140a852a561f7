"""Which of Sidekiq's features a key belongs to, by its name alone. The sources are those of config/keyspace.yaml and docs/sidekiq.md."""

from __future__ import annotations

import re
from enum import StrEnum

from uplift.keyspace.keymap.own_keys import HANDOVER_PREFIX, is_own_key


class KeyKind(StrEnum):
    """FOREIGN_LOCK and FOREIGN_FETCH: gems that keep jobs or locks in a way which no handover of ours understands; they stop it."""

    QUEUE = "queue"
    SORTED_SET = "sorted set of jobs"
    QUEUE_NAMES = "names of queues"
    STATISTICS = "statistics"
    PROCESS = "what a process says of itself"
    SCHEDULER = "sidekiq-scheduler"
    CRON = "sidekiq-cron"
    PERIODIC = "Enterprise periodic jobs"
    LOCK = "Enterprise unique lock"
    BATCH = "batch"
    LIMITER = "Enterprise limiter"
    ITERATION = "where an iterable job is"
    FOREIGN_LOCK = "sidekiq-unique-jobs"
    FOREIGN_FETCH = "GitLab's reliable fetch"
    HANDOVER = "this handover"
    OTHER = "not Sidekiq's"


_EXACT = {
    b"retry": KeyKind.SORTED_SET,
    b"schedule": KeyKind.SORTED_SET,
    b"dead": KeyKind.SORTED_SET,
    b"queues": KeyKind.QUEUE_NAMES,
    b"paused": KeyKind.QUEUE_NAMES,
    b"processes": KeyKind.PROCESS,
    b"super_processes": KeyKind.PROCESS,
    b"dear-leader": KeyKind.PROCESS,
    b"process_cleanup": KeyKind.PROCESS,
    b"schedules": KeyKind.SCHEDULER,
    b"schedules_changed": KeyKind.SCHEDULER,
    b"cron_jobs": KeyKind.CRON,
    b"periodic": KeyKind.PERIODIC,
    b"batches": KeyKind.BATCH,
    b"dead-batches": KeyKind.BATCH,
}
_PREFIXES = (
    (b"queue:", KeyKind.QUEUE),
    (b"stat:", KeyKind.STATISTICS),
    (b"unique:", KeyKind.LOCK),
    (b"b-", KeyKind.BATCH),
    (b"lmtr", KeyKind.LIMITER),
    (b"sidekiq-scheduler:", KeyKind.SCHEDULER),
    (b"cron_job", KeyKind.CRON),
    (b"loops:", KeyKind.PERIODIC),
    (b"cron:", KeyKind.PERIODIC),
    (b"j|", KeyKind.STATISTICS),
    (b"it-", KeyKind.ITERATION),
    (b"uniquejobs:", KeyKind.FOREIGN_LOCK),
    (b"unique_jobs:", KeyKind.FOREIGN_LOCK),
    (b"uniquejobs", KeyKind.FOREIGN_LOCK),
    (b"working:queue:", KeyKind.FOREIGN_FETCH),
    (b"reliable-fetcher-", KeyKind.FOREIGN_FETCH),
)
_BY_FIRST = {first: [pair for pair in _PREFIXES if pair[0][:1] == first] for first in {prefix[:1] for prefix, _ in _PREFIXES}}
IDENTITY = re.compile(rb"[^:\n]+:[0-9]+:[0-9a-f]{12}")
_OF_PROCESS = re.compile(rb"[^:\n]+:[0-9]+:[0-9a-f]{12}(:workers|:work|-signals|:super_queues)?")


def kind_of(key: bytes) -> KeyKind:
    """The kind of a key of a Redis that Sidekiq uses, alone or with others."""
    if (exact := _EXACT.get(key)) is not None:
        return exact
    for prefix, kind in _BY_FIRST.get(key[:1], ()):
        if key.startswith(prefix):
            return kind
    if key.startswith(HANDOVER_PREFIX):
        return KeyKind.HANDOVER
    if _OF_PROCESS.fullmatch(key):
        return KeyKind.PROCESS
    return KeyKind.OTHER


_LIKE_SIDEKIQS = re.compile(rb"(sidekiq|queues?|retry|schedule|jobs?|jid|batch|cron)([:|_-]|$)", re.IGNORECASE)


def is_like_sidekiqs(key: bytes) -> bool:
    """Whether a key of no known kind begins with a word of Sidekiq's: nobody may pass over it in silence. A key map knows better."""
    return not is_own_key(key) and _LIKE_SIDEKIQS.match(key) is not None
