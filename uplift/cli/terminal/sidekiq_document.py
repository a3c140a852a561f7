"""A side's status for machines: names of queues and classes, counts and times; no payload, no name of an unknown key."""

from __future__ import annotations

import dataclasses

from uplift.sidekiq.keys.processes import Process
from uplift.sidekiq.keys.shown_names import whole_name
from uplift.sidekiq.status.pitfall import Pitfall
from uplift.sidekiq.status.scheduler_status import SchedulerStatus
from uplift.sidekiq.status.side_status import PrivateQueueStatus, SideStatus
from uplift.sidekiq.status.sorted_sets import SortedSet

SCHEMA = "uplift.sidekiq.status/1"


def status_document(source: SideStatus, target: SideStatus | None, pitfalls: tuple[Pitfall, ...]) -> dict[str, object]:
    """The whole document. Times are seconds since 1970, durations seconds; what is not known is null."""
    return {
        "schema": SCHEMA,
        "from": side_document(source),
        "to": None if target is None else side_document(target),
        "pitfalls": [{"kind": one.kind.name.lower(), "side": one.side, "text": one.text, "advice": one.advice} for one in pitfalls],
    }


def side_document(side: SideStatus) -> dict[str, object]:
    """One side."""
    return {
        "address": side.address,
        "database": side.database,
        "at": side.at,
        "engine": {
            "name": "valkey" if side.server.is_valkey else "redis",
            "version": side.server.version,
            "role": side.server.role,
            "maxmemory_policy": side.server.max_memory_policy or None,
            "evicted_keys": side.server.evicted_keys,
        },
        "processes": [_process(one) for one in side.processes],
        "queues": [
            {"name": whole_name(one.name), "jobs": one.jobs, "is_paused": one.is_paused, "oldest_seconds": one.oldest_seconds}
            for one in side.queues
        ],
        "sorted_sets": {whole_name(one.name): _sorted_set(one) for one in side.sorted_sets},
        "private_queues": [_private_queue(one) for one in side.private_queues],
        "open_batches": side.open_batches,
        "schedulers": [_scheduler(one) for one in side.schedulers],
        "leader": None if side.leader is None else whole_name(side.leader),
        "statistics": dataclasses.asdict(side.statistics),
        "keys": {kind.name.lower(): count for kind, count in sorted(side.counts.items())},
        "unknown": dict(side.unknown),
        "cut_off": sorted(kind.name.lower() for kind in side.cut_off),
    }


def _process(process: Process) -> dict[str, object]:
    return {
        "identity": whole_name(process.identity),
        "is_alive": process.is_alive,
        "is_quiet": process.is_quiet,
        "version": process.version,
        "beat": process.beat,
        "busy": process.busy,
        "concurrency": process.concurrency,
        "queues": sorted(whole_name(queue) for queue in process.queues),
    }


def _private_queue(one: PrivateQueueStatus) -> dict[str, object]:
    return {
        "queue": whole_name(one.private.queue) or None,
        "owner": None if one.private.owner is None else whole_name(one.private.owner),
        "owner_lives": one.owner_lives,
        "jobs": one.jobs,
    }


def _scheduler(one: SchedulerStatus) -> dict[str, object]:
    return {
        "gem": one.gem.value,
        "jobs": one.jobs,
        "off": one.off,
        "next_times": dict(one.next_times),
        "last_mark": one.last_mark,
        "habit": one.habit.value,
    }


def _sorted_set(jobs: SortedSet) -> dict[str, object]:
    return {
        "jobs": jobs.jobs,
        "first": jobs.first,
        "last": jobs.last,
        "looked_at": jobs.looked_at,
        "classes": [dataclasses.asdict(one) for one in jobs.by_class],
        "queues": {whole_name(name): count for name, count in jobs.by_queue},
    }
