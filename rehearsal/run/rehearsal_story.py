"""The story of a rehearsal, for the page."""

from __future__ import annotations

from rehearsal.run.rehearsal_report import InPlaceReport
from uplift.report.run_page import Story, StoryPattern, StoryPhase

_UPGRADE = "upgrade: "


def rehearsal_story(report: InPlaceReport) -> Story:
    """The story, from the application's start on: what came before is set-up."""
    calls = report.calls.by_second
    begin = calls[0].second if calls else 0
    keys, writes = report.keys, report.writes
    return Story(
        title="Rehearsal of an in-place upgrade",
        outcome=report.outcome,
        is_good=report.outcome == "nothing-lost",
        reason=report.reason,
        facts=[
            ("engine", f"{report.engine.before} to {report.engine.after}, {report.topology}"),
            ("data", report.data),
            (
                "keys",
                f"{keys.before:,} before, {keys.after:,} after; {keys.lost:,} lost, {keys.changed:,} changed, {keys.expired:,} expired",
            ),
            ("acknowledged writes", f"{writes.acknowledged:,}, {writes.lost:,} lost"),
            ("outage", f"{report.outage.seconds:.1f} s without a write, modelled: {report.outage.modelled_seconds:.0f} s"),
            ("calls", f"{report.calls.total:,}, {report.calls.failed:,} failed, {report.calls.slow:,} slow"),
            ("snapshots, modifies", f"{report.aws_calls.create_snapshot}, {report.aws_calls.modify}"),
            ("faults", ", ".join(report.faults) or "none"),
            ("the run itself says", "; ".join(report.executions)),
            *([("recovery", str(report.recovery))] if report.recovery is not None else []),
        ],
        phases=[
            StoryPhase(phase.name.removeprefix(_UPGRADE), phase.began_at, phase.seconds)
            for phase in sorted(report.phases, key=lambda phase: phase.began_at)
            if phase.began_at >= begin
        ],
        calls=calls,
        outage_at=report.outage.began_at,
        outage_seconds=report.outage.seconds,
        patterns=[StoryPattern(row.pattern, row.keys_before, row.keys_after) for row in report.inventory],
        losses=report.findings,
        findings=[],
        assumptions=[*report.assumptions, *(f"not modelled: {one}" for one in report.not_modelled)],
    )
