"""What a modify of a replication group changes besides its engine, and what ElastiCache refuses of it.

Sources: API reference, ModifyReplicationGroup; user guide, "Minimizing downtime with
Multi-AZ", "Enabling in-transit encryption" (an existing group from 7.0 on), "Supported node types" (7th generation from 6.2 on).
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.elasticache.modification import as_numbers
from rehearsal.cloud.elasticache.state import Group, Topics
from rehearsal.cloud.errors import NotModelled, refused

_SEVENTH_GENERATION = ("cache.m7g.", "cache.r7g.", "cache.c7gn.")
_TLS_SWITCH_SINCE = (7, 0)


def check_settings(group: Group, spec: dict[str, Any]) -> None:
    """Refuse what the group cannot become."""
    failover = bool(spec.get("AutomaticFailoverEnabled", group.automatic_failover))
    multi_az = bool(spec.get("MultiAZEnabled", group.multi_az))
    version = spec.get("EngineVersion", group.primary.engine_version)
    if failover and len(group.nodes) < 2:
        raise refused("InvalidParameterCombination", "Automatic failover is not supported for a replication group without replicas.")
    if multi_az and not failover:
        raise refused("InvalidParameterCombination", "Multi-AZ requires automatic failover to be enabled.")
    if bool(spec.get("TransitEncryptionEnabled", group.tls)) != group.tls:
        if as_numbers(group.primary.engine_version) < _TLS_SWITCH_SINCE:
            raise refused("InvalidParameterCombination", "Transit encryption can only be modified for Redis 7.0 and later.")
        raise NotModelled("TLS switched on an existing group")
    node_type = spec.get("CacheNodeType", group.primary.node_type)
    if node_type.startswith(_SEVENTH_GENERATION) and as_numbers(version) < (6, 2):
        raise refused("InvalidParameterCombination", f"The instance type {node_type} is not supported for Redis {version}.")


def apply_settings(group: Group, spec: dict[str, Any], topics: Topics) -> None:
    """Take over what takes effect without touching a server. Whether ElastiCache may publish to a topic is decided when it is told."""
    group.automatic_failover = bool(spec.get("AutomaticFailoverEnabled", group.automatic_failover))
    group.multi_az = bool(spec.get("MultiAZEnabled", group.multi_az))
    group.description = spec.get("ReplicationGroupDescription", group.description)
    for node in group.nodes:
        node.security_groups = tuple(spec.get("SecurityGroupIds", node.security_groups))
        node.maintenance_window = spec.get("PreferredMaintenanceWindow", node.maintenance_window)
        if "NotificationTopicArn" in spec:
            node.topic, node.topic_status = spec["NotificationTopicArn"], topics.status(spec["NotificationTopicArn"])
