"""The local ElastiCache against botocore's model of the real one, and against moto's own tests where both claim the behaviour.

This proves names: of fields, of errors, of operations that declare them. It does not prove what ElastiCache does over time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, Shape, StructureShape
from moto import mock_aws

from rehearsal.cloud.cloudformation.resource_types import wait_until
from rehearsal.cloud.elasticache import responses as elasticache_responses
from rehearsal.cloud.elasticache.node_factory import NodeFactory
from rehearsal.cloud.elasticache.responses import ElastiCacheResponses
from rehearsal.cloud.elasticache.service import ElastiCache
from rehearsal.cloud.elasticache.state import AVAILABLE
from rehearsal.cloud.faults import Faults
from rehearsal.cloud.platform.messages import AccountTopics
from rehearsal.cloud.timing import Timing
from rehearsal.run.installed_tools import InstalledTools

pytestmark = pytest.mark.cloud
MODEL = botocore.session.get_session().get_service_model("elasticache")
OPERATIONS = {xform_name(name): MODEL.operation_model(name) for name in MODEL.operation_names}
# moto's tests of what both claim; the rest is what moto or we do not model (users, tags, memcached, several shards, CreateCacheCluster).
BOTH_CLAIM = (
    "test_describe_replication_group_not_found",
    "test_replication_groups_already_exists",
    "test_delete_replication_group_not_found",
    "test_create_snapshot_cluster_not_found",
    "test_create_snapshot_invalid_param_combination",
    "test_describe_snapshots_not_found",
    "test_describe_snapshots_cache_cluster_not_found",
    "test_delete_snapshot_not_found",
    "test_modify_replication_group_not_found",
)


def _unknown_fields(shape: Shape | None, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, part in value.items():
            if name in shape.members:
                yield from _unknown_fields(shape.members[name], part, f"{where}.{name}")
            else:
                yield f"{where}.{name}"
    elif isinstance(shape, ListShape):
        for part in value:
            yield from _unknown_fields(shape.member, part, f"{where}[]")


def _declared(action: str) -> set[str]:
    shapes = OPERATIONS[action].error_shapes
    return {str(shape.metadata.get("error", {}).get("code", shape.name)) for shape in shapes}


class Watched:
    """What the responses answered, checked as it passed."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.actions: set[str] = set()
        self.errors: set[tuple[str, str]] = set()

    def wrap(self, action: str, method: Any) -> Any:
        @wraps(method)
        def watched(responses: ElastiCacheResponses) -> Any:
            self.actions.add(action)
            try:
                answer = method(responses)
            except Exception as problem:
                code = str(getattr(problem, "error_type", None) or getattr(problem, "code", type(problem).__name__))
                self.errors.add((action, code))
                if code not in _declared(action):
                    self.problems.append(f"{action} answers {code}, declared: {sorted(_declared(action))}")
                raise
            result = getattr(answer, "result", None) or {}
            self.problems += _unknown_fields(OPERATIONS[action].output_shape, result, action)
            return answer

        return watched


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed_tools: InstalledTools) -> Iterator[Watched]:
    factory = NodeFactory(installed_tools.redis_servers, tmp_path)
    service = ElastiCache(
        factory, Timing(outage_seconds=0, status_seconds=0.01), Faults([]), AccountTopics("123456789012", "us-gov-west-1")
    )
    service.create_group(
        {"ReplicationGroupId": "legacy", "EngineVersion": "3.2.6", "CacheNodeType": "cache.r5.large", "NumCacheClusters": 2},
        by_amazon_in_the_past=True,
    )
    service.create_standalone("alone", "3.2.6", "cache.r5.large", None)
    watch = Watched()
    actions = [name for name in vars(ElastiCacheResponses) if name in OPERATIONS]
    for action in actions:
        monkeypatch.setattr(ElastiCacheResponses, action, watch.wrap(action, getattr(ElastiCacheResponses, action)))
    with mock_aws():
        elasticache_responses.install(service)
        wait_until(lambda: service.state.group("legacy").status == AVAILABLE, "legacy")
        yield watch
    factory.stop_all()


