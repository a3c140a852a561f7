"""What a new Redis lacks that keeps it private, or its data."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.view import GroupView
from uplift.review.templates.differences import Change

_IN_THE_CLEAR = "What the application writes, and its token, travel in the clear."
_NOBODY_ASKED = "Whoever reaches the port is let in."
_CACHE_CLUSTER = "AWS::ElastiCache::CacheCluster"


def findings_of_new_redis(change: Change, group: GroupView | None) -> Iterator[Finding]:
    """Findings on a Redis that is added; `group` where it is a replication group."""
    yield finding_on(change, Impact.HARMLESS, "a new, empty Redis", "nothing that runs is touched")
    if group is not None:
        yield from _of_group(change, group)
    elif change.type == _CACHE_CLUSTER:
        # A cache cluster has no token (CloudFormation reference, AWS::ElastiCache::CacheCluster).
        yield finding_on(change, Impact.SECURITY, "new, without AUTH", _NOBODY_ASKED, "make it a replication group with AuthToken")
        if str(change.resource.property("TransitEncryptionEnabled")).lower() != "true":
            yield finding_on(change, Impact.SECURITY, "new, without TLS", _IN_THE_CLEAR, "set TransitEncryptionEnabled")
    elif change.resource.property("UserGroupId") is None:
        yield finding_on(change, Impact.SECURITY, "new, without AUTH", _NOBODY_ASKED, "name a UserGroupId")


def _of_group(change: Change, group: GroupView) -> Iterator[Finding]:
    if not group.tls:
        yield finding_on(change, Impact.SECURITY, "new, without TLS", _IN_THE_CLEAR, "set TransitEncryptionEnabled")
    if not group.at_rest:
        meaning = "Its snapshots and its swap are written in the clear."
        yield finding_on(change, Impact.SECURITY, "new, not encrypted at rest", meaning, "set AtRestEncryptionEnabled")
    if group.token is None and not group.resource.property("UserGroupIds"):
        yield finding_on(change, Impact.SECURITY, "new, without AUTH", _NOBODY_ASKED, "set AuthToken or UserGroupIds")
    if isinstance(group.token, str) and "{{resolve:" not in group.token:
        meaning = "It can be read in the template, in CloudFormation and in git."
        yield finding_on(change, Impact.SECURITY, "new, with an AUTH token in the clear", meaning, "use a secret")
    if group.snapshot_days == 0:
        meaning = "Nothing of it is kept when it is lost."
        yield finding_on(change, Impact.PROTECTION, "new, without automatic snapshots", meaning, "set SnapshotRetentionLimit")
