"""`uplift drift` and `uplift deploy` against the local AWS: what stops a deploy, what it leaves in force, and what AWS itself refuses.

The tests go on from one another: one environment is deployed, and then changed.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import Pipeline, edited
from tests.deployed_cloud import APP_CACHE, Deployed, acknowledged, entry, wait_until
from tests.review.edits import GROUP, Edit, both, family, parameters, put
from uplift.deploy.stack_policy import stack_policy

pytestmark = [pytest.mark.cloud, pytest.mark.changes_stacks(2)]
_GROUP_TYPE = "AWS::ElastiCache::ReplicationGroup"


@pytest.fixture(scope="module")
def first(deployed: Deployed, pipeline: Pipeline) -> Pipeline:
    """Everything deployed as it was synthesised, and legacy beside it."""
    deployed.new_legacy()
    return pipeline


def _acknowledged(pipeline: Pipeline, *entries: dict[str, str]) -> str:
    return acknowledged(pipeline.folder / "acknowledged.yaml", *entries)


def _deploy(pipeline: Pipeline, assembly: Path, *entries: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return pipeline.cloud.uplift("deploy", "rehearsal", str(assembly), "--acknowledged", _acknowledged(pipeline, *entries))


def _head(pipeline: Pipeline, name: str, *edits: Edit) -> Path:
    """The whole assembly with edits of the app-cache stack."""
    return pipeline.write_all(name, edited(pipeline.template(), *edits))


def _policy(pipeline: Pipeline, stack: str = APP_CACHE) -> Any:
    return json.loads(pipeline.cloud.client("cloudformation").get_stack_policy(StackName=stack)["StackPolicyBody"])


_STRICT = json.loads(stack_policy())


def test_a_first_deploy_waits_for_its_permissions_to_be_acknowledged(deployed: Deployed) -> None:
    """Said before anything was deployed; acknowledged, the same command deployed what every other test here works with."""
    assert deployed.before.deploy.returncode == 1
    assert "a new stack with permissions" in deployed.before.deploy.stdout
    assert deployed.before.drift.returncode == 2


def test_a_deploy_leaves_the_strict_policy_in_force_on_every_stack_with_a_redis(first: Pipeline) -> None:
    assert _policy(first) == _STRICT == _policy(first, "UpliftRehearsalSidekiq")
    assert "StackPolicyBody" not in first.cloud.client("cloudformation").get_stack_policy(StackName="UpliftRehearsalUpgrade")
    drift = first.cloud.uplift("drift", "rehearsal")
    assert (drift.returncode, drift.stdout) == (0, "rehearsal: every group is as its template says\n")


def test_the_same_assembly_again_changes_nothing(first: Pipeline) -> None:
    done = _deploy(first, first.synthesised)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No difference: a deploy changes nothing." in done.stdout


def test_a_replacement_is_stopped_by_the_review_and_past_it_by_aws(first: Pipeline) -> None:
    """Whoever deploys by hand is stopped by the stack policy, which needs nobody's discipline."""
    head = _head(first, "port", put(Port=6380))
    before = first.physical_id(APP_CACHE, _GROUP_TYPE)
    stopped = _deploy(first, head)
    assert stopped.returncode == 1
    assert "DATA LOSS" in stopped.stdout
    by_hand = first.deploy(head)
    assert by_hand.returncode != 0
    assert "Action denied by stack policy" in by_hand.stdout + by_hand.stderr
    assert (first.status(APP_CACHE), first.physical_id(APP_CACHE, _GROUP_TYPE)) == ("UPDATE_ROLLBACK_COMPLETE", before)


def test_a_failed_deploy_says_why_rolls_back_and_leaves_the_strict_policy(first: Pipeline) -> None:
    head = _head(first, "unknown", parameters(maxmemory_polizy="x"))
    done = _deploy(first, head, entry(APP_CACHE, GROUP, "fails at deploy"), entry(APP_CACHE, GROUP, "behaviour change"))
    assert done.returncode == 1, done.stdout
    assert "cdk deploy ended with exit code" in done.stderr
    assert "Could not find parameter with name: maxmemory-polizy" in done.stdout + done.stderr
    assert first.status(APP_CACHE) == "UPDATE_ROLLBACK_COMPLETE"
    assert _policy(first) == _STRICT


