"""What a rehearsal of a split found: one value, from which text, JSON and the page are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from rehearsal.split.processes import AppProcess
from rehearsal.split.sampling import Sample
from rehearsal.split.verdict import SplitVerdict

SCHEMA = "uplift.rehearsal.split/1"
_MOST_NAMED = 50
FINDING = "  "
"""What a line of a finding begins with."""


@dataclass(frozen=True, slots=True)
class KindOfClient:
    """All processes of a kind. `failed` calls are those that were not cut by their own process's end; `longest_gap` in seconds between two
    acknowledged writes of a process while it was up.
    """

    kind: str
    processes: int
    calls: int
    failed: int
    longest_gap: float


@dataclass(frozen=True, slots=True)
class SplitReport:
    """`outcome`: nothing-lost; named: what is not as promised the engines named, which a fault allows; lost; not-as-expected: a fault did
    not end as its table says.

    `reached`: by phase, seconds after the first engine was started. Times in ms unless named otherwise. `answers` of the operator's
    commands, with their exit codes; `faults` with what was expected and what was seen. `phases`
    begin, and `moments` are, in seconds since 1970.
    """

    outcome: str
    seconds: float
    keys: int
    reached: Mapping[str, float]
    clients: Sequence[KindOfClient]
    lag_p99: float
    stale_p50: Mapping[str, float]
    stale_p99: Mapping[str, float]
    get_p99_before: float
    get_p99_with: float
    conflicts: int
    unexplained: int
    named: Mapping[str, int]
    engines_used: int
    verdict: SplitVerdict
    answers: Sequence[tuple[str, int, str]]
    faults: Sequence[tuple[str, str, str]]
    samples: Sequence[Sample] = field(repr=False, default=())
    phases: Sequence[tuple[str, float, float]] = ()
    moments: Sequence[tuple[float, str]] = ()
    writes: Mapping[str, Mapping[int, int]] = field(repr=False, default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost in silence or doubled, and every fault ended as its table says."""
        return self.outcome in {"nothing-lost", "named"}

    def as_json(self, secret: bytes) -> dict[str, Any]:
        """For machines; keys as patterns and keyed hashes."""
        verdict = self.verdict
        document = {name: value for name, value in asdict(self).items() if name not in {"verdict", "writes"}}
        document["verdict"] = {
            "acknowledged": verdict.acknowledged,
            "expired": verdict.expired,
            "compared": verdict.compared,
            "findings": [one.named(secret) for one in verdict.findings[:_MOST_NAMED]],
            "named": [one.named(secret) for one in verdict.named[:_MOST_NAMED]],
            "unequal": [one.named(secret) for one in verdict.unequal[:_MOST_NAMED]],
            "jobs": asdict(verdict.jobs),
            "cron": asdict(verdict.cron),
        }
        document["writes"] = {side: {str(second): count for second, count in by.items()} for side, by in self.writes.items()}
        return {"schema": SCHEMA, **document}

    def lines(self, secret: bytes) -> list[str]:
        """For a person."""
        verdict, jobs, cron = self.verdict, self.verdict.jobs, self.verdict.cron
        reached = ", ".join(f"{phase} {seconds:.0f} s" for phase, seconds in self.reached.items())
        lines = [
            f"outcome               {self.outcome}, {self.seconds:.0f} s in all",
            f"reached               {reached}",
            f"acknowledged writes   {verdict.acknowledged:,}, {len(verdict.findings)} lost, {len(verdict.named)} named by the engine",
            f"keys                  {self.keys:,} before; {verdict.compared:,} on both sides, {len(verdict.unequal)} unequal; "
            f"{verdict.expired:,} expired in time",
            f"jobs                  {jobs.enqueued:,} enqueued, {jobs.done_once:,} done once, {len(jobs.lost)} lost, "
            f"{len(jobs.twice)} twice",
            f"jobs that wait        {jobs.waiting:,}, for a retry; {len(jobs.before_its_data)} ran before their data",
            f"jobs late by          {jobs.late_p99:.1f} s (p99), {jobs.late_most:.1f} s at most",
            f"cron                  {cron.due} instances, {cron.once} once, {len(cron.missed)} missed, {len(cron.twice)} twice",
        ]
        for one in self.clients:
            name = f"{one.kind} ({one.processes} processes)"
            lines.append(f"{name:<22}{one.calls:,} calls, {one.failed} failed; longest gap of writes {one.longest_gap:.2f} s")
        lines += [f"stale {way:<16}{self.stale_p50[way]:.1f} / {self.stale_p99[way]:.1f} ms (p50 / p99)" for way in self.stale_p50]
        lines += [
            f"a GET on legacy       {self.get_p99_before:.1f} ms before, {self.get_p99_with:.1f} ms with the engines (p99)",
            f"conflicts             {self.conflicts:,}; differences without an event: {self.unexplained:,}; "
            f"named: {sum(self.named.values()):,}",
            f"engines               {self.engines_used} led",
        ]
        lines += [f"fault {name}: expected {expected}; {seen}" for name, expected, seen in self.faults]
        lines += [f"{FINDING}named by the engine: {finding.named(secret)}" for finding in verdict.named[:5]]
        lines += [f"{FINDING}{finding.named(secret)}" for finding in (*verdict.findings, *verdict.unequal)[:20]]
        lines += [f"{FINDING}lost job {jid}" for jid in jobs.lost[:10]] + [f"{FINDING}job run twice {jid}" for jid in jobs.twice[:10]]
        lines += [f"{FINDING}cron missed: {one}" for one in cron.missed[:10]] + [f"{FINDING}cron twice: {one}" for one in cron.twice[:10]]
        return lines


def outcome_of(verdict: SplitVerdict, *, may_name: bool, is_as_expected: bool) -> str:
    """In a word. `may_name`: a fault was injected after which the engines may name keys; `is_as_expected`: each ended as it should."""
    if not verdict.is_clean or (verdict.named and not may_name):
        return "lost"
    if not is_as_expected:
        return "not-as-expected"
    return "named" if verdict.named else "nothing-lost"


def kinds_of_clients(processes: Sequence[AppProcess]) -> list[KindOfClient]:
    """By role."""
    found = []
    for role in sorted({one.role for one in processes}):
        mine = [one for one in processes if one.role == role and one.journal]
        found.append(
            KindOfClient(
                role,
                len(mine),
                sum(sum(one.journal["calls"].values()) for one in mine),
                sum(_failed(one) for one in mine),
                max((_longest_gap(one) for one in mine), default=0.0),
            )
        )
    return found


def _failed(process: AppProcess) -> int:
    return sum(1 for at, _command, _problem in process.journal["failures"] if process.stopped_at is None or at < process.stopped_at)


def _longest_gap(process: AppProcess) -> float:
    """Between acknowledged writes, from the first to the process's end; jobs may be rare for a worker, so its heartbeats count as well."""
    ended = process.stopped_at or float("inf")
    times = sorted(at for at in process.journal["write_times"] if at <= ended)
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)
