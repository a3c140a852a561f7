"""Switches of both sides: which are not as they are wanted, and what they were before the gate touched them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob, job_of
from uplift.sidekiq.schedulers.side_schedulers import SideSchedulers
from uplift.sidekiq.schedulers.switch import Switch, is_as, is_off

_ABSENT, _THERE = b"-", b"="
_ON_SOURCE, _ON_TARGET = b"from:", b"to:"
Switches = Mapping[ScheduledJob, Switch]


@dataclass(slots=True)
class SwitchesBefore:
    """As they were on the source and on the target when the gate first saw them."""

    source: dict[ScheduledJob, Switch] = field(default_factory=dict)
    target: dict[ScheduledJob, Switch] = field(default_factory=dict)

    def learn(self, fields: Mapping[bytes, bytes]) -> None:
        """Take in what a server's gate key says; what is known already stays."""
        for name, value in fields.items():
            for head, known in ((_ON_SOURCE, self.source), (_ON_TARGET, self.target)):
                job = job_of(name.removeprefix(head)) if name.startswith(head) else None
                if job is not None:
                    known.setdefault(job, None if value == _ABSENT else value.removeprefix(_THERE))

    def fields(self) -> dict[bytes, bytes]:
        """As a server's gate key has them."""
        found = {}
        for head, known in ((_ON_SOURCE, self.source), (_ON_TARGET, self.target)):
            found.update({head + job.text: _ABSENT if switch is None else _THERE + switch for job, switch in known.items()})
        return found


def jobs_of(*sides: SideSchedulers) -> frozenset[ScheduledJob]:
    """All jobs of the sides, and what they are called by the other version of sidekiq-cron, which a side may yet start."""
    jobs = frozenset().union(*(side.jobs for side in sides))
    return jobs | {job.counterpart for job in jobs if job.counterpart is not None}


def switched_on(jobs: frozenset[ScheduledJob], side: SideSchedulers) -> dict[ScheduledJob, Switch]:
    """What must be written so that none of the jobs is fired on a side."""
    return {job: job.off for job in jobs if not is_off(job, side.switches.get(job))}


def unlike(wanted: Switches, side: SideSchedulers) -> dict[ScheduledJob, Switch]:
    """Those of the wanted switches that a side does not have so."""
    return {job: switch for job, switch in wanted.items() if not is_as(job, side.switches.get(job), switch)}


def as_the_giving_side(
    jobs: frozenset[ScheduledJob], giving: SideSchedulers, taking: SideSchedulers, before: Switches
) -> dict[ScheduledJob, Switch]:
    """The taking side's switches: those of the giving side; of a job that only one of them has, what was there before, unless it is off."""
    return {job: _as_given(job, giving, taking, before) for job in jobs}


def _as_given(job: ScheduledJob, giving: SideSchedulers, taking: SideSchedulers, before: Switches) -> Switch:
    given = giving.switches.get(job)
    if job in giving.jobs and (job in taking.jobs or is_off(job, given)):
        return given
    other = job.counterpart
    if job in taking.jobs and other is not None and other in giving.jobs:
        return giving.switches.get(other)
    return before.get(job)
