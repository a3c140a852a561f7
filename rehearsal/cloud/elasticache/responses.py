"""The wire side of the local ElastiCache: requests in, answers of botocore's shapes out."""

from __future__ import annotations

from typing import Any

import moto.elasticache.urls
from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from rehearsal.cloud.elasticache import parameters as families
from rehearsal.cloud.elasticache.node_factory import apply_parameters
from rehearsal.cloud.elasticache.service import ElastiCache
from rehearsal.cloud.elasticache.state import Group, Node, ParameterGroup, Snapshot
from rehearsal.cloud.errors import refused


class ElastiCacheResponses(BaseResponse):
    """One method an action; an action without a method fails by name."""

    service: ElastiCache

    def __init__(self) -> None:
        super().__init__(service_name="elasticache")
        self.automated_parameter_parsing = True

    def create_replication_group(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": _group(self.service.create_group(self._get_params()))})

    def modify_replication_group(self) -> ActionResult:
        params = self._get_params()
        change = self.service.rotate_token if "AuthToken" in params else self.service.modify_group
        return ActionResult({"ReplicationGroup": _group(change(params))})

    def increase_replica_count(self) -> ActionResult:
        return self._change_replicas()

    def decrease_replica_count(self) -> ActionResult:
        return self._change_replicas()

    def _change_replicas(self) -> ActionResult:
        params = self._get_params()
        return ActionResult(
            {"ReplicationGroup": _group(self.service.change_replicas(params["ReplicationGroupId"], int(params["NewReplicaCount"])))}
        )

    def modify_cache_cluster(self) -> ActionResult:
        return ActionResult({"CacheCluster": _cluster(self.service.modify_standalone(self._get_params()))})

    def delete_replication_group(self) -> ActionResult:
        params = self._get_params()
        group = self.service.delete_group(params["ReplicationGroupId"], params.get("FinalSnapshotIdentifier"))
        return ActionResult({"ReplicationGroup": _group(group)})

    def describe_replication_groups(self) -> ActionResult:
        wanted = self._get_params().get("ReplicationGroupId")
        state = self.service.state
        groups = [state.group(wanted)] if wanted else list(state.groups.values())
        return ActionResult({"ReplicationGroups": [_group(group) for group in groups]})

    def describe_cache_clusters(self) -> ActionResult:
        wanted = self._get_params().get("CacheClusterId")
        state = self.service.state
        nodes = [state.node(wanted)] if wanted else state.nodes()
        return ActionResult({"CacheClusters": [_cluster(node) for node in nodes]})

    def create_snapshot(self) -> ActionResult:
        params = self._get_params()
        if "ReplicationGroupId" in params:
            raise refused(
                "InvalidParameterCombination", "a replication group with cluster mode disabled is snapshotted by one of its CacheClusterIds"
            )
        snapshot = self.service.create_snapshot(params["SnapshotName"], params["CacheClusterId"])
        snapshot.tags = params.get("Tags", [])
        return ActionResult({"Snapshot": _snapshot(snapshot)})

    def list_tags_for_resource(self) -> ActionResult:
        """Of snapshots and replication groups, which are given theirs when they are made."""
        kind, name = self._get_params()["ResourceName"].split(":")[-2:]
        state = self.service.state
        tags = state.snapshots[name].tags if kind == "snapshot" else state.group(name).properties.get("Tags", [])
        return ActionResult({"TagList": tags})

    def describe_snapshots(self) -> ActionResult:
        params = self._get_params()
        snapshots = list(self.service.state.snapshots.values())
        if name := params.get("SnapshotName"):
            snapshots = [snapshot for snapshot in snapshots if snapshot.name == name]
            if not snapshots:
                raise refused("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        if node_id := params.get("CacheClusterId"):
            self.service.state.node(node_id)
            snapshots = [snapshot for snapshot in snapshots if snapshot.node_id == node_id]
        return ActionResult({"Snapshots": [_snapshot(snapshot) for snapshot in snapshots]})

    def delete_snapshot(self) -> ActionResult:
        name = self._get_params()["SnapshotName"]
        if name not in self.service.state.snapshots:
            raise refused("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        return ActionResult({"Snapshot": _snapshot(self.service.state.snapshots.pop(name))})

    def describe_update_actions(self) -> ActionResult:
        if not self.service.faults.is_on("service-update"):
            return ActionResult({"UpdateActions": []})
        action = {"ServiceUpdateName": "elasticache-20261201-001", "UpdateActionStatus": "in-progress"}
        return ActionResult({"UpdateActions": [action]})

    def describe_events(self) -> ActionResult:
        wanted = self._get_params().get("SourceIdentifier")
        events = [event for event in self.service.state.events if wanted in (None, event.source)]
        return ActionResult(
            {
                "Events": [
                    {"SourceIdentifier": event.source, "SourceType": event.source_type, "Message": event.message, "Date": event.date}
                    for event in events
                ]
            }
        )

    def create_cache_parameter_group(self) -> ActionResult:
        params = self._get_params()
        name, family = params["CacheParameterGroupName"].lower(), params["CacheParameterGroupFamily"]
        families.check_family(family)
        if name in self.service.state.parameter_groups:
            raise refused("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists")
        group = ParameterGroup(name, family, params["Description"])
        self.service.state.parameter_groups[name] = group
        return ActionResult({"CacheParameterGroup": _parameter_group(group)})

    def modify_cache_parameter_group(self) -> ActionResult:
        params = self._get_params()
        group = self.service.state.parameter_group(params["CacheParameterGroupName"])
        values = {item["ParameterName"]: item["ParameterValue"] for item in params["ParameterNameValues"]}
        families.check_parameters(group.family, values)
        group.values.update(values)
        # Changes reach every node that uses the group, without a reboot (user guide, "Modifying a parameter group").
        for node in self.service.state.nodes():
            if node.parameter_group == group.name:
                apply_parameters(node, values)
        return ActionResult({"CacheParameterGroupName": group.name})

    def delete_cache_parameter_group(self) -> EmptyResult:
        name = self._get_params()["CacheParameterGroupName"]
        if any(node.parameter_group == name for node in self.service.state.nodes()):
            raise refused("InvalidCacheParameterGroupState", f"{name} is associated with at least one cache cluster")
        del self.service.state.parameter_groups[name]
        return EmptyResult()

    def describe_cache_parameter_groups(self) -> ActionResult:
        wanted = self._get_params().get("CacheParameterGroupName")
        state = self.service.state
        groups = [state.parameter_group(wanted)] if wanted else list(state.parameter_groups.values())
        return ActionResult({"CacheParameterGroups": [_parameter_group(group) for group in groups]})

    def describe_cache_parameters(self) -> ActionResult:
        group = self.service.state.parameter_group(self._get_params()["CacheParameterGroupName"])
        return ActionResult(
            {"Parameters": [{"ParameterName": name, "ParameterValue": value, "Source": "user"} for name, value in group.values.items()]}
        )

    def create_cache_subnet_group(self) -> ActionResult:
        params = self._get_params()
        name = params["CacheSubnetGroupName"].lower()
        self.service.state.subnet_groups[name] = params["SubnetIds"]
        return ActionResult({"CacheSubnetGroup": {"CacheSubnetGroupName": name}})

    def delete_cache_subnet_group(self) -> EmptyResult:
        del self.service.state.subnet_groups[self._get_params()["CacheSubnetGroupName"]]
        return EmptyResult()


def install(service: ElastiCache) -> None:
    """Put this in place of moto's own ElastiCache."""
    ElastiCacheResponses.service = service
    moto.elasticache.urls.url_paths["{0}/$"] = ElastiCacheResponses.dispatch


def _address(host: str, port: int) -> dict[str, Any]:
    return {"Address": host, "Port": port}


def _group(group: Group) -> dict[str, Any]:
    members = [
        {
            "CacheClusterId": node.id,
            "CacheNodeId": "0001",
            "ReadEndpoint": _address(node.endpoint.host, node.endpoint.port),
            "CurrentRole": "primary" if node.id == group.primary_id else "replica",
        }
        for node in group.nodes
    ]
    shard = {
        "NodeGroupId": "0001",
        "Status": group.status,
        "PrimaryEndpoint": _address(group.primary_endpoint.host, group.primary_endpoint.port),
        "ReaderEndpoint": _address(group.reader_endpoint.host, group.reader_endpoint.port),
        "NodeGroupMembers": members,
    }
    return {
        "ReplicationGroupId": group.id,
        "Description": group.description,
        "Status": group.status,
        "PendingModifiedValues": {},
        "MemberClusters": [node.id for node in group.nodes],
        "NodeGroups": [shard],
        "AutomaticFailover": "enabled" if group.automatic_failover else "disabled",
        "MultiAZ": "enabled" if group.multi_az else "disabled",
        "ClusterEnabled": False,
        "CacheNodeType": group.primary.node_type,
        **{name: group.properties[name] for name in ("SnapshotRetentionLimit", "SnapshotWindow") if name in group.properties},
        "AuthTokenEnabled": group.tokens is not None,
        **({"AuthTokenLastModifiedDate": group.token_changed_at} if group.token_changed_at else {}),
        "TransitEncryptionEnabled": group.tls,
        "Engine": "redis",
    }


def _cluster(node: Node) -> dict[str, Any]:
    return {
        "CacheClusterId": node.id,
        "CacheNodeType": node.node_type,
        "Engine": "redis",
        "EngineVersion": node.engine_version,
        "CacheClusterStatus": node.status,
        "CacheClusterCreateTime": node.created_at,
        "NumCacheNodes": 1,
        "PendingModifiedValues": dict(node.pending),
        "CacheParameterGroup": {
            "CacheParameterGroupName": node.parameter_group,
            "ParameterApplyStatus": node.parameter_status,
            "CacheNodeIdsToReboot": [],
        },
        "CacheNodes": [
            {"CacheNodeId": "0001", "CacheNodeStatus": node.status, "Endpoint": _address(node.endpoint.host, node.endpoint.port)}
        ],
        "CacheSubnetGroupName": node.subnet_group,
        **({"PreferredMaintenanceWindow": node.maintenance_window} if node.maintenance_window else {}),
        **({"NotificationConfiguration": {"TopicArn": node.topic, "TopicStatus": node.topic_status}} if node.topic else {}),
        "SecurityGroups": [{"SecurityGroupId": group, "Status": "active"} for group in node.security_groups],
        **({"ReplicationGroupId": node.group_id} if node.group_id else {}),
    }


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    node: dict[str, Any] = {"CacheNodeId": "0001"}
    if snapshot.created_at is not None:
        node |= {"SnapshotCreateTime": snapshot.created_at, "CacheSize": f"{max(1, snapshot.size_bytes // 2**20)} MB"}
    return {
        "SnapshotName": snapshot.name,
        "CacheClusterId": snapshot.node_id,
        "SnapshotStatus": snapshot.status,
        "SnapshotSource": "manual",
        "CacheNodeType": snapshot.node_type,
        "Engine": "redis",
        "EngineVersion": snapshot.engine_version,
        "NodeSnapshots": [node],
    }


def _parameter_group(group: ParameterGroup) -> dict[str, Any]:
    return {"CacheParameterGroupName": group.name, "CacheParameterGroupFamily": group.family, "Description": group.description}
