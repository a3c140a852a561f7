"""One cause, one entry: what only follows from another resource's replacement is listed under it, and acknowledged with it.

The entry has the worst class of what it covers. Lost data is always an entry of its own, and an outage or a refused deploy where it
follows from something milder: each is acknowledged on the resource it happens to. What is harmless, or comes of the settings that all
functions share, is one entry as well where several resources have it alike; equal edits that somebody made one by one are not one cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from uplift.review.finding import Finding, Impact, worst_of
from uplift.review.rules.behaviour import SETTINGS_CHANGED

_ALONE = frozenset({Impact.DATA_LOSS, Impact.OUTAGE, Impact.FAILS})
_THE_SAME = "the same"


def under_their_causes(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings of one stack, those that follow from another folded into it."""
    roots = _roots(findings)
    alone = [finding for finding, root in zip(findings, roots, strict=True) if root is finding]
    for together in _alike_together(alone):
        first, *alike = together
        followers = [one for one, root in zip(findings, roots, strict=True) if root in together and one is not root]
        lines = [f"{one.resource}: {_THE_SAME}" for one in alike] + [f"{one.resource}: {one.what}" for one in followers]
        yield _covering(first, followers, lines) if lines else first


def _alike_together(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings that say the same of several resources of one type, together."""
    alike: dict[object, list[Finding]] = defaultdict(list)
    for finding in findings:
        said = (finding.impact, finding.type, finding.what, finding.meaning, finding.where)
        is_one = finding.meaning and (finding.impact is Impact.HARMLESS or finding.what == SETTINGS_CHANGED)
        alike[said if is_one else finding].append(finding)
    yield from alike.values()


def _roots(findings: Sequence[Finding]) -> list[Finding]:
    """What each finding is an entry of. Of two that follow from each other neither is the other's: nothing is ever left out."""
    roots = [_root(finding, findings) for finding in findings]
    own = {id(finding) for finding, root in zip(findings, roots, strict=True) if root is finding}
    return [root if id(root) in own else finding for finding, root in zip(findings, roots, strict=True)]


def _root(finding: Finding, findings: Sequence[Finding]) -> Finding:
    seen = [finding]
    while finding.causes and finding.impact is not Impact.DATA_LOSS:
        of_cause = [one for one in findings if one.resource in finding.causes and one not in seen]
        cause = min(of_cause, key=lambda one: one.impact.rank, default=None)
        if cause is None or (finding.impact in _ALONE and finding.impact.is_above(cause.impact)):
            return finding
        finding = cause
        seen.append(finding)
    return finding


def _covering(finding: Finding, followers: Sequence[Finding], lines: Sequence[str]) -> Finding:
    worst = worst_of((finding.impact, *(one.impact for one in followers)))
    made = replace(finding, impact=worst, follows=tuple(dict.fromkeys(lines)))
    worse = [one for one in followers if one.impact.is_above(finding.impact) and one.impact is worst]
    if not worse:
        return made
    return replace(made, action=finding.action or worse[0].action).saying(
        " ".join(dict.fromkeys(f"{one.what}: {one.meaning}" for one in worse))
    )
