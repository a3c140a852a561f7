"""What fires cron on one side, as it was read at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from uplift.sidekiq.keys.processes import Process
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob
from uplift.sidekiq.schedulers.switch import Switch

_OVERDUE_SECONDS = 90
"""A scheduler that lives writes the next time of a job right after each firing, also of one that is off (sidekiq-scheduler utils.rb)."""


class ByHand(Enum):
    """What a gate cannot turn, with what the operator must do; the value is for people."""

    PERIODIC = (
        "Sidekiq Enterprise's periodic jobs (key periodic): it has no switch and no lock that can be set from outside. "
        "Deploy the new side without `config.periodic`, and move that block in the deploy that stops the old side's leader"
    )
    STRANGE_KEY = (
        "a key of a scheduler holds another kind of value than its gem writes: look at it with TYPE, and turn that scheduler by hand: "
        "stop it on the old side before it starts on the new one"
    )
    STRANGE_NAME = (
        "the list of sidekiq-cron names a key that is none of its own: turn that job by hand: "
        "disable it on the new side until the old one is gone"
    )


@dataclass(frozen=True, slots=True)
class SideSchedulers:
    """`jobs` are those this side's schedulers fire; `switches` have these and all that were asked for. Times in seconds since 1970.

    `processes` are those that live. A process that was told to be quiet stops its scheduler (sidekiq-scheduler 3.0.1
    lib/sidekiq-scheduler.rb; sidekiq-cron launcher.rb), with sidekiq-scheduler 2.1 only at its end.
    """

    jobs: frozenset[ScheduledJob] = frozenset()
    switches: Mapping[ScheduledJob, Switch] = field(default_factory=dict)
    next_times: Mapping[ScheduledJob, int] = field(default_factory=dict)
    last_times: Mapping[ScheduledJob, int] = field(default_factory=dict)
    processes: tuple[Process, ...] = ()
    by_hand: frozenset[ByHand] = frozenset()

    def no_scheduler(self, now: float) -> str | None:
        """Why no scheduler lives on this side, for people; None where one does: a process that is not quiet, and its jobs' names.

        A process does not say whether it has a scheduler. Where all next times that sidekiq-scheduler wrote are past, none has.
        """
        if not self.processes:
            return "no Sidekiq process lives there"
        if all(process.is_quiet for process in self.processes):
            return "every Sidekiq process there is quiet, and fires no cron"
        if not self.jobs:
            return "Sidekiq runs there, and no scheduler has written a job's name yet"
        times = [self.next_times.get(job) for job in self.jobs]
        if all(time is not None and time < now - _OVERDUE_SECONDS for time in times):
            return f"Sidekiq runs there, and every next firing its scheduler wrote is more than {_OVERDUE_SECONDS} s past"
        return None
