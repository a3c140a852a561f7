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
    METRICS = "how long jobs took"
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


EXACT_NAMES = {
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
    b"profiles": KeyKind.METRICS,
    # sidekiq-unique-jobs 5 and 6 keep all their digests below Enterprise's prefix (its own spec of upgrading v6 locks).
    b"unique:keys": KeyKind.FOREIGN_LOCK,
    # Jobs that GitLab's reliable fetch gave up (interrupted_set.rb).
    b"interrupted": KeyKind.FOREIGN_FETCH,
}
BEGINNINGS = (
    (b"queue:", KeyKind.QUEUE),
    (b"stat:", KeyKind.STATISTICS),
    (b"unique:", KeyKind.LOCK),
    (b"b-", KeyKind.BATCH),
    (b"lmtr", KeyKind.LIMITER),
    (b"sidekiq-scheduler:", KeyKind.SCHEDULER),
    (b"cron_job:", KeyKind.CRON),
    (b"cron_jobs:", KeyKind.CRON),
    (b"loops:", KeyKind.PERIODIC),
    (b"cron:", KeyKind.PERIODIC),
    (b"j|", KeyKind.METRICS),
    (b"deploylock-", KeyKind.METRICS),
    (b"it-", KeyKind.ITERATION),
    (b"uniquejobs", KeyKind.FOREIGN_LOCK),
    (b"unique_jobs:", KeyKind.FOREIGN_LOCK),
    (b"working:queue:", KeyKind.FOREIGN_FETCH),
    (b"reliable-fetcher-", KeyKind.FOREIGN_FETCH),
    (HANDOVER_PREFIX, KeyKind.HANDOVER),
)
# The third one: sidekiq 7.0 names a histogram CLASS-DAY-HOUR:MINUTE, without a prefix (lib/sidekiq/metrics/shared.rb).
FORMS = (
    (re.compile(rb"[^:\n]+:[0-9]+:[0-9a-f]{12}(:workers|:work|-signals|:super_queues)?"), KeyKind.PROCESS),
    (re.compile(rb"[0-9]{8}-marks"), KeyKind.METRICS),
    (re.compile(rb"[A-Z][A-Za-z0-9_:]*-[0-9]{1,2}-[0-9]{1,2}:[0-9]{1,2}"), KeyKind.METRICS),
)

_BY_FIRST = {first: [pair for pair in BEGINNINGS if pair[0][:1] == first] for first in {prefix[:1] for prefix, _ in BEGINNINGS}}


def kind_of(key: bytes) -> KeyKind:
    """The kind of a key of a Redis that Sidekiq uses, alone or with others."""
    if (exact := EXACT_NAMES.get(key)) is not None:
        return exact
    for prefix, kind in _BY_FIRST.get(key[:1], ()):
        if key.startswith(prefix):
            return kind
    for form, kind in FORMS:
        if form.fullmatch(key):
            return kind
    return KeyKind.OTHER


_LIKE_SIDEKIQS = re.compile(rb"(sidekiq|queues?|retry|schedule|jobs?|jid|batch|cron)([:|_-]|$)", re.IGNORECASE)
# As redis-namespace writes them; a handover would find nothing of it.
_IN_A_NAMESPACE = re.compile(rb"[^\n]+:(queues|processes|dear-leader)")


def is_like_sidekiqs(key: bytes) -> bool:
    """Whether a key of no known kind looks like one of Sidekiq's: nobody may pass over it in silence. A key map knows better."""
    return not is_own_key(key) and (_LIKE_SIDEKIQS.match(key) is not None or _IN_A_NAMESPACE.fullmatch(key) is not None)
