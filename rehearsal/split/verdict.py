"""What was lost or doubled in a split: pure, from every process's journal and what both sides hold at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.app.process import SCHEDULE
from rehearsal.run.key_digests import KeyDigests
from rehearsal.run.loss_verdict import Finding, judge

_SIDEKIQ = (b"queue:", b"stat:", b"sidekiq-scheduler:", b"sim-worker-", b"uplift:", b"cron_job", b"b-", b"unique:")
_SIDEKIQ_NAMES = frozenset({b"queues", b"processes", b"retry", b"schedule", b"dead", b"schedules", b"paused", b"batches"})
# Writes of two processes that are nearer than this are a conflict: either may be the one that stays.
AT_ONCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class CronAccount:
    """Instances of jobs with a period: due while a scheduler lived, fired once, missed, and fired twice."""

    due: int
    once: int
    missed: tuple[str, ...]
    twice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobAccount:
    """`late`: seconds between being enqueued and being done, of the slowest in a hundred and of the slowest; `waiting`: retries to come.
    `before_its_data`: jobs that ran before what was written for them was there.
    """

    enqueued: int
    done_once: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    waiting: int
    late_p99: float
    late_most: float
    before_its_data: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SplitVerdict:
    """Everything that is not as it was promised. `expired` cold keys reached their time; `compared` keys are on both sides."""

    findings: tuple[Finding, ...]
    unequal: tuple[Finding, ...]
    jobs: JobAccount
    cron: CronAccount
    acknowledged: int
    expired: int
    compared: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost and nothing doubled."""
        return self.is_clean_but_for(0)

    def is_clean_but_for(self, named: int) -> bool:
        """The same, where so many keys were named."""
        jobs, cron = self.jobs, self.cron
        return not (
            len(self.findings) > named or self.unequal or jobs.lost or jobs.twice or jobs.before_its_data or cron.missed or cron.twice
        )


def merged(journals: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One journal of all processes: no two of them own a key, and shared ones are told apart."""
    whole: dict[str, Any] = {"strings": {}, "counters": {}, "enqueued": {}, "enqueued_at": {}, "finished_at": {}, "acknowledged": 0}
    lists = ("received", "finished", "unsure_jobs", "fired", "shared", "forms", "missing_forms")
    whole |= {name: [] for name in lists}
    for journal in journals:
        for name in ("strings", "counters", "enqueued", "enqueued_at"):
            whole[name].update(journal[name])
        for jid, at in journal["finished_at"].items():
            whole["finished_at"][jid] = min(at, whole["finished_at"].get(jid, at))
        for name in lists:
            whole[name] += journal[name]
        whole["acknowledged"] += journal["acknowledged"]
    return whole


def split_verdict(
    before: KeyDigests,
    ends: Mapping[str, KeyDigests],
    journals: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
    *,
    cache: str,
    compares: bool,
) -> SplitVerdict:
    """`ends`: by side what its servers hold at the end, `old`, `app-cache` and `sidekiq`; `cache` is which of them has the application's
    keys. `values` are of that one. `compares`: both sides were kept equal until the end.
    """
    journal = merged(journals)
    jobs_there = set().union(*(end.jobs for end in ends.values()))
    after = KeyDigests(ends[cache].lines, jobs_there, ends[cache].keys, ends[cache].read_at_ms)
    cold = KeyDigests({place: line for place, line in before.lines.items() if _is_cold(place[1], journal)}, before.jobs, before.keys)
    found = judge(cold, after, {**journal, "enqueued": {}}, values)
    shared = tuple(_lost_shared(journal["shared"], values))
    unequal = tuple(_unequal(ends["old"], ends["app-cache"])) if compares else ()
    compared = len(ends["old"].lines.keys() & ends["app-cache"].lines.keys())
    return SplitVerdict(
        (*found.findings, *shared),
        unequal,
        _jobs(journal, before, jobs_there),
        _cron(journal["fired"]),
        journal["acknowledged"],
        found.expired,
        compared,
    )


def is_sidekiqs(name: bytes) -> bool:
    """Whether a key is not the application's cache, by names that the rehearsal's own data has."""
    return name.startswith(_SIDEKIQ) or name in _SIDEKIQ_NAMES


def _is_cold(name: bytes, journal: Mapping[str, Any]) -> bool:
    return not is_sidekiqs(name) and name.decode("latin-1") not in journal["strings"]


def _lost_shared(writes: Sequence[Sequence[Any]], values: Mapping[str, Any]) -> Iterable[Finding]:
    by_key: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for write in writes:
        by_key[write[0]].append(write)
    for key, found in by_key.items():
        last_began = max(began for _, _, began, _ in found)
        lawful = {value for _, value, _, ended in found if ended > last_began - AT_ONCE_SECONDS}
        value, _expires = values.get(key, (None, None))
        if value not in lawful:
            yield Finding(
                "lost write", key.encode(), "no such key" if value is None else f"{value}, where it was one of {sorted(lawful)[:3]}"
            )


def _unequal(old: KeyDigests, new: KeyDigests) -> Iterable[Finding]:
    for place in sorted(old.lines.keys() | new.lines.keys()):
        name = place[1]
        if is_sidekiqs(name):
            continue
        here, there = old.lines.get(place), new.lines.get(place)
        if here is None or there is None:
            gone = here or there
            if gone is not None and 0 < gone.expires_at_ms <= max(old.read_at_ms, new.read_at_ms):
                continue
            yield Finding("on one side only", name, "legacy" if there is None else "app-cache")
        elif here.digest != there.digest:
            yield Finding("unequal", name, "another value")


def _jobs(journal: Mapping[str, Any], before: KeyDigests, there: set[str]) -> JobAccount:
    enqueued = {*journal["enqueued"], *before.jobs}
    done = Counter(journal["finished"])
    known = {*done, *there, *journal["unsure_jobs"]}
    # A job that failed is in `retry`, and was received all the same.
    lost = tuple(sorted(enqueued - known))
    twice = tuple(sorted({jid for jid, times in done.items() if times > 1} | (done.keys() & there)))
    late = sorted(journal["finished_at"][jid] - at for jid, at in journal["enqueued_at"].items() if jid in journal["finished_at"])
    forms = set(journal["forms"])
    return JobAccount(
        len(enqueued),
        sum(1 for times in done.values() if times == 1),
        lost,
        twice,
        len(there),
        late[int(len(late) * 0.99)] if late else 0.0,
        late[-1] if late else 0.0,
        tuple(sorted({jid for jid in journal["missing_forms"] if jid in forms})),
    )


def _cron(fired: Sequence[Sequence[Any]]) -> CronAccount:
    """By the seconds in which instances were noticed: the first and the last of a job bound what was due."""
    due, once, missed, twice = 0, 0, [], []
    for name, period in SCHEDULE.items():
        numbers = Counter(int(second) // period for job, second in fired if job == name)
        if not numbers:
            continue
        for number in range(min(numbers), max(numbers) + 1):
            due += 1
            once += numbers[number] == 1
            text = f"{name} at {number * period}"
            if not numbers[number]:
                missed.append(text)
            elif numbers[number] > 1:
                twice.append(text)
    return CronAccount(due, once, tuple(missed), tuple(twice))
