"""The group a recovery restores: created once from a run's snapshot, then read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from uplift.aws_calls import throttling_named
from uplift.engines.catalogue import EngineVersion
from uplift.inplace.aws.elasticache import LegacyCache, as_tags
from uplift.inplace.records.run_facts import RunFacts
from uplift.inplace.records.run_state import RECOVERED_PREFIX
from uplift.settings.legacy import LegacyKind

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient


def recovered_group_id(run_id: str) -> str:
    """The group's id follows from the run, so that a recovery that is started twice restores once."""
    return f"{RECOVERED_PREFIX}{run_id}"


def restore(
    client: ElastiCacheClient,
    facts: RunFacts,
    *,
    target: EngineVersion,
    parameter_group: str,
    tls: bool,
    at_rest: bool,
    token: str | None,
    tags: Mapping[str, str],
) -> None:
    """Ask for a group made from the run's snapshot, with legacy's network and nodes. One that exists is fine.

    Raises Throttled. An engine older than the snapshot's cannot be asked for, and 3.2 not at all (user guide, "Restoring from a backup").
    """
    wanted: dict[str, Any] = {
        "ReplicationGroupId": recovered_group_id(facts.run_id),
        "ReplicationGroupDescription": f"restored by Uplift from {facts.snapshot_name}",
        "SnapshotName": facts.snapshot_name,
        "Engine": target.engine.value,
        "EngineVersion": target.requested,
        "CacheNodeType": facts.node_type,
        "CacheParameterGroupName": parameter_group,
        "NumCacheClusters": facts.node_count,
        "AutomaticFailoverEnabled": facts.automatic_failover,
        "MultiAZEnabled": facts.automatic_failover,
        "AtRestEncryptionEnabled": at_rest,
        "TransitEncryptionEnabled": tls,
        "AutoMinorVersionUpgrade": False,
        "Tags": as_tags(tags),
    }
    wanted |= {"CacheSubnetGroupName": facts.subnet_group} if facts.subnet_group else {}
    wanted |= {"SecurityGroupIds": list(facts.security_group_ids)} if facts.security_group_ids else {}
    wanted |= {"AuthToken": token} if token is not None else {}
    with throttling_named():
        try:
            client.create_replication_group(**wanted)
        except client.exceptions.ReplicationGroupAlreadyExistsFault:
            return


def primary_endpoint(client: ElastiCacheClient, group_id: str) -> tuple[str, int]:
    """Host and port clients of the restored group use."""
    with throttling_named():
        group = client.describe_replication_groups(ReplicationGroupId=group_id)["ReplicationGroups"][0]
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    return endpoint["Address"], endpoint["Port"]


def restored_cache(client: ElastiCacheClient, run_id: str) -> LegacyCache:
    """The restored group, read as legacy is."""
    return LegacyCache(client, LegacyKind.REPLICATION_GROUP, recovered_group_id(run_id))
