"""ElastiCache's API over real servers: the actions our templates and functions use; anything else is an error naming it.

Answers and error codes follow the API reference; statuses take time and run in threads of their own.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.cloud.elasticache import parameters as families
from rehearsal.cloud.elasticache import replicas
from rehearsal.cloud.elasticache.auth_tokens import AuthTokens
from rehearsal.cloud.elasticache.engine_upgrade import EngineUpgrade
from rehearsal.cloud.elasticache.group_settings import apply_settings, check_settings
from rehearsal.cloud.elasticache.modification import Change, as_numbers
from rehearsal.cloud.elasticache.node_factory import NodeFactory, apply_parameters
from rehearsal.cloud.elasticache.snapshots import Snapshots
from rehearsal.cloud.elasticache.state import AVAILABLE, Group, Node, ParameterGroup, Snapshot, State, Topics
from rehearsal.cloud.errors import NotModelled, refused
from rehearsal.cloud.faults import Faults
from rehearsal.cloud.timing import Timing


class ElastiCache:
    """The service: state, and the work that changes it."""

    def __init__(self, factory: NodeFactory, timing: Timing, faults: Faults, topics: Topics) -> None:
        self.topics = topics
        self.state = State(topics=topics)
        self.factory, self.timing, self.faults = factory, timing, faults
        self._snapshots = Snapshots(self.state, timing, faults, factory.authority_file.parent / "snapshots")
        self._lock = threading.RLock()

    def create_group(self, spec: dict[str, Any], *, by_amazon_in_the_past: bool = False) -> Group:
        """Make a group. Versions below 4.0.10 cannot be created any more; legacy was, long ago."""
        version = spec.get("EngineVersion", self.factory.versions[-1])
        if version == "3.2.6" and not by_amazon_in_the_past:
            raise refused("InvalidParameterCombination", f"Cannot find version {version} for redis")
        identifier = spec["ReplicationGroupId"]
        with self._lock:
            if identifier in self.state.groups:
                raise refused("ReplicationGroupAlreadyExists", f"Replication group {identifier} already exists.")
            if "SnapshotName" in spec:
                spec = spec | {"_Rdb": self._snapshot_to_restore(spec["SnapshotName"], version)}
            parameters = self._parameters_for(version, spec.get("CacheParameterGroupName"))
            group = self._build_group(identifier, version, parameters, spec)
            self.state.groups[identifier] = group
        self._later(lambda: self._finish_creating(group))
        return group

    def _snapshot_to_restore(self, name: str, version: str) -> Path:
        """The file of a snapshot, which only its own engine version or a newer one may read (user guide, "Restoring from a backup")."""
        snapshot = self.state.snapshots.get(name)
        if snapshot is None:
            raise refused("InvalidParameterValue", f"Snapshot {name} not found.")
        if snapshot.status != AVAILABLE:
            raise refused("InvalidParameterValue", f"Snapshot {name} is {snapshot.status}")
        if as_numbers(version) < as_numbers(snapshot.engine_version):
            raise refused("InvalidParameterCombination", f"Cannot restore {snapshot.engine_version} into {version}")
        return snapshot.path

    def _build_group(self, identifier: str, version: str, parameters: ParameterGroup, spec: dict[str, Any]) -> Group:
        tls, token = bool(spec.get("TransitEncryptionEnabled")), spec.get("AuthToken")
        if token and not tls:
            raise refused("InvalidParameterCombination", "AuthToken needs TransitEncryptionEnabled")
        tokens = AuthTokens(token) if token else None
        password = tokens.server_password if tokens is not None else None
        servers = [self.factory.server(version, password=password, rdb=spec.get("_Rdb"))]
        servers += [self.factory.server(version, password=password) for _ in range(_node_count(spec) - 1)]
        nodes = [
            Node(
                f"{identifier}-{i:03}",
                spec["CacheNodeType"],
                version,
                parameters.name,
                s,
                self.factory.endpoint(s, tls=tls, tokens=tokens),
                group_id=identifier,
                subnet_group=spec.get("CacheSubnetGroupName", "default"),
                security_groups=tuple(spec.get("SecurityGroupIds", ())),
            )
            for i, s in enumerate(servers, start=1)
        ]
        for node in nodes:
            apply_parameters(node, parameters.values)
        for replica in servers[1:]:
            replica.follow(servers[0])
        group = Group(
            id=identifier,
            description=spec.get("ReplicationGroupDescription", ""),
            nodes=nodes,
            primary_id=nodes[0].id,
            primary_endpoint=self.factory.endpoint(servers[0], tls=tls, tokens=tokens),
            reader_endpoint=self.factory.endpoint(servers[-1], tls=tls, tokens=tokens),
            automatic_failover=bool(spec.get("AutomaticFailoverEnabled")),
            multi_az=bool(spec.get("MultiAZEnabled")),
            tls=tls,
            tokens=tokens,
            properties={name: value for name, value in spec.items() if name != "AuthToken"},
        )
        apply_settings(group, spec, self.topics)
        return group

    def create_standalone(self, identifier: str, version: str, node_type: str, rdb: Any) -> Node:
        """Make a standalone cluster, as legacy may be one."""
        parameters = self._parameters_for(version, None)
        server = self.factory.server(version, rdb=rdb)
        node = Node(identifier, node_type, version, parameters.name, server, self.factory.endpoint(server, tls=False))
        apply_parameters(node, parameters.values)
        node.status = AVAILABLE
        self.state.standalone[identifier] = node
        return node

    def _finish_creating(self, group: Group) -> None:
        time.sleep(self.timing.status_seconds)
        for node in group.nodes:
            node.status = AVAILABLE
        group.status = AVAILABLE

    def modify_group(self, spec: dict[str, Any]) -> Group:
        """Change engine, parameter group, node type or settings at once."""
        group = self.state.group(spec["ReplicationGroupId"])
        with self._lock:
            _check_modifiable(group)
            check_settings(group, spec)
            change = self._change(group.nodes, spec)
            group.changing = True
        self._later(lambda: self._apply_to_group(group, change, spec))
        return group

    def _apply_to_group(self, group: Group, change: Change, spec: dict[str, Any]) -> None:
        # For a short time a describe still gives the old state (aws-controllers-k8s, elasticache-controller PR 188).
        time.sleep(self.timing.status_seconds)
        group.status = "modifying"
        group.properties.update(spec)
        if self.faults.is_on("upgrade-refused-later"):
            time.sleep(self.timing.status_seconds)
            self.state.add_event(group.id, "replication-group", "Unable to upgrade the engine: not enough memory to synchronise")
        else:
            node_type = spec.get("CacheNodeType", group.primary.node_type)
            if change.version is not None or node_type != group.primary.node_type:
                # Scaling is the same dance: successors are synchronised, then take over (user guide, "Scaling replica nodes").
                self._upgrade(change.version or group.primary.engine_version, change.parameters).group(group)
            else:
                self._apply_parameters(group.nodes, change.parameters)
            for node in group.nodes:
                node.node_type = node_type
            apply_settings(group, spec, self.topics)
        group.status, group.changing = AVAILABLE, False

    def change_replicas(self, identifier: str, count: int) -> Group:
        """IncreaseReplicaCount and DecreaseReplicaCount; the primary always stays."""
        group = self.state.group(identifier)
        with self._lock:
            _check_modifiable(group)
            replicas.check(group, count)
            group.changing, group.status = True, "modifying"
        self._later(lambda: replicas.change(group, count, self.factory, self.state))
        return group

    def rotate_token(self, spec: dict[str, Any]) -> Group:
        """Change a group's AUTH token; ROTATE, the default, keeps the old one beside the new one until SET."""
        group = self.state.group(spec["ReplicationGroupId"])
        strategy = spec.get("AuthTokenUpdateStrategy", "ROTATE")
        with self._lock:
            _check_modifiable(group)
            if group.tokens is None or strategy not in ("ROTATE", "SET") or spec.get("ApplyImmediately") is not True:
                raise NotModelled(f"AuthToken with strategy {strategy} on a group {'with' if group.tokens else 'without'} a token")
            group.changing = True
        self._later(lambda: self._apply_token(group, spec["AuthToken"], strategy))
        return group

    def _apply_token(self, group: Group, token: str, strategy: str) -> None:
        group.status = "modifying"
        time.sleep(self.timing.status_seconds)
        tokens = group.tokens
        if tokens is not None:
            tokens.set(token) if strategy == "SET" else tokens.rotate(token)
        group.token_changed_at = dt.datetime.now(dt.UTC)
        group.status, group.changing = AVAILABLE, False

    def modify_standalone(self, spec: dict[str, Any]) -> Node:
        """The same for a standalone cluster."""
        node = self.state.node(spec["CacheClusterId"])
        with self._lock:
            if node.status != AVAILABLE or node.changing:
                raise refused("InvalidCacheClusterState", "The cache cluster must be in available state to modify.")
            change = self._change([node], spec)
            node.changing = True
        self._later(lambda: self._apply_to_standalone(node, change))
        return node

    def _apply_to_standalone(self, node: Node, change: Change) -> None:
        time.sleep(self.timing.status_seconds)
        node.status = "modifying"
        if change.version is not None:
            self._upgrade(change.version, change.parameters).standalone(node)
        else:
            self._apply_parameters([node], change.parameters)
        node.status, node.changing = AVAILABLE, False

    def _upgrade(self, version: str, parameters: ParameterGroup) -> EngineUpgrade:
        return EngineUpgrade(self.state, self.factory, self.timing, self.faults, version, parameters)

    def _apply_parameters(self, nodes: list[Node], parameters: ParameterGroup) -> None:
        for node in nodes:
            node.parameter_group = parameters.name
            apply_parameters(node, parameters.values)

    def _change(self, nodes: list[Node], spec: dict[str, Any]) -> Change:
        if spec.get("ApplyImmediately") is not True:
            raise NotModelled("a modify without ApplyImmediately=True waits for the maintenance window, which has no clock here")
        if self.faults.is_on("family-refused"):
            message = "Expected a parameter group of family redis5.0 but found one of family redis3.2"
            raise refused("InvalidParameterCombination", message)
        version = spec.get("EngineVersion")
        current = nodes[0].engine_version
        if version == current:
            version = None
        if version is not None and version not in self.factory.versions:
            raise refused("InvalidParameterCombination", f"Cannot find version {version} for redis")
        if version is not None and as_numbers(version) < as_numbers(current):
            raise refused("InvalidParameterCombination", f"Cannot downgrade from {current} to {version}")
        parameters = self._parameters_for(version or current, spec.get("CacheParameterGroupName") or nodes[0].parameter_group)
        return Change(version, parameters)

    def _parameters_for(self, version: str, name: str | None) -> ParameterGroup:
        family = families.FAMILY_OF.get(version)
        if family is None:
            raise refused("InvalidParameterCombination", f"Cannot find version {version} for redis")
        group = self.state.parameter_group(name or f"default.{family}")
        if group.family != family:
            message = f"Expected a parameter group of family {family} but found one of family {group.family}"
            raise refused("InvalidParameterCombination", message)
        return group

    def create_snapshot(self, name: str, node_id: str) -> Snapshot:
        """BGSAVE of one node."""
        with self._lock:
            snapshot, save = self._snapshots.begin(name, node_id)
        self._later(save)
        return snapshot

    def delete_group(self, identifier: str, final_snapshot: str | None) -> Group:
        """Delete a group, after a last snapshot where one is asked for."""
        group = self.state.group(identifier)
        if final_snapshot:
            path = self.factory.authority_file.parent / "snapshots" / f"{final_snapshot}.rdb"
            taken = Snapshot(final_snapshot, group.primary.id, group.primary.node_type, group.primary.engine_version, path)
            taken.size_bytes, taken.status, taken.created_at = group.primary.server.save_to(path), AVAILABLE, dt.datetime.now(dt.UTC)
            self.state.snapshots[final_snapshot] = taken
        group.status = "deleting"
        for endpoint in group.endpoints:
            endpoint.close()
        for node in group.nodes:
            node.server.stop()
        del self.state.groups[identifier]
        return group

    def forget(self, identifier: str) -> None:
        """Remove legacy and its snapshots as if they had never been, for the next rehearsal on the same cloud."""
        node = self.state.standalone.pop(identifier, None)
        if node is not None:
            node.endpoint.close()
            node.server.stop()
        elif identifier in self.state.groups:
            self.delete_group(identifier, None)
        for name in [name for name, snapshot in self.state.snapshots.items() if snapshot.node_id.startswith(identifier)]:
            del self.state.snapshots[name]

    def _later(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


def _check_modifiable(group: Group) -> None:
    if group.status != AVAILABLE or group.changing:
        raise refused("InvalidReplicationGroupState", "Replication group must be in available state to modify.")


def _node_count(spec: dict[str, Any]) -> int:
    """Either way of saying it; more than one shard is not modelled."""
    if int(spec.get("NumNodeGroups", 1)) != 1:
        raise NotModelled("a replication group of several shards")
    return int(spec.get("NumCacheClusters", 1 + int(spec.get("ReplicasPerNodeGroup", 0))))
