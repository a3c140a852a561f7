"""A rehearsal of a split as a page."""

from __future__ import annotations

from rehearsal.split.report import FINDING, SplitReport
from uplift.report.moving_page import Curve, MovingStory, Panel


def story_of(report: SplitReport, secret: bytes) -> MovingStory:
    """From its report; keys as patterns and keyed hashes."""
    samples = report.samples
    lines = [line.partition("  ") for line in report.lines(secret) if not line.startswith(FINDING)]
    return MovingStory(
        title="Rehearsal of a split: one Redis 3.2.6 becomes two 5.0.6",
        outcome=report.outcome,
        is_good=report.is_clean,
        facts=[(name, text.strip()) for name, _, text in lines if text],
        phases=report.phases,
        panels=(
            Panel(
                "stale",
                "ms",
                [Curve(way, [(one.at, ms) for one in samples if (ms := one.stale_ms.get(way)) is not None]) for way in ("forward", "back")],
            ),
            Panel("lag, p99", "ms", [Curve("of the follow", [(one.at, one.lag_ms) for one in samples if one.lag_ms is not None])]),
            Panel("writes a second", "", [_writes(report, side) for side in report.writes]),
            Panel("jobs there", "", [_jobs(report, side) for side in ("old", "new")]),
        ),
        marks=report.moments,
        findings=[line.strip() for line in report.lines(secret) if line.startswith(FINDING)],
    )


def _writes(report: SplitReport, side: str) -> Curve:
    return Curve(f"{side} side", [(float(second), float(count)) for second, count in report.writes[side].items()])


def _jobs(report: SplitReport, side: str) -> Curve:
    return Curve(f"{side} side", [(one.at, float(one.jobs[side])) for one in report.samples])
