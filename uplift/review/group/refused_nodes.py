"""Node types, numbers of nodes, failover and cluster mode that ElastiCache refuses.

Sources: ElastiCache user guide, "Supported node types", "High availability using replication groups" and "Modifying cluster mode"; API
reference, CreateReplicationGroup: cluster mode needs automatic failover, and one shard without cluster mode needs a replica for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from uplift.engines.nodes import family_of, usable_families
from uplift.review.group.asked import cluster_enabled, flag, has_shards, is_known, is_set, lacks, mode, number
from uplift.review.group.refusal import Refusal, about
from uplift.review.group.view import GroupView
from uplift.review.templates.schemas import node_types

_MOST_NODES = 6
_NO_LONGER_MADE = "t2"
_CLUSTER_MODE_SINCE = (7, 0)


def refused_nodes(before: GroupView | None, after: GroupView, *, region: str) -> Iterator[Refusal]:
    """What is refused of the nodes of a group."""
    if after.node_type and is_known(after.node_type):
        yield from _node_type(before, after, region)
    yield from _failover(after)
    yield from _count(after)
    yield from _cluster_mode(before, after)


def _node_type(before: GroupView | None, after: GroupView, region: str) -> Iterator[Refusal]:
    name, family = after.node_type, family_of(after.node_type)
    properties = about("CacheNodeType")
    if name not in node_types(""):
        nearest = "name one that there is, such as cache.r5.large"
        yield Refusal(f"node type {name}", "ElastiCache has no such node type", nearest, properties)
        return
    if name not in node_types(region):
        place = "in GovCloud" if region.startswith("us-gov-") else f"in {region}"
        yield Refusal(f"node type {name}", f"it is not offered {place}", "use another family, such as r5", properties)
        return
    if name.split(".")[1] == _NO_LONGER_MADE and (before is None or before.node_type != name):
        yield Refusal(f"node type {name}", "t2 nodes can no longer be created", "use t3 or t4g", properties)
    elif family is not None and lacks(after, family.oldest_redis):
        usable = ", ".join(usable_families(after.version.number, region=region)) if after.version is not None else ""
        yield Refusal(
            f"node type {name} with {after.name}",
            f"it runs Redis {'.'.join(map(str, family.oldest_redis))} and newer",
            f"use one of {usable}",
            properties,
        )


def _failover(after: GroupView) -> Iterator[Refusal]:
    failover, shards = flag(after, "AutomaticFailoverEnabled"), has_shards(after)
    properties = about("AutomaticFailoverEnabled")
    if failover is False and shards and is_set(after, "AutomaticFailoverEnabled"):
        yield Refusal("cluster mode without failover", "cluster mode needs automatic failover", "switch failover on", properties)
    nodes = _nodes(after)
    if failover and shards is False and nodes is not None and nodes < 2:
        yield Refusal(
            "failover with one node",
            "automatic failover needs a replica to fail over to",
            "keep two nodes, or switch failover off as well",
            properties | about("NumCacheClusters"),
        )
    if flag(after, "MultiAZEnabled") and failover is False and not shards:
        yield Refusal(
            "Multi-AZ without failover", "Multi-AZ needs automatic failover", "set both or neither", properties | about("MultiAZEnabled")
        )


def _nodes(group: GroupView) -> int | None:
    """Primary and replicas of a shard; None where that is not known here. A group around a cluster that exists has its nodes."""
    for name, more in (("NumCacheClusters", 0), ("ReplicasPerNodeGroup", 1)):
        if group.resource.property(name) is not None:
            found = number(group, name)
            return None if found is None else int(found) + more
    elsewhere = ("PrimaryClusterId", "GlobalReplicationGroupId", "NodeGroupConfiguration", "PreferredCacheClusterAZs")
    return None if any(is_set(group, name) for name in elsewhere) else 1


def _count(after: GroupView) -> Iterator[Refusal]:
    # The schema has a range for NumCacheClusters, and none for this.
    replicas = number(after, "ReplicasPerNodeGroup")
    if replicas is not None and not 0 <= replicas < _MOST_NODES:
        action = f"allowed: 0 to {_MOST_NODES - 1}"
        yield Refusal(f"{replicas:.0f} replicas", f"a shard has up to {_MOST_NODES} nodes", action, about("ReplicasPerNodeGroup"))
    shards, name = number(after, "NumNodeGroups"), mode(after)
    if shards is not None and shards < 1:
        yield Refusal(f"{shards:.0f} shards", "a group has at least one", "allowed: 1 to 500", about("NumNodeGroups"))
    elif shards is not None and shards > 1 and (cluster_enabled(after) == "no" or name == "disabled"):
        yield Refusal(
            f"{shards:.0f} shards without cluster mode",
            "more than one shard needs a parameter group with cluster-enabled: yes",
            "use such a group, or one shard",
            about("NumNodeGroups", "CacheParameterGroupName"),
        )


def _cluster_mode(before: GroupView | None, after: GroupView) -> Iterator[Refusal]:
    """API reference, ModifyReplicationGroup, ClusterMode: from disabled to enabled by way of compatible, and never back."""
    new = mode(after)
    if new is None:
        return
    properties = about("ClusterMode")
    if new != "disabled" and lacks(after, _CLUSTER_MODE_SINCE):
        yield Refusal(
            f"ClusterMode {new} with {after.name}", "ClusterMode is for Redis 7.0 and newer", "upgrade first, or leave it out", properties
        )
    if before is None:
        return
    has_had = has_shards(before)
    old = mode(before) or (
        {True: "enabled", False: "disabled"}[has_had] if has_had is not None and not is_set(before, "ClusterMode") else None
    )
    if old == "disabled" and new == "enabled":
        yield Refusal(
            "ClusterMode disabled → enabled",
            "an existing group has to be compatible first",
            "set compatible in a deploy of its own, move the clients, then set enabled",
            properties,
        )
    elif old == "enabled" and new != "enabled":
        yield Refusal(f"ClusterMode enabled → {new}", "cluster mode cannot be taken back", "keep enabled", properties)
