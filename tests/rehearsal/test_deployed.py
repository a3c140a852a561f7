"""What the real `cdk deploy` made on the local cloud, and the deployed upgrade on real Redis servers.

moto's ElastiCache ignores engine versions, so nothing here rests on it: nodes are redis-server processes.
"""

from __future__ import annotations

import json

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rehearsal.run.local_cloud import Calls
from tests.deployed_cloud import LEGACY, STACKS, Deployed

pytestmark = pytest.mark.cloud
GROUPS = ("app-cache", "sidekiq")


def _connect(deployed: Deployed, group: str, *, token: bool = True) -> redis.Redis:
    secrets, arn = deployed.cloud.client("secretsmanager"), deployed.fact(f"{group}/secret-arn")
    # Named, since moto answers with the version that was put last where no stage is named; AWS with the current one.
    secret = secrets.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
    return redis.Redis(
        deployed.fact(f"{group}/primary-endpoint"),
        int(deployed.fact(f"{group}/port")),
        password=secret if token else None,
        ssl=True,
        ssl_ca_certs=str(deployed.cloud.ca_file),
        protocol=2,
        driver_info=None,
        retry=Retry(NoBackoff(), 0),
    )


@pytest.mark.parametrize("group", GROUPS)
def test_the_application_reaches_each_group_with_the_published_facts(deployed: Deployed, group: str) -> None:
    client = _connect(deployed, group)
    assert client.info("server")["redis_version"] == "5.0.6"
    replicas = client.info("replication")["connected_slaves"]
    assert replicas == 1


@pytest.mark.parametrize("group", GROUPS)
def test_without_the_token_nobody_gets_in(deployed: Deployed, group: str) -> None:
    with pytest.raises(redis.AuthenticationError):
        _connect(deployed, group, token=False).ping()


def test_commands_elasticache_withholds_are_withheld(deployed: Deployed) -> None:
    with pytest.raises(redis.ResponseError, match="unknown command"):
        _connect(deployed, "sidekiq").config_get("maxmemory-policy")


@pytest.mark.parametrize("group", GROUPS)
def test_keyspace_notifications_reach_a_subscriber(deployed: Deployed, group: str) -> None:
    """The parameter group's setting is proven with a canary key: CONFIG GET is not to be had."""
    client = _connect(deployed, group)
    subscriber = client.pubsub()
    subscriber.psubscribe("__keyevent@0__:*")
    assert subscriber.get_message(timeout=60) is not None
    client.set("canary", "1")
    message = subscriber.get_message(timeout=60)
    assert message is not None
    assert (message["channel"], message["data"]) == (b"__keyevent@0__:set", b"canary")


def test_group_stacks_cannot_be_deleted_by_accident(deployed: Deployed) -> None:
    listed = deployed.cloud.client("cloudformation").describe_stacks()["Stacks"]
    stacks = {stack["StackName"]: stack for stack in listed if stack["StackName"] in STACKS}
    assert stacks["UpliftRehearsalAppCache"]["EnableTerminationProtection"] is True
    assert stacks["UpliftRehearsalSidekiq"]["EnableTerminationProtection"] is True
    assert [stack["StackStatus"] for stack in stacks.values()] == ["CREATE_COMPLETE"] * 3


def test_a_second_deploy_of_a_second_synthesis_changes_nothing(deployed: Deployed) -> None:
    done = deployed.cdk.deploy()
    assert done.exit_code == 0, done.output
    assert done.output.count("(no changes)") == 3


def _calls(deployed: Deployed, before: Calls) -> dict[str, int]:
    done = deployed.cloud.calls_of_roles().done - before.done
    return {"snapshots": done["CreateSnapshot"], "modifies": done["ModifyReplicationGroup"] + done["ModifyCacheCluster"]}


def test_the_deployed_schedule_upgrades_legacy_once(deployed: Deployed) -> None:
    legacy = deployed.new_legacy()
    legacy.connect().set("vets-api-session:secret-token", "v", ex=1800)
    before = deployed.cloud.calls_of_roles()
    (ended,) = deployed.ended(deployed.fire())
    assert (ended.status, ended.outcome) == ("SUCCEEDED", "upgraded"), ended.reason
    assert legacy.version() == "5.0.6"
    assert _calls(deployed, before) == {"snapshots": 1, "modifies": 1}
    report = deployed.newest_report()
    assert (report["version_before"], report["version_after"], report["outcome"]) == ("3.2.6", "5.0.6", "upgraded")
    counts = report["proof"]["counts"]
    assert counts["before"] == counts["after"] == 1
    assert "secret-token" not in json.dumps(report)
    assert report["troubles"] == []


