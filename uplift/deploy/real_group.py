"""A replication group as ElastiCache has it: versions and parameter groups are those of its member clusters, the group has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_elasticache.type_defs import CacheClusterTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class RealGroup:
    """Every value that a template writes and CloudFormation's own drift detection cannot read back; a set holds all members' values."""

    versions: frozenset[str]
    parameter_groups: frozenset[str]
    security_groups: frozenset[str]
    maintenance_windows: frozenset[str]
    topics: frozenset[str]
    node_types: frozenset[str]
    snapshot_window: str
    snapshot_days: int
    nodes: int
    failover: bool
    multi_az: bool
    token_set_at: datetime | None


def read_group(client: ElastiCacheClient, identifier: str) -> RealGroup | None:
    """Read a group and its members; None where there is no such group."""
    try:
        group = client.describe_replication_groups(ReplicationGroupId=identifier)["ReplicationGroups"][0]
    except client.exceptions.ReplicationGroupNotFoundFault:
        return None
    members = [client.describe_cache_clusters(CacheClusterId=member)["CacheClusters"][0] for member in group["MemberClusters"]]
    return RealGroup(
        versions=frozenset(member["EngineVersion"] for member in members),
        parameter_groups=frozenset(member["CacheParameterGroup"]["CacheParameterGroupName"] for member in members),
        security_groups=frozenset(one["SecurityGroupId"] for member in members for one in member.get("SecurityGroups", [])),
        maintenance_windows=frozenset(member.get("PreferredMaintenanceWindow", "") for member in members),
        topics=frozenset(_topic(member) for member in members),
        node_types=frozenset(member["CacheNodeType"] for member in members),
        snapshot_window=group.get("SnapshotWindow", ""),
        snapshot_days=group.get("SnapshotRetentionLimit", 0),
        nodes=len(members),
        failover=group.get("AutomaticFailover") in {"enabled", "enabling"},
        multi_az=group.get("MultiAZ") == "enabled",
        token_set_at=_token_set_at(group.get("AuthTokenLastModifiedDate"), members) if group.get("AuthTokenEnabled") else None,
    )


def secret_drawn_at(client: SecretsManagerClient, secret_id: str) -> datetime | None:
    """When the current value of a secret was made; None for a secret that is not there."""
    try:
        versions = client.list_secret_version_ids(SecretId=secret_id)["Versions"]
    except client.exceptions.ResourceNotFoundException:
        return None
    return next((one["CreatedDate"] for one in versions if "AWSCURRENT" in one.get("VersionStages", [])), None)


def _token_set_at(changed: datetime | None, members: list[CacheClusterTypeDef]) -> datetime | None:
    """A token that was never changed is as old as the group."""
    created = [member["CacheClusterCreateTime"] for member in members if "CacheClusterCreateTime" in member]
    return changed or min(created, default=None)


def _topic(member: CacheClusterTypeDef) -> str:
    notification = member.get("NotificationConfiguration", {})
    return notification.get("TopicArn", "") if notification.get("TopicStatus") == "active" else ""
