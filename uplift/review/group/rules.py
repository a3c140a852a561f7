"""What a change does to a replication group: the heart of the review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.new_redis import findings_of_new_redis
from uplift.review.group.outage_seconds import outages
from uplift.review.group.parameters import parameter_findings
from uplift.review.group.protection import protections
from uplift.review.group.refusals import refusals
from uplift.review.group.view import GroupView, group_view
from uplift.review.templates.differences import Change, Fate
from uplift.review.templates.known_values import is_open
from uplift.review.templates.template import HOLDS_REDIS, REPLICATION_GROUP, Resource, StackTemplate, Value, referred_to
from uplift.review.wording.values import all_said

_KEPT = {
    "Snapshot": "its final snapshot stays, and restores into a new group only",
    "Retain": "the old one keeps running outside the stack, with its data, and nobody writes to it any more",
    "RetainExceptOnCreate": "the old one keeps running outside the stack, with its data, and nobody writes to it any more",
}
_SNAPSHOT_PROPERTIES = frozenset({"SnapshotName", "SnapshotArns"})


def findings_of_redis(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Every finding of one changed, added or removed Redis: a replication group, a cache cluster or a serverless cache."""
    match change.fate:
        case Fate.REMOVED:
            yield from _removed(change)
        case Fate.RENAMED:
            yield from _made_anew(change, _renamed(change), base, head)
        case Fate.REPLACED:
            yield from _made_anew(change, _replaced(change), base, head)
        case Fate.MAY_BE_REPLACED:
            yield _replaced(change)
            yield from _in_place(change, base, head)
        case Fate.ADDED:
            yield from findings_of_new_redis(change, _view(change.after, head))
            yield from _refused(change, None, head)
        case Fate.CHANGED:
            yield from _in_place(change, base, head)


def _view(resource: Resource | None, stack: StackTemplate, before: Resource | None = None) -> GroupView | None:
    return group_view(resource, stack, before) if resource is not None and resource.type == REPLICATION_GROUP else None


def _view_before(change: Change, base: StackTemplate) -> GroupView | None:
    """As it runs: its parameter group has the logical id that base gives it, even where it is renamed."""
    view = _view(change.before, base)
    as_it_was = _view(base.resources.get(change.logical_id), base)
    return replace(view, parameters=as_it_was.parameters) if view is not None and as_it_was is not None else view


def _removed(change: Change) -> Iterator[Finding]:
    policy = change.resource.deletion_policy
    kept = _KEPT.get(policy, "nothing of it stays: no final snapshot is taken")
    if policy.startswith("Retain"):
        yield finding_on(
            change,
            Impact.PROTECTION,
            "leaves the stack",
            "It keeps running with its data, but nothing manages or watches it.",
            "import it into the stack that is to own it",
        )
    else:
        yield finding_on(
            change,
            Impact.DATA_LOSS,
            "deleted",
            f"The running application loses its Redis and everything in it; {kept}.",
            "leave it in the template; to move it, set DeletionPolicy: Retain in a deploy of its own, then import it",
        )


def _renamed(change: Change) -> Finding:
    policy = change.before.deletion_policy if change.before is not None else "Delete"
    kept = _KEPT.get(policy, "nothing of it stays: no final snapshot is taken")
    return finding_on(
        change,
        Impact.DATA_LOSS,
        f"replaced by {change.renamed_to}",
        f"Another logical id is another resource: the application is given an empty Redis at another address; {kept}.",
        "give the construct its old id, or pin the logical id",
        replaces=True,
        about=tuple(one.name for one in change.properties if one.follows),
    )


def _replaced(change: Change) -> Finding:
    policy = change.after.replace_policy if change.after else "Delete"
    kept = _KEPT.get(policy, "nothing of the old one stays: no final snapshot is taken")
    word = "replaced" if change.fate is Fate.REPLACED else "may be replaced"
    causes = " and ".join(change.because)
    hint = "take the change back"
    if _SNAPSHOT_PROPERTIES & set(change.because):
        hint = "leave SnapshotName and SnapshotArns as they were: adding, changing or removing either replaces the group"
    elif any(one.follows for one in change.properties if one.name in change.because):
        hint = "leave the resource it refers to as it is"
    said_changes = all_said(one for one in change.properties if one.name in change.because)
    named = change.after is not None and change.after.property("ReplicationGroupId") is not None
    clash = " With its fixed name the new one cannot be made beside the old one, so the deploy fails." if named else ""
    return finding_on(
        change,
        Impact.DATA_LOSS,
        f"{word} because of {causes}",
        f"The application is given an empty Redis at another address; {kept}. ({said_changes or causes}){clash}",
        hint,
        replaces=change.fate is Fate.REPLACED,
        about=change.because,
    )


def _made_anew(change: Change, lost: Finding, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """The new one is made as head says, so nothing of the old one is changed in place, upgraded or refused."""
    before, after = _view_before(change, base), _view(change.after, head, change.before)
    if before is None or after is None:
        yield replace(lost, about=lost.about | {one.name for one in change.properties})
        return
    yield replace(lost, about=lost.about.union(*(one.about for one in outages(change, before, after))))
    yield from _refused(change, None, head)
    yield from protections(change, before, after)
    yield from parameter_findings(change, before, after)


def _in_place(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    before, after = _view_before(change, base), _view(change.after, head, change.before)
    if before is None or after is None:
        if change.properties:
            names = [one.name for one in change.properties]
            yield finding_on(change, Impact.OUTAGE, "changed", all_said(change.properties), "read what it does first", about=names)
        return
    refused, cut_off = list(_refused(change, before, head)), list(outages(change, before, after))
    if refused:
        # What AWS refuses cuts nobody off.
        about = refused[0].about.union(*(one.about for one in cut_off))
        yield from (replace(refused[0], about=about), *refused[1:])
    else:
        yield from cut_off
    yield from protections(change, before, after)
    yield from parameter_findings(change, before, after)


def _refused(change: Change, before: GroupView | None, head: StackTemplate) -> Iterator[Finding]:
    if change.after is None or change.after.type != REPLICATION_GROUP:
        return
    # A value that nobody knows yet is not refused: it may be what it was.
    after = group_view(_as_far_as_known(change.after, change.before, head), head, change.before)
    # What base has as well is deployed, so AWS took it, whatever this catalogue knows.
    taken = set(refusals(before, before, region=head.region)) if before is not None else set()
    for one in refusals(before, after, region=head.region):
        if one in taken:
            continue
        ending = "" if before is None else " CloudFormation takes the other changes of this deploy back, and it never downgrades an engine."
        yield finding_on(change, Impact.FAILS, one.what, f"ElastiCache refuses: {one.why}.{ending}", one.action, about=one.about)


def _as_far_as_known(after: Resource, before: Resource | None, head: StackTemplate) -> Resource:
    def known(name: str, value: Value) -> Value:
        if name == "AuthToken" or not is_open(value) or head.resources.keys() & set(referred_to(value)):
            return value
        return before.property(name) if before is not None else None

    properties = {name: known(name, value) for name, value in after.properties.items()}
    return replace(after, properties={name: value for name, value in properties.items() if value is not None})


def concerns_redis(change: Change) -> bool:
    """Whether this rule's findings are about the resource."""
    return bool(HOLDS_REDIS & {side.type for side in (change.before, change.after) if side is not None})
