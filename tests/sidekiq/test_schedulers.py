"""What the keys of sidekiq-scheduler and sidekiq-cron mean, read from any bytes and from real servers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.keyspace.server.connection import connected
from uplift.sidekiq.schedulers.firing_time import firing_time
from uplift.sidekiq.schedulers.reading import WhereToLook, cron_namespaces, read_schedulers
from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob, SchedulerGem, cron_job_of, job_of
from uplift.sidekiq.schedulers.side_schedulers import ByHand
from uplift.sidekiq.schedulers.switch import SwitchState, switch_state

SCHEDULER, CRON = ScheduledJob(SchedulerGem.SCHEDULER, b"a"), ScheduledJob(SchedulerGem.CRON, b"a")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"2026-12-01 03:05:00 UTC", 1_796_094_300),
        (b"2026-12-01 03:05:00 +0000", 1_796_094_300),
        (b"2026-11-30 22:05:00 -05:00 America/New_York", 1_796_094_300),
        (b"2026-12-01T03:05:00.250Z", 1_796_094_300),
        (b"2026-13-01 03:05:00 UTC", None),
        (b"soon", None),
        (None, None),
    ],
)
def test_firing_times(text: bytes | None, seconds: int | None) -> None:
    assert firing_time(text) == seconds


@pytest.mark.parametrize(
    ("job", "switch", "state"),
    [
        (SCHEDULER, None, SwitchState.ON),
        (SCHEDULER, b'{"enabled":true}', SwitchState.ON),
        (SCHEDULER, b'{"enabled":0}', SwitchState.ON),
        (SCHEDULER, b'{"enabled":false}', SwitchState.OFF),
        (SCHEDULER, b'{"enabled":null}', SwitchState.OFF),
        (SCHEDULER, b"[]", SwitchState.UNREADABLE),
        (SCHEDULER, b"\xff", SwitchState.UNREADABLE),
        (CRON, None, SwitchState.ON),
        (CRON, b"enabled", SwitchState.ON),
        (CRON, b"disabled", SwitchState.OFF),
        (CRON, b"", SwitchState.OFF),
    ],
)
def test_switches(job: ScheduledJob, switch: bytes | None, state: SwitchState) -> None:
    assert switch_state(job, switch) is state


@given(st.binary(), st.binary(), st.sampled_from(SchedulerGem))
def test_any_bytes_are_survived(name: bytes, other: bytes, gem: SchedulerGem) -> None:
    job = ScheduledJob(gem, name, other if gem is not SchedulerGem.CRON else b"")
    assert job_of(job.text) == job
    assert isinstance(job.title, str)
    job_of(other)
    firing_time(other)
    switch_state(job, other)
    cron_job_of(name, other)


@pytest.mark.parametrize("version", ["3.2.6", "5.0.6"])
def test_read_from_a_server(start_redis: StartRedis, version: str) -> None:
    server = start_redis(version)
    client: Any = server.client
    client.hset("p:schedules", "a", "{}")
    client.hset("p:sidekiq-scheduler:states", "a", "off?")
    client.hset("p:sidekiq-scheduler:next_times", "a", "2026-12-01 03:05:00 UTC")
    client.sadd("cron_jobs", "cron_job:b:c")
    client.sadd("cron_jobs:ns", "cron_job:ns:d")
    client.hset("cron_job:ns:d", "status", "disabled")
    client.sadd("processes", "killed:1:abc", "quiet:2:abc", "live:3:abc")
    for name, quiet in (("quiet:2:abc", "true"), ("live:3:abc", "false")):
        client.execute_command("HMSET", name, "info", "{}", "beat", "1.5", "quiet", quiet)
    client.set("sidekiq-scheduler:last_times", "of another kind, and without the prefix")
    with connected(endpoint(server)) as connection:
        namespaces = cron_namespaces(connection)
        assert namespaces == (b"default", b"ns")
        found = read_schedulers(connection, WhereToLook(b"p", namespaces), [SCHEDULER])
        client.set("p:sidekiq-scheduler:last_times", "of another kind")
        strange = read_schedulers(connection, WhereToLook(b"p"))
    a, bc = ScheduledJob(SchedulerGem.SCHEDULER, b"a", b"p"), ScheduledJob(SchedulerGem.CRON, b"b:c")
    d = ScheduledJob(SchedulerGem.CRON_IN_NAMESPACE, b"d", b"ns")
    assert found.jobs == {a, bc, d}
    assert (found.switches[a], found.switches[bc], found.switches[d]) == (b"off?", None, b"disabled")
    assert found.next_times == {a: 1_796_094_300}
    assert [(process.identity, process.is_quiet) for process in sorted(found.processes, key=lambda one: one.identity)] == [
        (b"live:3:abc", False),
        (b"quiet:2:abc", True),
    ]
    assert found.by_hand == frozenset()
    assert strange.by_hand == {ByHand.STRANGE_KEY}
    assert found.no_scheduler(1_796_094_000) is None
