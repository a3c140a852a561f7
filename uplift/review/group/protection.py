"""What protects a replication group and who can reach it, and what its other properties are to whoever uses it."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.view import GroupView
from uplift.review.templates.differences import Change, PropertyChange
from uplift.review.templates.known_values import is_open, members
from uplift.review.wording.values import flattened

# In-place changes that clients notice at once, or that let somebody else in.
_WORSE = {
    "ClusterMode": Impact.OUTAGE,
    "IpDiscovery": Impact.OUTAGE,
    "NodeGroupConfiguration": Impact.OUTAGE,
    "NumNodeGroups": Impact.OUTAGE,
    "NotificationTopicArn": Impact.PROTECTION,
    "PrimaryClusterId": Impact.OUTAGE,
    "UserGroupIds": Impact.SECURITY,
}
_HARMLESS = {"ReplicationGroupDescription", "Tags"}
_BACKUPS, _ZONES, _TLS, _TOKEN = ("SnapshotRetentionLimit",), ("MultiAZEnabled",), ("TransitEncryptionEnabled",), ("AuthToken",)
_COUNTS, _SECURITY_GROUPS = ("NumCacheClusters", "ReplicasPerNodeGroup"), ("SecurityGroupIds",)


def protections(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    """Everything that makes a loss more likely, or a stranger's access."""
    yield from _backups(change, before, after)
    yield from _nodes(change, before, after)
    yield from _encryption(change, before, after)
    yield from _token(change, before, after)
    yield from _security_groups(change, before, after)


def _backups(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    old, new = before.snapshot_days, after.snapshot_days
    if new < old:
        meaning = "No automatic snapshot is kept any more." if new == 0 else "Older automatic snapshots are deleted."
        yield finding_on(
            change,
            Impact.PROTECTION,
            f"snapshots kept {old} → {new} days",
            meaning,
            f"keep SnapshotRetentionLimit at {old}",
            about=_BACKUPS,
        )
    elif new > old:
        yield finding_on(
            change,
            Impact.HARMLESS,
            f"snapshots kept {old} → {new} days",
            "More automatic snapshots are kept, and paid by the GB.",
            about=_BACKUPS,
        )


def _nodes(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if after.nodes < before.nodes:
        yield finding_on(
            change,
            Impact.PROTECTION,
            f"nodes {before.nodes} → {after.nodes}",
            "Fewer replicas can take over, and fewer serve reads.",
            "keep the replicas",
            about=_COUNTS,
        )
    elif after.nodes > before.nodes:
        yield finding_on(
            change,
            Impact.HARMLESS,
            f"nodes {before.nodes} → {after.nodes}",
            "Replicas are added while the group serves, and paid by the hour.",
            about=_COUNTS,
        )
    if before.multi_az and not after.multi_az:
        yield finding_on(
            change, Impact.PROTECTION, "Multi-AZ off", "All nodes may sit in one zone, and go with it.", "keep MultiAZEnabled", about=_ZONES
        )
    elif after.multi_az and not before.multi_az:
        yield finding_on(change, Impact.HARMLESS, "Multi-AZ on", "Nodes are spread over zones.", about=_ZONES)
    if after.failover and not before.failover:
        yield finding_on(
            change, Impact.HARMLESS, "failover on", "A replica takes over when the primary goes.", about=("AutomaticFailoverEnabled",)
        )


def _encryption(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if before.tls and not after.tls:
        yield finding_on(
            change,
            Impact.SECURITY,
            "TLS off",
            "Sessions and tokens would travel in the clear.",
            "keep TransitEncryptionEnabled",
            about=_TLS,
        )
    if before.tls and after.tls and (before.tls_mode, after.tls_mode) == ("required", "preferred"):
        yield finding_on(
            change,
            Impact.SECURITY,
            "TLS required → preferred",
            "Clients may connect without TLS.",
            "only for a move of clients; set it back after",
            about=("TransitEncryptionMode",),
        )
    if before.at_rest and not after.at_rest:
        yield finding_on(
            change,
            Impact.SECURITY,
            "encryption at rest off",
            "Snapshots and swap would be written in the clear.",
            "keep AtRestEncryptionEnabled",
            about=("AtRestEncryptionEnabled",),
        )


def _token(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if before.token is not None and after.token is None:
        yield finding_on(
            change,
            Impact.SECURITY,
            "AUTH off",
            "Whoever reaches the port is let in.",
            "keep AuthToken, or name UserGroupIds in its place",
            about=_TOKEN,
        )
    if isinstance(after.token, str) and not is_open(after.token) and after.token != before.token:
        yield finding_on(
            change,
            Impact.SECURITY,
            "an AUTH token in the clear",
            "It can be read in the template, in CloudFormation and in git.",
            "use a secret",
            about=_TOKEN,
        )


def _security_groups(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    old, new = (_names(side) for side in (before, after))
    for added in sorted(new - old):
        yield finding_on(
            change,
            Impact.SECURITY,
            f"security group {added} added",
            "Whoever it lets in reaches Redis as well.",
            "read its rules",
            about=_SECURITY_GROUPS,
        )
    for removed in sorted(old - new):
        yield finding_on(
            change,
            Impact.OUTAGE,
            f"security group {removed} taken away",
            "Clients that only it let in can no longer connect.",
            "see who uses it",
            about=_SECURITY_GROUPS,
        )


def _names(view: GroupView) -> set[str]:
    return {flattened(group) for group in members(view.resource.property("SecurityGroupIds"))}


def impact_of_group_property(one: PropertyChange) -> tuple[Impact, str]:
    """The class of a change that no rule of a group spoke about, and what it means."""
    if one.name in _HARMLESS:
        return Impact.HARMLESS, ""
    return _WORSE.get(one.name, Impact.BEHAVIOUR), _more(one)


def _more(change: PropertyChange) -> str:
    match change.name:
        case "PreferredMaintenanceWindow":
            return "In this window AWS patches nodes, and a failover may happen."
        case "SnapshotWindow":
            return "In this window a snapshot takes memory and may delay writes."
        case "NotificationTopicArn":
            return "Whoever hears of failovers and maintenance now hears nothing any more, unless the other topic reaches them."
        case "ClusterMode" | "NumNodeGroups" | "NodeGroupConfiguration":
            return "Clients must speak to several shards, and commands on several keys may be refused."
        case "PrimaryClusterId":
            return "Another node becomes the primary: connections to the old one are closed."
        case "UserGroupIds":
            return "Other users may log in, and others no more."
        case _:
            return ""