def test_a_legacy_that_is_there_already_is_a_success(deployed: Deployed) -> None:
    deployed.new_legacy(version="5.0.6")
    before = deployed.cloud.calls_of_roles()
    (ended,) = deployed.ended(deployed.fire())
    assert (ended.status, ended.outcome) == ("SUCCEEDED", "nothing-to-do")
    assert _calls(deployed, before) == {"snapshots": 0, "modifies": 0}


def test_a_dry_run_decides_and_touches_nothing(deployed: Deployed) -> None:
    legacy = deployed.new_legacy()
    before = deployed.cloud.calls_of_roles()
    (ended,) = deployed.ended(deployed.start('{"dry_run": true}'))
    assert (ended.status, ended.outcome) == ("SUCCEEDED", "dry-run")
    assert legacy.version() == "3.2.6"
    assert _calls(deployed, before) == {"snapshots": 0, "modifies": 0}


def test_a_plan_says_the_same_from_a_laptop(deployed: Deployed) -> None:
    deployed.new_legacy()
    done = deployed.uplift("plan", "rehearsal", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["verdict"], document["reasons"]) == ("uplift.plan/1", "proceed", [])
    assert "vets-api-legacy: 2 node(s) at 3.2.6, target redis 5.0.6" in document["findings"]
    assert "the sidekiq stack adds 2 x cache.r5.large" in document["costs"]


def test_one_node_without_its_acknowledgement_is_refused(deployed: Deployed) -> None:
    legacy = deployed.new_legacy(nodes=1)
    (ended,) = deployed.ended(deployed.fire())
    assert (ended.status, ended.outcome) == ("FAILED", "refused")
    assert "there is nothing to fail over to" in ended.reason
    assert legacy.version() == "3.2.6"


def test_a_role_may_only_touch_its_own_legacy(deployed: Deployed) -> None:
    """The same check a deployed function passes through, for a group it was not given."""
    deployed.new_legacy()
    role = _role_with(deployed, "UpgradeLegacy")
    problem = deployed.cloud.command(
        "may",
        role=role,
        service="elasticache",
        action="ModifyReplicationGroup",
        params={"ReplicationGroupId": LEGACY, "CacheParameterGroupName": deployed.fact("upgrade/legacy-parameter-group")},
    )
    assert problem == ""
    problem = deployed.cloud.command(
        "may",
        role=role,
        service="elasticache",
        action="ModifyReplicationGroup",
        params={"ReplicationGroupId": "another", "CacheParameterGroupName": "p"},
    )
    assert "is not authorized to perform: elasticache:ModifyReplicationGroup" in problem


def _role_with(deployed: Deployed, statement_id: str) -> str:
    iam = deployed.cloud.client("iam")
    for role in iam.list_roles()["Roles"]:
        for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
            if any(statement.get("Sid") == statement_id for statement in document["Statement"]):
                return str(role["Arn"])
    raise AssertionError(statement_id)


@pytest.mark.changes_stacks(1)
def test_destroying_the_upgrade_stack_leaves_everything_else(deployed: Deployed) -> None:
    """And deploying it again works; other files go on with it."""
    legacy = deployed.new_legacy()
    parameter_group = deployed.fact("upgrade/legacy-parameter-group")
    assembly = ["--app", str(deployed.synthesised)]
    done = deployed.cdk.run("destroy", "UpliftRehearsalUpgrade", "--force", *assembly)
    assert done.exit_code == 0, done.output
    names = {stack["StackName"] for stack in deployed.cloud.client("cloudformation").describe_stacks()["Stacks"]}
    assert names == {"UpliftRehearsalToolkit", "UpliftRehearsalAppCache", "UpliftRehearsalSidekiq"}
    for group in GROUPS:
        assert _connect(deployed, group).ping()
    assert legacy.connect().ping()
    groups = deployed.cloud.client("elasticache").describe_cache_parameter_groups(CacheParameterGroupName=parameter_group)
    assert groups["CacheParameterGroups"][0]["CacheParameterGroupFamily"] == "redis5.0"
    again = deployed.cdk.run("deploy", "--all", "--require-approval", "never", *assembly)
    assert again.exit_code == 0, again.output
