"""The synthesised templates: what matters is asserted, the whole is kept as a snapshot with asset hashes blanked.

`UPLIFT_WRITE_SNAPSHOTS=1 pytest tests/stacks` writes the snapshots anew; read the diff before committing it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.variants import Synthesised

Template = dict[str, Any]
SNAPSHOTS = Path(__file__).parent / "snapshots"
STACKS = ("UpliftProdAppCache", "UpliftProdSidekiq", "UpliftProdUpgrade")
GROUPS = STACKS[:2]
# DeletionPolicy and UpdateReplacePolicy; the latter knows no RetainExceptOnCreate.
KEPT = ("RetainExceptOnCreate", "Retain")
_HASH = re.compile(r"[0-9a-f]{64}")


def _resources(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def _only(template: Template, kind: str) -> dict[str, Any]:
    (resource,) = _resources(template, kind).values()
    return resource


@pytest.mark.parametrize("stack", STACKS)
def test_snapshot(templates: dict[str, Template], stack: str) -> None:
    text = _HASH.sub("<asset>", json.dumps(templates[stack], indent=1, sort_keys=True)) + "\n"
    path = SNAPSHOTS / f"{stack}.json"
    if os.environ.get("UPLIFT_WRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), f"{stack} differs from its snapshot"


LOCKED_IDS = {
    "AWS::ElastiCache::ReplicationGroup": "RedisGroup88ACAA33",
    "AWS::ElastiCache::SubnetGroup": "RedisSubnets445F6F85",
    "AWS::ElastiCache::ParameterGroup": "RedisParametersRedis50AFFB1BC0",
    "AWS::EC2::SecurityGroup": "RedisSecurityGroupC1E9FD21",
    "AWS::SecretsManager::Secret": "RedisAuthToken9E34F6A5",
}


@pytest.mark.parametrize("stack", GROUPS)
@pytest.mark.parametrize("kind", LOCKED_IDS)
def test_logical_ids_of_stateful_resources_never_change(templates: dict[str, Template], stack: str, kind: str) -> None:
    """Another logical id is another resource: CloudFormation would make an empty group and delete this one."""
    assert list(_resources(templates[stack], kind)) == [LOCKED_IDS[kind]]


@pytest.mark.parametrize(("stack", "policy"), [("UpliftProdAppCache", "volatile-lru"), ("UpliftProdSidekiq", "noeviction")])
def test_the_replication_group_is_safe(templates: dict[str, Template], stack: str, policy: str) -> None:
    group = _only(templates[stack], "AWS::ElastiCache::ReplicationGroup")
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    properties = group["Properties"]
    assert properties["TransitEncryptionEnabled"] is True
    assert properties["AtRestEncryptionEnabled"] is True
    assert properties["AutomaticFailoverEnabled"] is True
    assert properties["MultiAZEnabled"] is True
    assert properties["NumCacheClusters"] == 3
    assert properties["EngineVersion"] == "5.0.6"
    assert not {"ReplicationGroupId", "SnapshotName", "SnapshotArns", "KmsKeyId", "NumNodeGroups"} & properties.keys()
    parameters = _only(templates[stack], "AWS::ElastiCache::ParameterGroup")["Properties"]
    assert parameters["CacheParameterGroupFamily"] == "redis5.0"
    assert parameters["Properties"] == {"maxmemory-policy": policy, "notify-keyspace-events": "AKE"}


@pytest.mark.parametrize("stack", GROUPS)
def test_the_token_is_drawn_once_and_never_in_clear(templates: dict[str, Template], stack: str) -> None:
    """Changing the generator draws a new token, which CloudFormation would not even deploy: every client is cut off."""
    secret = _only(templates[stack], "AWS::SecretsManager::Secret")
    assert secret["Properties"]["GenerateSecretString"] == {"ExcludePunctuation": True, "PasswordLength": 64}
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == KEPT
    token = json.dumps(_only(templates[stack], "AWS::ElastiCache::ReplicationGroup")["Properties"]["AuthToken"])
    assert "{{resolve:secretsmanager:" in token
    facts = [resource["Properties"]["Value"] for resource in _resources(templates[stack], "AWS::SSM::Parameter").values()]
    assert "resolve:secretsmanager" not in json.dumps(facts)


@pytest.mark.parametrize("stack", GROUPS)
def test_only_named_clients_reach_redis(templates: dict[str, Template], stack: str) -> None:
    assert "SecurityGroupIngress" not in _only(templates[stack], "AWS::EC2::SecurityGroup")["Properties"]
    rules = [item["Properties"] for item in _resources(templates[stack], "AWS::EC2::SecurityGroupIngress").values()]
    assert sorted((rule["SourceSecurityGroupId"], rule["FromPort"], rule["ToPort"]) for rule in rules) == [
        ("sg-0bad0bad0bad000a1", 6379, 6379),
        ("sg-0bad0bad0bad000a2", 6379, 6379),
    ]


_ALWAYS = {"CPUUtilization", "EngineCPUUtilization", "FreeableMemory", "SwapUsage", "CurrConnections", "ReplicationLag"}
_ALWAYS |= {"TrafficManagementActive"}


def _alarms(template: Template) -> list[dict[str, Any]]:
    alarms = [resource["Properties"] for resource in _resources(template, "AWS::CloudWatch::Alarm").values()]
    assert all(alarm["AlarmActions"] for alarm in alarms)
    return alarms


@pytest.mark.parametrize(
    ("stack", "more"), [("UpliftProdAppCache", set()), ("UpliftProdSidekiq", {"DatabaseMemoryUsagePercentage", "Evictions"})]
)
def test_every_node_has_every_alarm(templates: dict[str, Template], stack: str, more: set[str]) -> None:
    alarms = [alarm for alarm in _alarms(templates[stack]) if "MetricName" in alarm]
    nodes = {json.dumps(alarm["Dimensions"][0]["Value"]) for alarm in alarms}
    assert {re.search(r'"(\d{3})"', node)[1] for node in nodes} == {"001", "002", "003"}  # type: ignore[index]
    assert sorted(alarm["MetricName"] for alarm in alarms) == sorted([*_ALWAYS, *more] * 3)
    below = {alarm["MetricName"] for alarm in alarms if alarm["ComparisonOperator"] == "LessThanThreshold"}
    assert below == {"FreeableMemory"}


def test_a_full_cache_rings_where_it_evicts_more_than_usual_and_jobs_at_the_first_eviction(templates: dict[str, Template]) -> None:
    of_group = [alarm for alarm in _alarms(templates["UpliftProdAppCache"]) if "Metrics" in alarm]
    (usual,) = [alarm for alarm in of_group if alarm["ComparisonOperator"] == "GreaterThanUpperThreshold"]
    band, evictions = (metric["Expression"] for metric in usual["Metrics"] if "Expression" in metric)
    assert band.startswith("ANOMALY_DETECTION_BAND(")
    assert band.endswith(", 3)")
    # Only the primary evicts, and it moves.
    assert evictions == "SUM([evictions1, evictions2, evictions3])"
    (full,) = [alarm for alarm in of_group if alarm is not usual]
    assert "IF(memory >= 99 AND FILL(evictions, 0) == 0, 1, 0)" in [metric.get("Expression") for metric in full["Metrics"]]
    sidekiq = _alarms(templates["UpliftProdSidekiq"])
    assert {alarm["Threshold"] for alarm in sidekiq if alarm.get("MetricName") == "Evictions"} == {0}
    assert not any("Metrics" in alarm for alarm in sidekiq)


def test_too_few_clients_are_those_of_the_node_with_most(synthesised: Callable[[str], Synthesised]) -> None:
    """On in variant 0. Replicas have no clients, and which node is the primary changes."""
    (few,) = [alarm for alarm in _alarms(synthesised("variant 0").stacks["UpliftProdSidekiq"]) if "Metrics" in alarm]
    (most,) = [metric["Expression"] for metric in few["Metrics"] if "Expression" in metric]
    assert most == "MAX([currconnections1, currconnections2])"
    assert (few["Threshold"], few["ComparisonOperator"], few["TreatMissingData"]) == (20, "LessThanThreshold", "breaching")


def test_elasticache_has_a_topic_of_its_own_that_is_not_encrypted(templates: dict[str, Template]) -> None:
    topics = _resources(templates["UpliftProdSidekiq"], "AWS::SNS::Topic")
    encrypted = {name for name, topic in topics.items() if "KmsMasterKeyId" in topic.get("Properties", {})}
    events = _only(templates["UpliftProdSidekiq"], "AWS::ElastiCache::ReplicationGroup")["Properties"]["NotificationTopicArn"]
    assert len(topics) == 2
    assert len(encrypted) == 1
    assert events["Ref"] not in encrypted


@pytest.mark.parametrize("stack", GROUPS)
def test_elasticache_may_publish_before_it_is_told_the_topic(templates: dict[str, Template], stack: str) -> None:
    group = _only(templates[stack], "AWS::ElastiCache::ReplicationGroup")
    topic = group["Properties"]["NotificationTopicArn"]["Ref"]
    policies = _resources(templates[stack], "AWS::SNS::TopicPolicy")
    (name,) = [name for name, policy in policies.items() if policy["Properties"]["Topics"] == [{"Ref": topic}]]
    assert name in group["DependsOn"]
    (statement,) = policies[name]["Properties"]["PolicyDocument"]["Statement"]
    # aws:SourceAccount, which other services want, makes ElastiCache call the topic inactive.
    assert statement["Condition"] == {"StringEquals": {"aws:SourceOwner": {"Ref": "AWS::AccountId"}}}
    assert statement["Action"] == "sns:Publish"


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_exports_or_imports(templates: dict[str, Template], stack: str) -> None:
    text = json.dumps(templates[stack])
    assert "Fn::ImportValue" not in text
    assert not any("Export" in output for output in templates[stack].get("Outputs", {}).values())


@pytest.mark.parametrize("stack", STACKS)
def test_no_open_network_and_no_fixed_partition(templates: dict[str, Template], stack: str) -> None:
    text = json.dumps(templates[stack])
    assert '"CidrIp": "0.0.0.0/0"' not in text
    assert "::/0" not in text
    assert not re.search(r"arn:aws:(?!sns:us-east-1:aws-managed)", text)


WILDCARDS = {
    ("NetworkInterfaces", "ec2:AssignPrivateIpAddresses"): "a function in a VPC makes network interfaces that have no ARN beforehand",
    ("Metrics", "cloudwatch:PutMetricData"): "PutMetricData has no resource; a condition names the namespace",
    ("ReadEvents", "elasticache:DescribeEvents"): "DescribeEvents has no resource",
    ("LogsAndTraces", "logs:CreateLogDelivery"): "log delivery and X-Ray actions have no resource",
}


def _statements(template: Template) -> Iterator[dict[str, Any]]:
    for policy in _resources(template, "AWS::IAM::Policy").values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def test_every_wildcard_resource_is_listed_with_its_reason(templates: dict[str, Template]) -> None:
    found = set()
    for statement in _statements(templates["UpliftProdUpgrade"]):
        if statement["Resource"] == "*" or "*" in statement["Resource"]:
            actions = statement["Action"]
            found.add((statement.get("Sid"), actions if isinstance(actions, str) else actions[0]))
    assert found == set(WILDCARDS)


def test_the_run_may_modify_legacy_and_nothing_else(templates: dict[str, Template]) -> None:
    (statement,) = [item for item in _statements(templates["UpliftProdUpgrade"]) if item.get("Sid") == "UpgradeLegacy"]
    assert statement["Action"] == "elasticache:ModifyReplicationGroup"
    text = json.dumps(statement["Resource"])
    assert ":replicationgroup:vets-api-prod" in text
    assert "*" not in text


def test_nobody_may_create_delete_or_reboot_a_cache(templates: dict[str, Template]) -> None:
    """But a recovery may create groups of one name, and one role delete snapshots of runs."""
    statements = list(_statements(templates["UpliftProdUpgrade"]))
    (creating,) = [statement for statement in statements if statement.get("Sid") == "CreateGroup"]
    assert creating["Action"] == "elasticache:CreateReplicationGroup"
    assert ":replicationgroup:uplift-recovered-*" in json.dumps(creating["Resource"])
    (deleting,) = [statement for statement in statements if statement.get("Sid") == "DeleteSnapshots"]
    assert deleting["Action"] == "elasticache:DeleteSnapshot"
    actions = json.dumps([statement["Action"] for statement in statements if statement not in (creating, deleting)])
    assert not re.search(r"elasticache:(Create(?!Snapshot)|Delete|Reboot|\*)", actions)


def test_the_schedule_is_off_and_its_failures_are_kept(templates: dict[str, Template]) -> None:
    schedule = _only(templates["UpliftProdUpgrade"], "AWS::Scheduler::Schedule")["Properties"]
    assert schedule["State"] == "DISABLED"
    assert schedule["ScheduleExpression"] == "at(2026-12-12T21:00:00)"
    assert "DeadLetterConfig" in schedule["Target"]


def test_the_parameter_group_of_legacy_outlives_the_stack(templates: dict[str, Template]) -> None:
    group = _only(templates["UpliftProdUpgrade"], "AWS::ElastiCache::ParameterGroup")
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == KEPT


def test_a_failed_first_deploy_leaves_nothing_outside_the_stacks(templates: dict[str, Template]) -> None:
    """`Retain` keeps what it was written on even where its creation is rolled back (user guide, "DeletionPolicy attribute")."""
    for stack, template in templates.items():
        kept = {name: one["DeletionPolicy"] for name, one in template["Resources"].items() if one.get("DeletionPolicy") == "Retain"}
        assert kept == {}, stack
    bucket = _only(templates["UpliftProdUpgrade"], "AWS::S3::Bucket")
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == KEPT


def test_functions_are_where_they_belong(templates: dict[str, Template]) -> None:
    functions = {
        item["Properties"]["Handler"]: item["Properties"]
        for item in _resources(templates["UpliftProdUpgrade"], "AWS::Lambda::Function").values()
    }
    control, data = functions["uplift.inplace.steps.control_handler.handler"], functions["uplift.inplace.steps.data_handler.handler"]
    assert "VpcConfig" not in control
    assert data["VpcConfig"]["SubnetIds"] == ["subnet-0bad0bad0bad000a1", "subnet-0bad0bad0bad000a2"]
    for function in (control, data):
        assert function["Runtime"] == "python3.12"
        assert "LogFormat" not in function.get("LoggingConfig", {})


def test_every_role_has_the_path_and_the_boundary(templates: dict[str, Template]) -> None:
    for role in _resources(templates["UpliftProdUpgrade"], "AWS::IAM::Role").values():
        assert role["Properties"]["Path"] == "/project/"
        assert role["Properties"]["PermissionsBoundary"] == "arn:aws-us-gov:iam::333333333333:policy/project/developer-boundary"


def test_every_alarm_names_a_runbook_that_exists(templates: dict[str, Template]) -> None:
    for stack, template in templates.items():
        for name, alarm in _resources(template, "AWS::CloudWatch::Alarm").items():
            text, separator, page = alarm["Properties"]["AlarmDescription"].partition(". Runbook: ")
            assert separator, (stack, name)
            assert text, (stack, name)
            assert Path("docs/runbooks", page.rsplit("/", 1)[-1]).is_file(), (stack, name, page)
