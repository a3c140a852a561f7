"""The review: every rule over every change, what is acknowledged, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from uplift.review.acknowledgements import Acknowledgement, Judged, judge
from uplift.review.finding import Finding, Impact, worst_of
from uplift.review.refusals.all_refusals import refused_assembly
from uplift.review.stack_findings import findings_of_pair
from uplift.review.stack_pairs import stack_pairs
from uplift.review.templates.template import Assembly


@dataclass(frozen=True, slots=True)
class Review:
    """All findings, worst first, each with the acknowledgement that covers it; `allowed` is the level nobody need acknowledge."""

    base: str
    head: str
    allowed: Impact
    judged: tuple[Judged, ...]

    @property
    def unacknowledged(self) -> tuple[Judged, ...]:
        """Findings above the allowed level that nobody has acknowledged."""
        return tuple(one for one in self.judged if one.acknowledgement is None and one.finding.impact.is_above(self.allowed))

    @property
    def worst(self) -> Impact:
        """The worst class found; harmless where nothing was."""
        return worst_of(one.finding.impact for one in self.judged)


def review(
    base: Assembly, head: Assembly, acknowledgements: Sequence[Acknowledgement] = (), *, today: date, allowed: Impact = Impact.HARMLESS
) -> Review:
    """Compare two assemblies. `today` decides which acknowledgements have expired."""
    findings = sorted(findings_of(base, head), key=lambda one: (one.impact.rank, one.stack, one.resource, one.what))
    return Review(base.source, head.source, allowed, tuple(judge(findings, acknowledgements, today=today)))


def findings_of(base: Assembly, head: Assembly) -> list[Finding]:
    """Every finding of every stack, in no order."""
    of_stacks = (finding for pair in stack_pairs(base, head) for finding in findings_of_pair(pair))
    return [*refused_assembly(base, head), *of_stacks]