def _refused(code: str, call: Any, **arguments: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    assert refusal.value.response["Error"]["Code"] == code


def _members(client: Any) -> list[dict[str, Any]]:
    return [one for one in client.describe_cache_clusters()["CacheClusters"] if one.get("ReplicationGroupId") == "legacy"]


def test_every_field_and_every_error_is_one_botocore_knows_of(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    make: Any = boto3.client
    client = make("elasticache", region_name="us-gov-west-1")

    def settled(identifier: str) -> bool:
        return bool(client.describe_replication_groups(ReplicationGroupId=identifier)["ReplicationGroups"][0]["Status"] == AVAILABLE)

    group = {"CacheParameterGroupName": "new", "CacheParameterGroupFamily": "redis5.0", "Description": "d"}
    client.create_cache_parameter_group(**group)
    _refused("CacheParameterGroupAlreadyExists", client.create_cache_parameter_group, **group)
    _refused("InvalidParameterValue", client.create_cache_parameter_group, **(group | {"CacheParameterGroupFamily": "redis99"}))
    client.modify_cache_parameter_group(
        CacheParameterGroupName="new", ParameterNameValues=[{"ParameterName": "timeout", "ParameterValue": "300"}]
    )
    client.describe_cache_parameter_groups()
    client.describe_cache_parameters(CacheParameterGroupName="new")
    _refused("CacheParameterGroupNotFound", client.describe_cache_parameters, CacheParameterGroupName="none")
    client.create_cache_subnet_group(CacheSubnetGroupName="subnets", CacheSubnetGroupDescription="d", SubnetIds=["subnet-1"])
    client.describe_cache_clusters()
    _refused("CacheClusterNotFound", client.describe_cache_clusters, CacheClusterId="none")
    client.create_snapshot(SnapshotName="s", CacheClusterId="legacy-002")
    _refused("SnapshotAlreadyExistsFault", client.create_snapshot, SnapshotName="s", CacheClusterId="legacy-002")
    wait_until(lambda: client.describe_snapshots(SnapshotName="s")["Snapshots"][0]["SnapshotStatus"] == AVAILABLE, "snapshot")
    wait_until(lambda: settled("legacy"), "legacy after its snapshot")
    upgrade = {"EngineVersion": "5.0.6", "CacheParameterGroupName": "new", "ApplyImmediately": True}
    wrong = upgrade | {"CacheParameterGroupName": "default.redis3.2"}
    _refused("InvalidParameterCombination", client.modify_replication_group, ReplicationGroupId="legacy", **wrong)
    client.modify_replication_group(ReplicationGroupId="legacy", **upgrade)
    _refused("InvalidReplicationGroupState", client.modify_replication_group, ReplicationGroupId="legacy", **upgrade)
    client.modify_cache_cluster(CacheClusterId="alone", **upgrade)
    _refused("InvalidCacheClusterState", client.modify_cache_cluster, CacheClusterId="alone", **upgrade)
    wait_until(lambda: {one["EngineVersion"] for one in client.describe_cache_clusters()["CacheClusters"]} == {"5.0.6"}, "the new engine")
    wait_until(lambda: settled("legacy"), "legacy after its upgrade")
    now = {"ReplicationGroupId": "legacy", "ApplyImmediately": True}
    client.increase_replica_count(NewReplicaCount=2, **now)
    _refused("InvalidReplicationGroupState", client.decrease_replica_count, NewReplicaCount=1, **now)
    wait_until(lambda: settled("legacy"), "legacy with a replica more")
    client.decrease_replica_count(NewReplicaCount=1, **now)
    wait_until(lambda: settled("legacy"), "legacy with a replica less")
    assert len(client.describe_replication_groups(ReplicationGroupId="legacy")["ReplicationGroups"][0]["MemberClusters"]) == 2
    settings = {"PreferredMaintenanceWindow": "sun:06:00-sun:08:00", "NotificationTopicArn": "arn:x", "SnapshotRetentionLimit": 3}
    client.modify_replication_group(
        AutomaticFailoverEnabled=True, SecurityGroupIds=["sg-1"], CacheNodeType="cache.r5.xlarge", **settings, **now
    )
    wait_until(
        lambda: {one["CacheNodeType"] for one in _members(client)} == {"cache.r5.xlarge"} and settled("legacy"), "legacy on larger nodes"
    )
    assert {one["PreferredMaintenanceWindow"] for one in _members(client)} == {"sun:06:00-sun:08:00"}
    _refused("InvalidParameterValue", client.increase_replica_count, NewReplicaCount=6, **now)
    _refused("InvalidParameterCombination", client.decrease_replica_count, NewReplicaCount=0, **now)
    _refused("InvalidParameterCombination", client.modify_replication_group, TransitEncryptionEnabled=True, **now)
    _refused("InvalidParameterCombination", client.modify_replication_group, AutomaticFailoverEnabled=False, MultiAZEnabled=True, **now)
    _refused("InvalidParameterCombination", client.modify_replication_group, CacheNodeType="cache.r7g.large", **now)
    client.describe_events()
    client.describe_update_actions(ReplicationGroupIds=["legacy"])
    restore = {"ReplicationGroupDescription": "r", "CacheNodeType": "cache.r5.large", "NumCacheClusters": 1}
    client.create_replication_group(ReplicationGroupId="restored", SnapshotName="s", EngineVersion="5.0.6", **restore)
    _refused("ReplicationGroupAlreadyExists", client.create_replication_group, ReplicationGroupId="restored", **restore)
    gone = {"ReplicationGroupId": "x", "SnapshotName": "none"}
    _refused("InvalidParameterValue", client.create_replication_group, **gone, **restore)
    wait_until(lambda: settled("restored"), "the restored group")
    _refused("InvalidCacheParameterGroupState", client.delete_cache_parameter_group, CacheParameterGroupName="new")
    client.delete_replication_group(ReplicationGroupId="restored", FinalSnapshotIdentifier="last")
    _refused("ReplicationGroupNotFoundFault", client.describe_replication_groups, ReplicationGroupId="restored")
    client.delete_snapshot(SnapshotName="last")
    client.delete_cache_subnet_group(CacheSubnetGroupName="subnets")
    client.create_cache_parameter_group(**(group | {"CacheParameterGroupName": "spare"}))
    client.delete_cache_parameter_group(CacheParameterGroupName="spare")
    client.list_tags_for_resource(ResourceName="arn:aws-us-gov:elasticache:us-gov-west-1:123456789012:snapshot:s")
    assert watched.problems == []
    claimed = {name for name in vars(ElastiCacheResponses) if name in OPERATIONS}
    assert watched.actions == claimed, claimed - watched.actions


def test_a_field_nobody_knows_would_be_noticed() -> None:
    shape = OPERATIONS["describe_snapshots"].output_shape
    assert list(_unknown_fields(shape, {"Snapshots": [{"SnapshotName": "s", "Mood": "fine"}]}, "x")) == ["x.Snapshots[].Mood"]


def test_motos_own_tests_hold_where_both_claim_the_behaviour(installed_tools: InstalledTools) -> None:
    source = installed_tools.root / ".cache" / "moto-tests" / "test_elasticache.py"
    assert source.exists(), f"{source} is missing: `make test` fetches it"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        str(source.parent),
        "-p",
        "tests.rehearsal.moto_own_tests",
    ]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": str(installed_tools.root)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [*command, *(f"{source}::{name}" for name in BOTH_CLAIM)], env=environment, capture_output=True, text=True, check=False
    )
    assert f"{len(BOTH_CLAIM)} passed" in done.stdout, done.stdout[-2000:]
