"""Looks on both sides for the instances of a doubtful window: by marks, and by the firing times a scheduler wrote."""

from __future__ import annotations

from typing import assert_never

from uplift.sidekiq.gate.instances import Doubt, DoubtfulInstances, DoubtfulWindow, fired_on_both
from uplift.sidekiq.gate.record import GateRecord, Window
from uplift.sidekiq.gate.sides import GateSides, SidesSeen
from uplift.sidekiq.schedulers.reading import read_schedulers
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob
from uplift.sidekiq.schedulers.side_schedulers import SideSchedulers
from uplift.sidekiq.schedulers.switch import is_off


def doubtful_instances(record: GateRecord, doubtful: DoubtfulWindow, sides: GateSides) -> list[DoubtfulInstances]:
    """By job: missing are those that were marked on the giving side while the taking side was off; twice those both have a mark of."""
    giving_side, taking_side = sides.giving(record.direction), sides.taking(record.direction)
    giving, taking = read_schedulers(giving_side.connection, sides.where), read_schedulers(taking_side.connection, sides.where)
    window, found = doubtful.window, []
    for job in sorted(giving.jobs | taking.jobs, key=lambda job: job.text):
        match doubtful.doubt:
            case Doubt.MISSING:
                if not is_off(job, taking.switches.get(job)):
                    continue
                first = Window(window.first, min(window.first + 1, window.end))
                if giving_side.pieces_unlike([job], first, full=False):
                    found.append(DoubtfulInstances(Doubt.MISSING, job, window, _known_times(job, window, giving, taking)))
            case Doubt.TWICE:
                seconds = fired_on_both(giving_side.fired(job, window), taking_side.fired(job, window))
                if seconds:
                    found.append(DoubtfulInstances(Doubt.TWICE, job, window, seconds))
            case _:
                assert_never(doubtful.doubt)
    return found


def unfired_instances(record: GateRecord, instant: int, seen: SidesSeen) -> list[DoubtfulInstances]:
    """Of jobs whose giving side's schedulers were gone before the gate turned: nobody fired from then on until it turns."""
    window = Window(record.giving_lived if record.giving_lived is not None else record.began, instant)
    jobs = sorted(seen.giving.jobs or seen.taking.jobs, key=lambda job: job.text)
    wanted = [job for job in jobs if not is_off(job, seen.giving.switches.get(job))]
    return [DoubtfulInstances(Doubt.MISSING, job, window, _known_times(job, window, seen.giving, seen.taking)) for job in wanted]


def _known_times(job: ScheduledJob, window: Window, *sides: SideSchedulers) -> tuple[int, ...]:
    """A scheduler writes its next and its last time also of a firing that came to nothing (sidekiq-scheduler utils.rb, on_post_trigger)."""
    times = {side.next_times.get(job) for side in sides} | {side.last_times.get(job) for side in sides}
    return tuple(sorted(time for time in times if time is not None and window.holds(time)))