def test_what_was_changed_past_the_template_is_found_and_stops_a_deploy_that_does_not_mend_it(first: Pipeline) -> None:
    cache, group = first.cloud.client("elasticache"), first.physical_id(APP_CACHE, _GROUP_TYPE)
    cache.create_cache_parameter_group(CacheParameterGroupName="by-hand", CacheParameterGroupFamily="redis6.x", Description="by hand")
    cache.modify_replication_group(
        ReplicationGroupId=group,
        EngineVersion="6.2",
        CacheParameterGroupName="by-hand",
        PreferredMaintenanceWindow="tue:01:00-tue:02:00",
        SecurityGroupIds=["sg-00000000000000003"],
        ApplyImmediately=True,
    )
    wait_until(lambda: "6.2" in {one["EngineVersion"] for one in _members(cache, group)} and _available(cache, group), "6.2 never came")
    drift = first.cloud.uplift("drift", "rehearsal", "--json")
    assert drift.returncode == 1
    found = {one["name"]: (one["template"], one["real"]) for one in json.loads(drift.stdout)["drifts"]}
    assert found["EngineVersion"] == ("redis 5.0.6", "redis 6.2")
    assert found["PreferredMaintenanceWindow"][1] == "tue:01:00-tue:02:00"
    assert found["SecurityGroupIds"][1] == "sg-00000000000000003"
    assert found.keys() == {"EngineVersion", "CacheParameterGroupName", "PreferredMaintenanceWindow", "SecurityGroupIds"}
    stopped = _deploy(first, first.synthesised)
    assert stopped.returncode == 1
    assert "4 values have drifted from the templates; nothing was deployed" in stopped.stderr


def test_an_assembly_that_says_what_is_so_is_deployed(first: Pipeline) -> None:
    says = both(
        put(EngineVersion="6.2", PreferredMaintenanceWindow="tue:01:00-tue:02:00", SecurityGroupIds=["sg-00000000000000003"]),
        family("redis6.x"),
    )
    head = _head(first, "mended", says)
    done = _deploy(first, head, *[entry(APP_CACHE, GROUP, impact) for impact in ("outage", "security", "behaviour change")])
    assert done.returncode == 0, done.stdout + done.stderr
    assert first.cloud.uplift("drift", "rehearsal").returncode == 0


def test_a_cancelled_deploy_leaves_the_strict_policy(first: Pipeline) -> None:
    """An acknowledged replacement loosens the policy for that one group; SIGINT and SIGTERM, as a runner cancels, make it strict again."""
    says = both(put(EngineVersion="6.2", Port=6380), family("redis6.x"))
    head = _head(first, "cancelled", says)
    entries = _acknowledged(first, *[entry(APP_CACHE, GROUP, impact) for impact in ("data loss", "outage", "security", "behaviour change")])
    command = [str(Path(sys.executable).with_name("uplift")), "deploy", "rehearsal", str(head), "--acknowledged", entries]
    process = subprocess.Popen(command, env=first.cloud.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until(lambda: "NotResource" in json.dumps(_policy(first)) or process.poll() is not None, "the policy was never loosened")
    assert process.poll() is None, process.communicate()[0]
    assert _policy(first)["Statement"][1]["NotResource"] == [f"LogicalResourceId/{GROUP}"]
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    printed = process.communicate(timeout=180)[0]
    assert process.returncode == 1, printed
    assert "CloudFormation goes on with what it has begun" in printed
    assert _policy(first) == _STRICT


def test_an_assembly_of_another_environment_is_refused(first: Pipeline) -> None:
    other = first.write("other", {"UpliftStagingAppCache": first.template()})
    done = _deploy(first, other)
    assert (done.returncode, "is no stack of rehearsal" in done.stderr) == (2, True)


def _members(cache: Any, group: str) -> list[dict[str, Any]]:
    return [one for one in cache.describe_cache_clusters()["CacheClusters"] if one.get("ReplicationGroupId") == group]


def _available(cache: Any, group: str) -> bool:
    return bool(cache.describe_replication_groups(ReplicationGroupId=group)["ReplicationGroups"][0]["Status"] == "available")
