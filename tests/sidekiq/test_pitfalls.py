"""Which pitfalls apply, one by one, to sides that a test makes up; and their words hold no argument and no unknown key's name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from uplift.keyspace.server.facts import ServerFacts
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.private_queues import PrivateQueue
from uplift.sidekiq.keys.processes import Process
from uplift.sidekiq.keys.shown_names import shown_name, shown_names
from uplift.sidekiq.status.pitfall import PitfallKind
from uplift.sidekiq.status.pitfalls import pitfalls_of
from uplift.sidekiq.status.scheduler_status import Scheduler, SchedulerStatus
from uplift.sidekiq.status.side_status import PrivateQueueStatus, QueueStatus, SideStatus
from uplift.sidekiq.status.sorted_sets import SortedSet
from uplift.sidekiq.status.spoken_time import spoken
from uplift.sidekiq.status.statistics import Statistics

NOW = 1_800_000_000.0
WORKER = Process(b"host:1:0123456789ab", is_alive=True, queues=frozenset({b"default"}), beat=NOW - 2)
OWN = PrivateQueue(b"queue:sq|host:9:0123456789ab|default", b"default", b"host:9:0123456789ab")


def server(version: str = "5.0.6", **changed: Any) -> ServerFacts:
    facts = ServerFacts(
        version, tuple(map(int, version.split("."))), False, False, version, "master", 1, 0, "noeviction", 0, 0, 0, (), None, True, None
    )
    return replace(facts, **changed)


def side(version: str = "5.0.6", **changed: Any) -> SideStatus:
    status = SideStatus(
        f"redis-{version}:6379",
        0,
        NOW,
        server(version),
        (WORKER,),
        (QueueStatus(b"default", 3, False, 1.0),),
        (SortedSet(b"retry", 0), SortedSet(b"schedule", 0), SortedSet(b"dead", 0)),
        (),
        0,
        (),
        None,
        Statistics(0, 0, 0, None),
        Counter(),
        (),
        frozenset(),
    )
    return replace(status, **changed)


def kinds(source: SideStatus, target: SideStatus | None = None) -> set[tuple[PitfallKind, str]]:
    found = pitfalls_of(source, target)
    assert all(one.text and one.advice for one in found)
    return {(one.kind, one.side) for one in found}


CRON = SchedulerStatus(Scheduler.SIDEKIQ_SCHEDULER, 3, 1)
PERIODIC = SchedulerStatus(Scheduler.PERIODIC, 1)


def test_none_applies_to_two_sound_sides() -> None:
    assert kinds(side("4.0.10"), side()) == set()


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"processes": (WORKER, Process(b"a:1:0123456789ab", is_alive=False))}, PitfallKind.KILLED),
        ({"processes": (WORKER, replace(WORKER, is_quiet=True))}, PitfallKind.QUIET),
        ({"processes": (replace(WORKER, beat=NOW - 45),)}, PitfallKind.LATE_BEAT),
        ({"processes": (replace(WORKER, version="7.2.4"),)}, PitfallKind.ENGINE_VERSION),
        ({"queues": (QueueStatus(b"default", 1, True, None),)}, PitfallKind.PAUSED),
        ({"queues": (QueueStatus(b"default", None, False, None),)}, PitfallKind.WRONG_TYPE),
        ({"private_queues": (PrivateQueueStatus(OWN, 2, False),)}, PitfallKind.DEAD_OWNER),
        ({"private_queues": (PrivateQueueStatus(replace(OWN, owner=None, queue=b""), 2, None),)}, PitfallKind.NO_OWNER),
        ({"counts": Counter({KeyKind.FOREIGN_LOCK: 2})}, PitfallKind.FOREIGN_LOCKS),
        ({"counts": Counter({KeyKind.FOREIGN_FETCH: 2})}, PitfallKind.FOREIGN_FETCH),
        ({"counts": Counter({KeyKind.HANDOVER: 2})}, PitfallKind.UNDER_WAY),
        ({"unknown": (("jobs:<text>", 2),)}, PitfallKind.UNKNOWN_KEYS),
        ({"cut_off": frozenset({KeyKind.LOCK})}, PitfallKind.CUT_OFF),
        ({"server": server(max_memory_policy="volatile-lru", evicted_keys=3)}, PitfallKind.EVICTION),
        ({"server": server(max_memory_policy="allkeys-lru")}, PitfallKind.EVICTION),
        ({"server": server(role="slave")}, PitfallKind.REPLICA),
    ],
)
def test_what_applies_to_either_side(changed: dict[str, Any], kind: PitfallKind) -> None:
    assert kinds(side(**changed)) == {(kind, "from")}
    assert (kind, "to") in kinds(side("4.0.10"), side(**changed))


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"sorted_sets": (SortedSet(b"retry", 5, NOW, NOW + 1_771_200), SortedSet(b"schedule", 0))}, PitfallKind.FAR_DUE),
        ({"sorted_sets": (SortedSet(b"retry", 0), SortedSet(b"schedule", 5, NOW, NOW + 9_000))}, PitfallKind.FAR_DUE),
        ({"open_batches": 2}, PitfallKind.BATCHES),
        ({"open_batches": 2, "processes": ()}, PitfallKind.BATCHES),
        ({"counts": Counter({KeyKind.LOCK: 2})}, PitfallKind.LOCKS),
        ({"counts": Counter({KeyKind.LIMITER: 2})}, PitfallKind.LIMITERS),
        ({"counts": Counter({KeyKind.ITERATION: 2})}, PitfallKind.ITERATION),
        ({"server": server("3.2.6")}, PitfallKind.ENGINE_VERSION),
        ({"queues": (), "processes": ()}, PitfallKind.NOTHING_HERE),
    ],
)
def test_what_applies_to_the_old_side(changed: dict[str, Any], kind: PitfallKind) -> None:
    assert (kind, "from") in kinds(side(**changed))


def test_the_words_say_how_long_a_drain_takes_and_what_to_do() -> None:
    sets = (SortedSet(b"retry", 5, NOW, NOW + 1_771_200), SortedSet(b"schedule", 3, NOW, NOW + 60))
    (found,) = pitfalls_of(side(sorted_sets=sets), None)
    assert found.text.startswith("retry holds 5 jobs, the last one is due in 20 d 12 h; a job that fails again is due later still")
    assert found.advice == "let the handover take retry, or keep a worker on the old side until then"


def test_a_new_side_without_workers_or_with_others() -> None:
    assert kinds(side("4.0.10"), side(processes=(replace(WORKER, is_quiet=True),))) >= {(PitfallKind.NO_PROCESS, "to")}
    waiting = side("4.0.10", queues=(QueueStatus(b"low", 1, False, None), QueueStatus(b"empty", 0, False, None)))
    assert kinds(waiting, side()) == {(PitfallKind.NOT_LISTED, "both")}
    later = side("4.0.10", sorted_sets=(SortedSet(b"retry", 2, by_queue=((b"low", 1), (b"default", 1), (b"", 1))),) * 3)
    assert kinds(later, side()) == {(PitfallKind.NOT_LISTED, "both")}
    assert kinds(side("4.0.10"), side(processes=(), queues=())) == {(PitfallKind.NO_PROCESS, "to"), (PitfallKind.NOTHING_HERE, "to")}


def test_two_schedulers_without_a_gate() -> None:
    both = side("4.0.10", schedulers=(CRON,)), side(schedulers=(CRON,))
    assert kinds(*both) == {(PitfallKind.TWO_SCHEDULERS, "both")}
    gate = replace(CRON, last_mark=NOW + 3_600)
    for source, target in (
        (replace(both[0], schedulers=(gate,)), both[1]),
        (both[0], replace(both[1], schedulers=(gate,))),
        (both[0], side(schedulers=(replace(CRON, off=3),))),
        (both[0], side(schedulers=(SchedulerStatus(Scheduler.SIDEKIQ_CRON, 3),))),
        (both[0], side()),
    ):
        assert kinds(source, target) == set()
    assert kinds(side("4.0.10", schedulers=(PERIODIC,)), side(schedulers=(PERIODIC,))) == {
        (PitfallKind.PERIODIC, "both"),
        (PitfallKind.PERIODIC, "to"),
    }


def test_one_server_twice() -> None:
    assert (PitfallKind.SAME_SERVER, "both") in kinds(side(), side())
    assert (PitfallKind.SAME_SERVER, "both") in kinds(side(), side(address="other:6379"))
    assert kinds(side(), side(database=3)) == set()


def test_names_are_shown_in_one_line() -> None:
    assert shown_name(b"a|b_c:d") == "a|b_c:d"
    assert shown_name("a\nb\u202e\xfc".encode() + b"\xff") == "a\\nb\\u202e\xfc\\xff"
    assert len(shown_name(b"x" * 500)) == 120
    assert shown_names([b"%d" % number for number in range(10)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (0.9, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h"), (1_771_200, "20 d 12 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
