"""ElastiCache's CloudFormation types."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloud.cloudformation.resource_types import HalfMade, Made, Properties, Providers, ResourceType, wait_until
from rehearsal.cloud.errors import NotModelled

_ONLY_IN_CLOUDFORMATION = {"NumNodeGroups"}
_MODIFIABLE = (
    "AutomaticFailoverEnabled",
    "CacheNodeType",
    "CacheParameterGroupName",
    "EngineVersion",
    "MultiAZEnabled",
    "NotificationTopicArn",
    "PreferredMaintenanceWindow",
    "ReplicationGroupDescription",
    "SecurityGroupIds",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "TransitEncryptionEnabled",
)
_WITHOUT_EFFECT = ("Tags", "AutoMinorVersionUpgrade")
# What a modify says where the template no longer does.
_DEFAULTS = {"AutomaticFailoverEnabled": False, "MultiAZEnabled": False, "SnapshotRetentionLimit": 0, "TransitEncryptionEnabled": False}


def table(providers: Providers) -> dict[str, ResourceType]:
    """The three types."""
    client = providers.client("elasticache")

    def wait_available(identifier: str) -> dict[str, Any]:
        def group() -> dict[str, Any]:
            found: dict[str, Any] = client.describe_replication_groups(ReplicationGroupId=identifier)["ReplicationGroups"][0]
            return found

        wait_until(lambda: group()["Status"] == "available", f"{identifier} available")
        shard = group()["NodeGroups"][0]
        return {
            "PrimaryEndPoint.Address": shard["PrimaryEndpoint"]["Address"],
            "PrimaryEndPoint.Port": str(shard["PrimaryEndpoint"]["Port"]),
            "ReaderEndPoint.Address": shard["ReaderEndpoint"]["Address"],
            "ReaderEndPoint.Port": str(shard["ReaderEndpoint"]["Port"]),
        }

    def create_group(name: str, properties: Properties) -> Made:
        identifier = f"{name.lower()[:28].rstrip('-')}-{name.lower()[-10:]}"
        wanted = {key: value for key, value in properties.items() if key not in _ONLY_IN_CLOUDFORMATION}
        client.create_replication_group(ReplicationGroupId=identifier, **_typed(wanted))
        return identifier, wait_available(identifier)

    def update_group(identifier: str, before: Properties, after: Properties) -> dict[str, Any]:
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        if unknown := changed - {*_MODIFIABLE, *_WITHOUT_EFFECT, "NumCacheClusters"}:
            raise NotModelled(f"update of {', '.join(sorted(unknown))} of a replication group")
        asked = after.keys() | _DEFAULTS.keys()
        change = {name: after.get(name, _DEFAULTS.get(name)) for name in _MODIFIABLE if name in changed & asked}
        nodes, nodes_before = int(after.get("NumCacheClusters", 1)), int(before.get("NumCacheClusters", 1))
        # Replicas come before what needs them, and go after it.
        if nodes > nodes_before:
            client.increase_replica_count(ReplicationGroupId=identifier, NewReplicaCount=nodes - 1, ApplyImmediately=True)
            wait_available(identifier)
        if change:
            client.modify_replication_group(ReplicationGroupId=identifier, ApplyImmediately=True, **_typed(change))
            wait_until(lambda: all(reached(change, node) for node in members(identifier)), f"{identifier} as its template says")
            wait_available(identifier)
        if nodes < nodes_before:
            client.decrease_replica_count(ReplicationGroupId=identifier, NewReplicaCount=nodes - 1, ApplyImmediately=True)
        return wait_available(identifier)

    def members(identifier: str) -> list[dict[str, Any]]:
        clusters: list[dict[str, Any]] = client.describe_cache_clusters()["CacheClusters"]
        return [cluster for cluster in clusters if cluster.get("ReplicationGroupId") == identifier]

    def create_parameters(name: str, properties: Properties) -> Made:
        lowered = name.lower()
        client.create_cache_parameter_group(
            CacheParameterGroupName=lowered,
            CacheParameterGroupFamily=properties["CacheParameterGroupFamily"],
            Description=properties["Description"],
        )
        try:
            update_parameters(lowered, {}, properties)
        except ClientError as problem:
            raise HalfMade(lowered, problem) from problem
        return lowered, {"CacheParameterGroupName": lowered}

    def update_parameters(name: str, _before: Properties, after: Properties) -> dict[str, Any]:
        values = [{"ParameterName": key, "ParameterValue": value} for key, value in after.get("Properties", {}).items()]
        if values:
            client.modify_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=values)
        return {}

    def create_subnets(name: str, properties: Properties) -> Made:
        client.create_cache_subnet_group(
            CacheSubnetGroupName=name.lower(), CacheSubnetGroupDescription=properties["Description"], SubnetIds=properties["SubnetIds"]
        )
        return name.lower(), {}

    return {
        "AWS::ElastiCache::ReplicationGroup": ResourceType(
            create_group, update_group, lambda identifier, _: client.delete_replication_group(ReplicationGroupId=identifier)
        ),
        "AWS::ElastiCache::ParameterGroup": ResourceType(
            create_parameters, update_parameters, lambda name, _: client.delete_cache_parameter_group(CacheParameterGroupName=name)
        ),
        "AWS::ElastiCache::SubnetGroup": ResourceType(
            create_subnets, None, lambda name, _: client.delete_cache_subnet_group(CacheSubnetGroupName=name)
        ),
    }


def reached(change: Properties, node: dict[str, Any]) -> bool:
    """Whether a node is as a modify asked for: right after it a describe still gives the old state."""
    now = {
        "EngineVersion": node["EngineVersion"],
        "CacheParameterGroupName": node["CacheParameterGroup"]["CacheParameterGroupName"],
        "CacheNodeType": node["CacheNodeType"],
        "PreferredMaintenanceWindow": node.get("PreferredMaintenanceWindow"),
    }
    return all(now[name] == value for name, value in change.items() if name in now)


def _typed(properties: Properties) -> Properties:
    """The API takes numbers where a template may hold text."""
    numbers = {"Port", "NumCacheClusters", "SnapshotRetentionLimit"}
    return {name: int(value) if name in numbers else value for name, value in properties.items()}
