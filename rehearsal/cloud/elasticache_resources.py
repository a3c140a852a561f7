"""ElastiCache's CloudFormation types."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.resource_types import Made, Properties, Providers, ResourceType, wait_until

_ONLY_IN_CLOUDFORMATION = {"NumNodeGroups"}
_MODIFIABLE = ("EngineVersion", "CacheParameterGroupName")


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
        change = {name: after[name] for name in _MODIFIABLE if name in after and after[name] != before.get(name)}
        if change:
            client.modify_replication_group(ReplicationGroupId=identifier, ApplyImmediately=True, **change)
        return wait_available(identifier)

    def create_parameters(name: str, properties: Properties) -> Made:
        lowered = name.lower()
        client.create_cache_parameter_group(
            CacheParameterGroupName=lowered,
            CacheParameterGroupFamily=properties["CacheParameterGroupFamily"],
            Description=properties["Description"],
        )
        update_parameters(lowered, {}, properties)
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


def _typed(properties: Properties) -> Properties:
    """The API takes numbers where a template may hold text."""
    numbers = {"Port", "NumCacheClusters", "SnapshotRetentionLimit"}
    return {name: int(value) if name in numbers else value for name, value in properties.items()}
