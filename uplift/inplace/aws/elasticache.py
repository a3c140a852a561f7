"""ElastiCache as the in-place upgrade reads it, into typed values, and the run's snapshot. The one modify is in engine_change.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from uplift.aws_calls import throttling_named
from uplift.engines.catalogue import Engine
from uplift.errors import RunRefused
from uplift.inplace.records.observation import MemberCluster, Observation, Role, SnapshotObservation
from uplift.settings.legacy import LegacyKind

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_elasticache.type_defs import CacheClusterTypeDef, ReplicationGroupTypeDef, SnapshotTypeDef, TagTypeDef

_MOST_EVENTS = 20


class LegacyCache:
    """The legacy replication group or standalone cluster, by id."""

    def __init__(self, client: ElastiCacheClient, kind: LegacyKind, identifier: str) -> None:
        self.client = client
        self.kind = kind
        self.id = identifier

    def observe(self) -> Observation:
        """Read the group and every node. Raises Throttled, or RunRefused where there is no such group."""
        with throttling_named():
            try:
                return self._standalone() if self.kind is LegacyKind.STANDALONE else self._group()
            except (self.client.exceptions.ReplicationGroupNotFoundFault, self.client.exceptions.CacheClusterNotFoundFault) as problem:
                raise RunRefused(f"no {self.kind} named {self.id}: check legacy.kind and legacy.id") from problem

    def _group(self) -> Observation:
        group = self.client.describe_replication_groups(ReplicationGroupId=self.id)["ReplicationGroups"][0]
        roles, addresses = _group_nodes(group)
        members = tuple(
            _member(self._cluster(identifier), roles.get(identifier, Role.REPLICA), addresses.get(identifier, ("", 0)))
            for identifier in group["MemberClusters"]
        )
        return Observation(
            kind=self.kind,
            id=self.id,
            status=group["Status"],
            automatic_failover=group.get("AutomaticFailover") in ("enabled", "enabling"),
            pending=_pending(group.get("PendingModifiedValues", {})),
            members=members,
            backup_window=_backup_window(group),
        )

    def _standalone(self) -> Observation:
        cluster = self._cluster(self.id)
        nodes = cluster.get("CacheNodes", [])
        endpoint = nodes[0].get("Endpoint", {}) if nodes else {}
        member = _member(cluster, Role.PRIMARY, (endpoint.get("Address", ""), endpoint.get("Port", 0)))
        return Observation(
            kind=self.kind,
            id=self.id,
            status=cluster["CacheClusterStatus"],
            automatic_failover=False,
            pending=(),
            members=(member,),
            backup_window=_backup_window(cluster),
        )

    def _cluster(self, identifier: str) -> CacheClusterTypeDef:
        return self.client.describe_cache_clusters(CacheClusterId=identifier, ShowCacheNodeInfo=True)["CacheClusters"][0]

    def user_parameters(self, observation: Observation) -> Mapping[str, str]:
        """What a person set in the parameter group legacy uses now; empty for a default group."""
        group = observation.members[0].parameter_group
        if group.startswith("default."):
            return {}
        return self.parameters_of(group)

    def parameters_of(self, parameter_group: str) -> Mapping[str, str]:
        """What a person set in one parameter group (Source=user)."""
        with throttling_named():
            pages = self.client.get_paginator("describe_cache_parameters").paginate(CacheParameterGroupName=parameter_group, Source="user")
            return {item["ParameterName"]: item.get("ParameterValue", "") for page in pages for item in page["Parameters"]}

    def service_updates(self) -> Mapping[str, str]:
        """The status of every service update that concerns legacy, by name."""
        scope: Any = {"CacheClusterIds": [self.id]} if self.kind is LegacyKind.STANDALONE else {"ReplicationGroupIds": [self.id]}
        with throttling_named():
            pages = self.client.get_paginator("describe_update_actions").paginate(**scope)
            return {item["ServiceUpdateName"]: item["UpdateActionStatus"] for page in pages for item in page["UpdateActions"]}

    def manual_snapshots_since(self, node_id: str, since: datetime) -> int:
        """How many manual snapshots of one node began after `since`; the quota counts a rolling 24 hours."""
        with throttling_named():
            pages = self.client.get_paginator("describe_snapshots").paginate(CacheClusterId=node_id, SnapshotSource="user")
            created = [_created_at(snapshot) for page in pages for snapshot in page["Snapshots"]]
        return sum(1 for created_at in created if created_at is not None and created_at >= since)

    def snapshot(self, name: str) -> SnapshotObservation | None:
        """The snapshot of that name; None where there is none."""
        with throttling_named():
            try:
                found = self.client.describe_snapshots(SnapshotName=name)["Snapshots"]
            except self.client.exceptions.SnapshotNotFoundFault:
                return None
        return _snapshot(found[0]) if found else None

    def snapshots_named(self, prefix: str) -> list[SnapshotObservation]:
        """Every manual snapshot whose name begins so, of whatever cluster."""
        with throttling_named():
            pages = self.client.get_paginator("describe_snapshots").paginate(SnapshotSource="user")
            return [_snapshot(found) for page in pages for found in page["Snapshots"] if found["SnapshotName"].startswith(prefix)]

    def events_of(self, observation: Observation, seconds: int) -> list[str]:
        """The events ElastiCache has of legacy and its nodes in the last `seconds`, oldest first; at most 14 days are kept."""
        names = {observation.id, *(member.id for member in observation.members)}
        minutes = min(14 * 24 * 60, seconds // 60 + 2)
        with throttling_named():
            pages = self.client.get_paginator("describe_events").paginate(Duration=minutes)
            events = [event for page in pages for event in page["Events"] if event.get("SourceIdentifier") in names]
        events.sort(key=lambda event: event["Date"])
        return [f"event {event['Date']:%H:%M:%S} {event['SourceIdentifier']}: {event['Message']}" for event in events[-_MOST_EVENTS:]]

    def create_snapshot(self, name: str, node_id: str, tags: Mapping[str, str]) -> str:
        """Begin a snapshot of one node, with tags. One that exists already under this name is this run's own and is fine.

        Returns why it cannot be begun yet, as while a backup of legacy is under way; empty where it was begun.
        """
        faults = self.client.exceptions
        with throttling_named():
            try:
                self.client.create_snapshot(SnapshotName=name, CacheClusterId=node_id, Tags=as_tags(tags))
            except faults.SnapshotAlreadyExistsFault:
                return ""
            except faults.SnapshotQuotaExceededFault as problem:
                raise RunRefused(f"{node_id} has used up its 20 manual snapshots of 24 hours") from problem
            except (faults.InvalidCacheClusterStateFault, faults.InvalidReplicationGroupStateFault) as problem:
                return f"no snapshot can be begun yet: {problem.response['Error'].get('Message', '')}"
        return ""


def as_tags(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Tags as ElastiCache takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def a_day_before(now: datetime) -> datetime:
    """Where the rolling 24 hours of the snapshot quota begin."""
    return now - timedelta(days=1)


def _group_nodes(group: ReplicationGroupTypeDef) -> tuple[dict[str, Role], dict[str, tuple[str, int]]]:
    roles: dict[str, Role] = {}
    addresses: dict[str, tuple[str, int]] = {}
    for shard in group.get("NodeGroups", []):
        for node in shard.get("NodeGroupMembers", []):
            roles[node["CacheClusterId"]] = Role(node.get("CurrentRole", Role.REPLICA))
            endpoint = node.get("ReadEndpoint", {})
            addresses[node["CacheClusterId"]] = (endpoint.get("Address", ""), endpoint.get("Port", 0))
    return roles, addresses


def _member(cluster: CacheClusterTypeDef, role: Role, address: tuple[str, int]) -> MemberCluster:
    parameters = cluster.get("CacheParameterGroup", {})
    return MemberCluster(
        id=cluster["CacheClusterId"],
        status=cluster["CacheClusterStatus"],
        engine=Engine(cluster["Engine"]),
        engine_version=cluster["EngineVersion"],
        node_type=cluster["CacheNodeType"],
        role=role,
        host=address[0],
        port=address[1],
        parameter_group=parameters.get("CacheParameterGroupName", ""),
        parameter_status=parameters.get("ParameterApplyStatus", ""),
        pending=_pending(cluster.get("PendingModifiedValues", {})),
        subnet_group=cluster.get("CacheSubnetGroupName", ""),
        security_group_ids=tuple(group["SecurityGroupId"] for group in cluster.get("SecurityGroups", [])),
        maintenance_window=cluster.get("PreferredMaintenanceWindow", ""),
    )


def _backup_window(described: ReplicationGroupTypeDef | CacheClusterTypeDef) -> str:
    return described.get("SnapshotWindow", "") if described.get("SnapshotRetentionLimit") else ""


def _pending(values: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in values.items() if value))


def _snapshot(snapshot: SnapshotTypeDef) -> SnapshotObservation:
    nodes = snapshot.get("NodeSnapshots", [])
    return SnapshotObservation(
        name=snapshot["SnapshotName"],
        status=snapshot["SnapshotStatus"],
        source_id=snapshot.get("CacheClusterId") or snapshot.get("ReplicationGroupId", ""),
        engine_version=snapshot.get("EngineVersion", ""),
        created_at=_created_at(snapshot),
        size=nodes[0].get("CacheSize", "") if nodes else "",
    )


def _created_at(snapshot: SnapshotTypeDef) -> datetime | None:
    times = [node["SnapshotCreateTime"] for node in snapshot.get("NodeSnapshots", []) if "SnapshotCreateTime" in node]
    return max(times).astimezone(UTC) if times else None
