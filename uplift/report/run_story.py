"""The story of a run in AWS, from its report and the history of its execution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from uplift.inplace.records.run_phases import PHASES
from uplift.inplace.records.run_report import RunReport
from uplift.inplace.records.run_state import Outcome
from uplift.keyspace.census.cold_check import ColdCount
from uplift.keyspace.census.loss import Account
from uplift.report.run_page import Story, StoryPattern, StoryPhase

_ASSUMPTIONS = (
    "Cold keys (untouched for upgrade.cold_after_seconds) are compared by value; of all others only the counts by pattern are known.",
    "What the application deletes and changes is judged by the rate at which it did so just before the modify.",
    "The calls of clients are not known here: the application's own metrics show what it saw.",
)


def run_story(report: RunReport, states: Sequence[tuple[str, float]], ended_at: float) -> Story:
    """The story. `states` are those entered, with times in seconds since 1970; none where the history was deleted (after 90 days)."""
    cold = report.proof.cold
    return Story(
        title=f"Upgrade of {report.source} ({report.environment}), run {report.run_id}",
        outcome=report.outcome,
        is_good=Outcome(report.outcome).succeeded,
        reason=report.reason,
        facts=_facts(report),
        phases=phases(states, ended_at),
        calls=(),
        outage_at=0.0,
        outage_seconds=0.0,
        patterns=_patterns(report),
        losses=cold.labels if cold is not None and cold.judgement.loss else [],
        findings=[*report.findings, *(f"trouble: {trouble}" for trouble in report.troubles)],
        assumptions=_ASSUMPTIONS,
    )


def phases(states: Sequence[tuple[str, float]], ended_at: float) -> list[StoryPhase]:
    """Phases in the order they began; one that was come back to lasts until it was left for the last time."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for (name, began), (_next, ended) in pairwise([*states, ("", ended_at)]):
        if name in PHASES:
            phase = PHASES[name].name
            first.setdefault(phase, began)
            last[phase] = ended
    return [StoryPhase(name, began, last[name] - began) for name, began in first.items()]


def _facts(report: RunReport) -> list[tuple[str, str]]:
    facts = [
        ("engine", f"{report.version_before} to {report.version_after or report.version_before}"),
        ("started", f"{_utc(report.started_at)}, {report.trigger}"),
        ("plan", f"{report.plan or '?'}, approved by {report.approved_by or 'nobody'}"),
        ("snapshot", f"{report.snapshot} {report.snapshot_size}".strip() or "none"),
    ]
    if report.modify_requested_at:
        facts.append(("modify sent", _utc(report.modify_requested_at)))
    counts, cold = report.proof.counts, report.proof.cold
    if counts is not None:
        facts.append(("keys", f"{counts.before:,} before, {counts.after:,} after"))
    if cold is not None:
        after, judged = cold.after, cold.judgement
        facts += [
            ("cold keys", f"{after.compared:,} compared by value: {after.same:,} the same, {after.expired:,} expired in time"),
            ("missing", _account(judged.missing)),
            ("changed", _account(judged.changed)),
        ]
    return facts


def _account(account: Account) -> str:
    evicted = f", the server evicted {account.evicted:,}" if account.evicted else ""
    return f"{account.found:,}; the application explains up to {account.by_application:,}{evicted}"


def _patterns(report: RunReport) -> list[StoryPattern]:
    before, after = report.proof.patterns_before or {}, report.proof.patterns_after or {}
    cold = report.proof.cold.patterns if report.proof.cold is not None else {}
    rows = [StoryPattern(name, before.get(name, 0), after.get(name, 0), _note(cold.get(name))) for name in {*before, *after}]
    return sorted(rows, key=lambda row: (-row.before, row.name))


def _note(count: ColdCount | None) -> str:
    if count is None:
        return ""
    counts = {"expired": count.expired, "missing": count.missing, "changed": count.value_changed + count.ttl_changed}
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
