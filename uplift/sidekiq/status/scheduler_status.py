"""Which schedulers of cron jobs a side has, and what they say of when they fire next. Facts only: which side may fire is the gate's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes_list, as_optional_bytes
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.shown_names import whole_name
from uplift.sidekiq.keys.survey import Survey
from uplift.sidekiq.keys.wrong_type import unless_wrong_type
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob, SchedulerGem, scheduler_key
from uplift.sidekiq.schedulers.switch import is_off

_ALLOWED_CLOCK_SECONDS = 60
_PUSHED = scheduler_key(b"pushed:")
_MARKS = re.compile(rb"sidekiq-scheduler:pushed:.+|cron_job:.+:enqueued", re.DOTALL)
_CRON_JOB = re.compile(rb"cron_job:(?!.*:(?:enqueued|jid_history)$).+", re.DOTALL)


class Scheduler(StrEnum):
    """What fires cron jobs."""

    SIDEKIQ_SCHEDULER = "sidekiq-scheduler"
    SIDEKIQ_CRON = "sidekiq-cron"
    SIDEKIQ_CRON_2 = "sidekiq-cron 2"
    PERIODIC = "Enterprise periodic jobs"


class Habit(StrEnum):
    """What sidekiq-scheduler writes as the time of an instance, as far as its marks tell."""

    NOMINAL = "marks on full minutes: 5.0.4 or later, or an older one that noticed each in time"
    NOTICED = "marks off full minutes: 2.1 to 5.0.3 noticed late, or jobs of `every`, `at` or `in`"
    UNKNOWN = "no marks"


@dataclass(frozen=True, slots=True)
class SchedulerStatus:
    """`jobs`: how many it knows, `off` of them are switched off. `next_times`: name and time as the gem writes it; sidekiq-cron and
    Enterprise store none. `last_mark`: seconds since 1970, the newest instance somebody fired; a gate's marks lie in the future.
    """

    gem: Scheduler
    jobs: int
    off: int = 0
    next_times: tuple[tuple[str, str], ...] = ()
    last_mark: float | None = None
    habit: Habit = Habit.UNKNOWN

    @property
    def is_on(self) -> bool:
        """Whether it has a job that may fire."""
        return self.jobs > self.off


def read_scheduler_status(connection: Connection, survey: Survey) -> tuple[SchedulerStatus, ...]:
    """Those whose keys are there. Raises what Connection.call raises."""
    found = [*_sidekiq_scheduler(connection, survey), *_sidekiq_cron(connection, survey)]
    if loops := survey.counts[KeyKind.PERIODIC]:
        found.append(SchedulerStatus(Scheduler.PERIODIC, loops))
    return tuple(found)


def _sidekiq_scheduler(connection: Connection, survey: Survey) -> list[SchedulerStatus]:
    keys = survey.of(KeyKind.SCHEDULER)
    if not keys:
        return []
    answers = connection.call_all(
        [pack("HKEYS", "schedules"), pack("HGETALL", scheduler_key(b"states")), pack("HGETALL", scheduler_key(b"next_times"))]
    )
    names, states, times = (as_bytes_list(unless_wrong_type(answer) or []) for answer in answers)
    off = {name for name, state in _pairs(states) if is_off(ScheduledJob(SchedulerGem.SCHEDULER, name), state)}
    scores = _last_scores(connection, [key for key in keys if key.startswith(_PUSHED)])
    habit = Habit.UNKNOWN if not scores else Habit.NOMINAL if all(score % 60 == 0 for score in scores) else Habit.NOTICED
    next_times = tuple(sorted((whole_name(name), whole_name(time)) for name, time in _pairs(times)))
    known = set(names) or {name for name, _ in _pairs(times)}
    return [SchedulerStatus(Scheduler.SIDEKIQ_SCHEDULER, len(known), len(off & known), next_times, max(scores, default=None), habit)]


def _sidekiq_cron(connection: Connection, survey: Survey) -> list[SchedulerStatus]:
    keys = survey.of(KeyKind.CRON)
    jobs = [key for key in keys if _CRON_JOB.fullmatch(key)]
    if not keys:
        return []
    switches = [as_optional_bytes(unless_wrong_type(one)) for one in _asked(connection, [pack("HGET", key, "status") for key in jobs])]
    # Under whichever version's name: the switch of both is the same.
    off = sum(is_off(ScheduledJob(SchedulerGem.CRON, key), switch) for key, switch in zip(jobs, switches, strict=True))
    has_namespaces = any(key.startswith(b"cron_jobs:") for key in keys)
    gem = Scheduler.SIDEKIQ_CRON_2 if has_namespaces else Scheduler.SIDEKIQ_CRON
    scores = _last_scores(connection, [key for key in keys if _MARKS.fullmatch(key)])
    return [SchedulerStatus(gem, len(jobs), off, last_mark=max(scores, default=None))]


def _last_scores(connection: Connection, keys: list[bytes]) -> list[float]:
    """The highest score of each sorted set that has one."""
    found = []
    for answer in _asked(connection, [pack("ZRANGE", key, -1, -1, "WITHSCORES") for key in keys]):
        page = as_bytes_list(unless_wrong_type(answer) or [])
        found += [float(page[1])] if page else []
    return found


def _asked(connection: Connection, requests: list[bytes]) -> list[Reply | ErrorReply]:
    return connection.call_all(requests) if requests else []


def _pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def gated_until(schedulers: tuple[SchedulerStatus, ...], now: float) -> float | None:
    """Until when marks keep a side from firing, in seconds since 1970; None where none lies ahead. `now`: that server's clock."""
    ahead = [one.last_mark for one in schedulers if one.last_mark is not None and one.last_mark > now + _ALLOWED_CLOCK_SECONDS]
    return max(ahead, default=None)


def leader_of(connection: Connection) -> bytes | None:
    """Enterprise's leader, which alone fires its periodic jobs. Raises what Connection.call raises."""
    answer = unless_wrong_type(connection.call_all([pack("GET", "dear-leader")])[0])
    return answer if isinstance(answer, bytes) else None
