"""Reads what fires cron on a side, in two round trips; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.names_there import names_there
from uplift.keyspace.server.replies import ErrorReply, Reply, as_bytes_list, as_hash, as_optional_bytes
from uplift.sidekiq.keys.processes import Process, process_of
from uplift.sidekiq.schedulers.firing_time import firing_time
from uplift.sidekiq.schedulers.scheduled_job import DEFAULT_NAMESPACE, ScheduledJob, SchedulerGem, cron_job_of, scheduler_key
from uplift.sidekiq.schedulers.side_schedulers import ByHand, SideSchedulers
from uplift.sidekiq.schedulers.switch import Switch

_PROCESS_FIELDS = (b"info", b"busy", b"beat", b"quiet")


@dataclass(frozen=True, slots=True)
class WhereToLook:
    """`prefix` is sidekiq-scheduler's `key_prefix`, without the colon at its end; `namespaces` are those of sidekiq-cron 2."""

    prefix: bytes = b""
    namespaces: tuple[bytes, ...] = (DEFAULT_NAMESPACE,)


def cron_namespaces(connection: Connection) -> tuple[bytes, ...]:
    """The namespaces of sidekiq-cron 2 on a server, `default` among them. It walks every key of the database once, in pages.

    The gem itself finds them by KEYS cron_jobs:* (sidekiq-cron 2.0 namespace.rb).
    """
    found = {key.removeprefix(b"cron_jobs:") for key in names_there(connection.ask, b"cron_jobs:")}
    return tuple(sorted(found | {DEFAULT_NAMESPACE}))


def read_schedulers(connection: Connection, where: WhereToLook, also: Iterable[ScheduledJob] = ()) -> SideSchedulers:
    """What is there now, with the switches of jobs of `also`, which are the other side's. Raises SourceUnreachable, ErrorReply."""
    state_key = scheduler_key(b"states", where.prefix)
    spaces = [None, *where.namespaces]
    lists = [
        pack("HKEYS", where.prefix + b":schedules" if where.prefix else b"schedules"),
        pack("HGETALL", state_key),
        pack("HGETALL", scheduler_key(b"next_times", where.prefix)),
        pack("HGETALL", scheduler_key(b"last_times", where.prefix)),
        pack("EXISTS", "periodic"),
        pack("SMEMBERS", "processes"),
        *[pack("SMEMBERS", b"cron_jobs" if space is None else b"cron_jobs:" + space) for space in spaces],
    ]
    replies = connection.ask_all(lists)
    strange = {ByHand.STRANGE_KEY} if any(isinstance(reply, ErrorReply) and reply.word == "WRONGTYPE" for reply in replies) else set()
    schedules, states, next_times, last_times, periodic, identities, *crons = (_or_nothing(reply) for reply in replies)
    jobs = {ScheduledJob(SchedulerGem.SCHEDULER, name, where.prefix) for name in as_bytes_list(schedules)}
    by_hand: set[ByHand] = {*strange, *([ByHand.PERIODIC] if periodic == 1 else [])}
    for space, members in zip(spaces, crons, strict=True):
        for member in as_bytes_list(members):
            job = cron_job_of(member, space)
            if job is None:
                by_hand.add(ByHand.STRANGE_NAME)
            else:
                jobs.add(job)
    asked = sorted(jobs | set(also), key=lambda job: job.text)
    switches, processes = _switches_and_processes(connection, asked, as_hash(states), as_bytes_list(identities))
    return SideSchedulers(
        frozenset(jobs),
        switches,
        _times(as_hash(next_times), where.prefix),
        _times(as_hash(last_times), where.prefix),
        processes,
        frozenset(by_hand),
    )


def _switches_and_processes(
    connection: Connection, jobs: list[ScheduledJob], states: dict[bytes, bytes], identities: list[bytes]
) -> tuple[dict[ScheduledJob, Switch], tuple[Process, ...]]:
    crons = [job for job in jobs if job.gem is not SchedulerGem.SCHEDULER]
    requests = [pack("HGET", job.switch_key, job.switch_field) for job in crons]
    requests += [pack("HMGET", identity, *_PROCESS_FIELDS) for identity in identities]
    replies = connection.ask_all(requests) if requests else []
    found: dict[ScheduledJob, Switch] = {job: states.get(job.name) for job in jobs if job.gem is SchedulerGem.SCHEDULER}
    for job, reply in zip(crons, replies, strict=False):
        found[job] = None if isinstance(reply, ErrorReply) else as_optional_bytes(reply)
    processes = (process_of(identity, reply) for identity, reply in zip(identities, replies[len(crons) :], strict=True))
    return found, tuple(process for process in processes if process.is_alive)


def _times(pairs: dict[bytes, bytes], prefix: bytes) -> dict[ScheduledJob, int]:
    times = {ScheduledJob(SchedulerGem.SCHEDULER, name, prefix): firing_time(text) for name, text in pairs.items()}
    return {job: time for job, time in times.items() if time is not None}


def _or_nothing(reply: Reply | ErrorReply) -> Reply:
    """A key of another type reads as an empty one; what else goes wrong is raised."""
    if not isinstance(reply, ErrorReply):
        return reply
    if reply.word == "WRONGTYPE":
        return []
    raise reply
