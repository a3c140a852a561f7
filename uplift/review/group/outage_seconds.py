"""How long clients lose their primary when a replication group changes in place.

Sources: ElastiCache user guide, "Version Management for ElastiCache" (with Multi-AZ 30 to 60 s of DNS below 5.0.6, from there a
few seconds of writes; without failover the primary is away throughout), "Scaling replica nodes" (from 5.0.5 a group with failover
scales while it serves, before that reads and writes stop while DNS moves), "Authenticating with AUTH", "Enabling in-transit encryption".
An upgrade of one small node took about two minutes where one was published; twenty were seen for a group.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.engines.changes import Change as EngineStep
from uplift.engines.changes import change_between
from uplift.review.finding import UNTIL_TAKEN_BACK, Finding, Impact, Seconds, finding_on
from uplift.review.group.view import GroupView
from uplift.review.templates.differences import Change

_WRITES_STOP_FOR_SECONDS = Seconds(2, 10)
_DNS_MOVES = Seconds(30, 60)
_WHOLE_UPGRADE = Seconds(120, 1200)
_FAILOVER_IN_SECONDS_SINCE = (5, 0, 6)
_SCALES_ONLINE_SINCE = (5, 0, 5)


def outages(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    """Everything in an in-place change of a group that cuts clients off."""
    yield from _upgrade(change, before, after)
    yield from _scaling(change, before, after)
    yield from _lost_failover(change, before, after)
    yield from _tls_mode(change, before, after)
    yield from _token(change, before, after)


def _upgrade(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if before.version_text == after.version_text and before.engine is after.engine:
        return
    if before.version and after.version and change_between(before.version, after.version).change is not EngineStep.UPGRADE:
        return
    seconds, why = _upgrade_seconds(before)
    yield finding_on(
        change,
        Impact.OUTAGE,
        f"{before.name} → {after.name}",
        f"{why} Every open connection is closed. The engine cannot be taken back: a snapshot brings the data, never the version.",
        "deploy in a quiet hour, with a snapshot from just before",
        outage=seconds,
        about=("Engine", "EngineVersion"),
    )


def _upgrade_seconds(before: GroupView) -> tuple[Seconds, str]:
    if not before.keeps_a_primary:
        return _WHOLE_UPGRADE, "There is no failover, so the primary is away for the whole upgrade."
    if before.version is not None and before.version.number >= _FAILOVER_IN_SECONDS_SINCE:
        return _WRITES_STOP_FOR_SECONDS, "Replicas go first, then a failover: reads go on and writes stop for seconds."
    return _DNS_MOVES, "Replicas go first, then a failover: below 5.0.6 clients wait until DNS names the new primary."


def _scaling(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if before.node_type == after.node_type:
        return
    online = before.version is not None and before.version.number >= _SCALES_ONLINE_SINCE
    if not before.keeps_a_primary:
        seconds, why = _WHOLE_UPGRADE, "There is no failover, so the primary is away until its data is on the new node."
    elif online:
        seconds, why = _WRITES_STOP_FOR_SECONDS, "New nodes are synchronised, then take over."
    else:
        seconds, why = _DNS_MOVES, "New nodes are synchronised, then take over: below 5.0.5 clients wait until DNS names the new primary."
    yield finding_on(
        change,
        Impact.OUTAGE,
        f"node type {before.node_type or '(not set)'} → {after.node_type or '(not set)'}",
        f"{why} Connections to the old nodes are closed. A smaller type must hold all data and a quarter more.",
        "compare DatabaseMemoryUsagePercentage with the new type's memory first",
        outage=seconds,
        about=("CacheNodeType",),
    )


def _lost_failover(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if before.keeps_a_primary and not after.keeps_a_primary:
        what = "failover off" if not after.failover else "only one node"
        yield finding_on(
            change,
            Impact.OUTAGE,
            what,
            "Nothing is cut off now, but from then on any failure, maintenance or upgrade of the primary stops the application.",
            "keep failover on with two nodes",
            outage=UNTIL_TAKEN_BACK,
            about=("AutomaticFailoverEnabled",) if not after.failover else ("NumCacheClusters", "ReplicasPerNodeGroup"),
        )


def _tls_mode(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    if not (before.tls and after.tls) or before.tls_mode == after.tls_mode:
        return
    if after.tls_mode == "required":
        yield finding_on(
            change,
            Impact.OUTAGE,
            "TLS preferred → required",
            "Clients without TLS are refused from then on.",
            "see that every client uses rediss:// first",
            outage=UNTIL_TAKEN_BACK,
            about=("TransitEncryptionMode",),
        )


def _token(change: Change, before: GroupView, after: GroupView) -> Iterator[Finding]:
    follows = change.changed("AuthToken")
    is_another = before.token != after.token or (follows is not None and follows.follows)
    if before.token is not None and after.token is not None and is_another:
        yield finding_on(
            change,
            Impact.OUTAGE,
            "another AUTH token",
            "Clients that keep the old token are refused when they next connect, once it is retired.",
            "rotate with `uplift rotate-token`, which keeps both valid meanwhile, and leave the template's reference as it is",
            outage=UNTIL_TAKEN_BACK,
            about=("AuthToken",),
        )
