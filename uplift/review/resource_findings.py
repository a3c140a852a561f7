"""What one change of a resource does: the rules of its type, and what none of them spoke about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.refusals import parameter_refusals
from uplift.review.group.rules import concerns_redis, findings_of_redis
from uplift.review.group.view import parameter_group_view
from uplift.review.left_over_findings import at_its_worst, left_over
from uplift.review.rules.all_rules import findings_of_resource
from uplift.review.rules.deletion_policies import policy_findings
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.template import PARAMETER_GROUP, REPLICATION_GROUP, StackTemplate


def findings_of_change(
    change: Change, base: StackTemplate, head: StackTemplate, refused: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Every finding on one resource, each once; at least one for each of its differences, but for the properties already `refused`."""
    if change.fate is Fate.RETYPED:
        yield finding_on(
            change, Impact.FAILS, "given another type", "CloudFormation refuses to change a resource's type.", "use a new logical id"
        )
    found = list(dict.fromkeys([*_policies(change), *_by_rule(change, base, head)]))
    renamed_group = _renamed_group(base, head) if change.fate is Fate.RENAMED else ""
    for finding in (*found, *left_over(change, found, refused)):
        follows_alone = finding.impact is Impact.HARMLESS or not concerns_redis(change)
        causes = _causes(change, finding) if follows_alone else frozenset()
        yield at_its_worst(change, replace(finding, causes=causes or _of_rename(finding, renamed_group)))


def _by_rule(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    if concerns_redis(change):
        yield from findings_of_redis(change, base, head)
    else:
        yield from findings_of_resource(change, base, head)
        yield from _unused_parameter_group(change, head)


def _policies(change: Change) -> Iterator[Finding]:
    if change.fate is not Fate.RETYPED:
        yield from policy_findings(change)


def _causes(change: Change, finding: Finding) -> frozenset[str]:
    """What the finding follows from, where each of the properties it is about follows from something: all that differ, if it names none."""
    about = [one for one in change.properties if not finding.about or one.name in finding.about]
    if not all(one.follows for one in about) or (change.attributes and not finding.about):
        return frozenset()
    return frozenset(one.cause for one in about)


def _renamed_group(base: StackTemplate, head: StackTemplate) -> str:
    """The one Redis that gets another logical id: what is renamed with it and says the same belongs to it."""
    old = [one.logical_id for one in base.of_type(REPLICATION_GROUP) if one.logical_id not in head.resources]
    new = [one for one in head.of_type(REPLICATION_GROUP) if one.logical_id not in base.resources]
    return old[0] if len(old) == 1 and new else ""


def _of_rename(finding: Finding, group: str) -> frozenset[str]:
    return frozenset({group} - {"", finding.resource}) if finding.impact is Impact.HARMLESS else frozenset()


def _unused_parameter_group(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """What is wrong with a parameter group that no group here uses, such as the one for legacy."""
    if change.type != PARAMETER_GROUP or change.after is None or head.users_of(change.after.logical_id):
        return
    for one in parameter_refusals(parameter_group_view(change.after)):
        yield finding_on(change, Impact.FAILS, one.what, f"ElastiCache refuses: {one.why}.", one.action)
