"""Which pitfalls apply to a move from one side to the other. Pure: from what was read of both."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.processes import listed_queues
from uplift.sidekiq.keys.shown_names import counted, shown_name, shown_names
from uplift.sidekiq.status.pitfall import Pitfall, PitfallKind
from uplift.sidekiq.status.pitfalls_of_a_side import pitfalls_of_a_side
from uplift.sidekiq.status.scheduler_status import Scheduler, gated_until
from uplift.sidekiq.status.side_status import SideStatus
from uplift.sidekiq.status.spoken_time import spoken

FROM, TO, BOTH = "from", "to", "both"
_FAR_SECONDS = 2 * 3600.0
_LONGEST_RETRY = "up to 20.5 days with 25 retries"


def pitfalls_of(source: SideStatus, target: SideStatus | None) -> tuple[Pitfall, ...]:
    """Every one that applies, those of the old side first. `target` None: only one side was asked for."""
    found = [*_of_the_old_side(source), *pitfalls_of_a_side(source, FROM)]
    if target is not None:
        found += [*pitfalls_of_a_side(target, TO), *_of_the_new_side(target), *_between(source, target)]
    return tuple(found)


def _of_the_old_side(side: SideStatus) -> Iterator[Pitfall]:
    yield from _far_due(side)
    yield from _batches(side)
    if locks := side.counts[KeyKind.LOCK]:
        yield Pitfall(
            PitfallKind.LOCKS,
            FROM,
            f"{counted(locks, 'unique lock', 'unique locks')}: one holds on its own server alone, so while both sides enqueue, "
            "a job may be there twice",
            "let only one side enqueue where that matters; a lock left without its job blocks that job until it expires",
        )
    if side.counts[KeyKind.LIMITER]:
        yield Pitfall(
            PitfallKind.LIMITERS,
            FROM,
            "limiters: each side counts for itself, so that both together may do twice what a limit allows",
            "halve the limits while both sides work",
        )
    if states := side.counts[KeyKind.ITERATION]:
        yield Pitfall(
            PitfallKind.ITERATION,
            FROM,
            f"{counted(states, 'iterable job has', 'iterable jobs have')} a place to go on from (it-JID): without that key "
            "on the new side a job begins anew",
            "wait until they are done, or make sure that they may begin anew",
        )


def _far_due(side: SideStatus) -> Iterator[Pitfall]:
    for jobs in side.sorted_sets[:2]:
        if jobs.last is not None and jobs.last - side.at > _FAR_SECONDS:
            name = shown_name(jobs.name)
            yield Pitfall(
                PitfallKind.FAR_DUE,
                FROM,
                f"{name} holds {counted(jobs.jobs or 0, 'job', 'jobs')}, the last one is due in {spoken(jobs.last - side.at)}; a job "
                f"that fails again is due later still ({_LONGEST_RETRY}): old workers would have to stay for that long",
                f"let the handover take {name}, or keep a worker on the old side until then",
            )


def _batches(side: SideStatus) -> Iterator[Pitfall]:
    if not side.open_batches:
        return
    batches = counted(side.open_batches, "open batch", "open batches")
    if side.live:
        yield Pitfall(
            PitfallKind.BATCHES,
            FROM,
            f"{batches}: the jobs of a batch stay on the old side and run there, because it must be whole on one side",
            f"keep a live process (now {len(side.live):,}) until no batch is open",
        )
    else:
        yield Pitfall(
            PitfallKind.BATCHES,
            FROM,
            f"{batches} and no live process: the jobs of a batch run nowhere now, and no callback will come",
            "start an old worker until they are done, or let the handover move the batches whole",
        )


def _of_the_new_side(side: SideStatus) -> Iterator[Pitfall]:
    if not listed_queues(side.processes):
        yield Pitfall(
            PitfallKind.NO_PROCESS,
            TO,
            "no live process that fetches: jobs that are moved there wait",
            "start workers on the new side first; only queues that one of them lists are taken",
        )
    if any(one.gem is Scheduler.PERIODIC for one in side.schedulers):
        yield _periodic(TO)


def _periodic(side: str) -> Pitfall:
    return Pitfall(
        PitfallKind.PERIODIC,
        side,
        "Enterprise periodic jobs: each side's leader fires all of them, and nothing in Redis can hold them back",
        "take the periodic block out of the configuration of one side, by hand, before both sides have live processes",
    )


def _between(source: SideStatus, target: SideStatus) -> Iterator[Pitfall]:
    if (source.server.run_id, source.database) == (target.server.run_id, target.database):
        yield Pitfall(
            PitfallKind.SAME_SERVER, BOTH, f"--from and --to ({source.address}, {target.address}) are one server", "name the other one"
        )
    yield from _not_listed(source, target)
    yield from _two_schedulers(source, target)


def _not_listed(source: SideStatus, target: SideStatus) -> Iterator[Pitfall]:
    listed = listed_queues(target.processes)
    if not listed:
        return
    waiting = {queue.name for queue in source.queues if queue.jobs}
    later = {name for jobs in source.sorted_sets for name, _ in jobs.by_queue if name}
    for names, where in ((waiting - listed, "wait in"), (later - waiting - listed, "in retry, schedule or dead are of")):
        if names:
            yield Pitfall(
                PitfallKind.NOT_LISTED,
                BOTH,
                f"jobs {where} {shown_names(names)}, which no live process of the new side works on",
                "add the queue to a new worker; until then the handover leaves its jobs on the old side",
            )


def _two_schedulers(source: SideStatus, target: SideStatus) -> Iterator[Pitfall]:
    here = [one for one in source.schedulers if one.is_on and one.gem is not Scheduler.PERIODIC]
    there = {one.gem for one in target.schedulers if one.is_on}
    both = sorted(one.gem.value for one in here if one.gem in there)
    gated = gated_until(source.schedulers, source.at) or gated_until(target.schedulers, target.at)
    if both and source.live and target.live and gated is None:
        yield Pitfall(
            PitfallKind.TWO_SCHEDULERS,
            BOTH,
            f"{' and '.join(both)} may fire on both sides, and no gate is set: every cron job would run twice",
            "run `uplift sidekiq gate`, or switch the scheduler off in the workers of one side",
        )
    if any(one.gem is Scheduler.PERIODIC for one in source.schedulers):
        yield _periodic(BOTH)
