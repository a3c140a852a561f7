"""A first deploy that fails, is mended, and is deployed again, by `uplift deploy` and the real CDK CLI, each stack in turn; then the groups
alone, and the upgrade alone, deployed and destroyed.

The tests go on from one another, on a cloud of their own where nothing is deployed in the beginning.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from rehearsal.run.cdk_cli import CdkCli
from tests.deploy.conftest import Template, write_edited
from tests.deployed_cloud import APP_CACHE, LEGACY, STACKS, Bootstrapped, acknowledged, bootstrap_and_synthesise, entry, wait_until
from uplift.settings.environment import ChosenStacks
from uplift.settings.load import load_settings

pytestmark = pytest.mark.cloud
SIDEKIQ, UPGRADE = STACKS[1:]
_LIFTED = "its first creation was rolled back and holds nothing; termination protection is lifted so that it can be made anew"

_NO_BOUNDARY = "arn:aws-us-gov:iam::123456789012:policy/no-such-boundary"


@dataclass(frozen=True)
class First:
    """The cloud and the assembly."""

    ready: Bootstrapped
    folder: Path

    def broken(self, *stacks: str) -> Path:
        """The assembly with these stacks broken; without any, as it was synthesised."""
        if not stacks:
            return self.ready.synthesised
        templates = {stack: _broken(self._template(stack)) for stack in stacks}
        return write_edited(self.ready.synthesised, self.folder / "-".join(["broken", *stacks]), templates)

    def _template(self, stack: str) -> Template:
        loaded: Template = json.loads((self.ready.synthesised / f"{stack}.template.json").read_text())
        return loaded

    def uplift_deploy(self, *broken: str) -> subprocess.CompletedProcess[str]:
        """`uplift deploy`, with what a first deploy needs acknowledged."""
        entries = acknowledged(self.folder / "first.yaml", *[entry(stack, stack, "security") for stack in STACKS])
        return self.ready.cloud.uplift("deploy", "rehearsal", str(self.broken(*broken)), "--acknowledged", entries)

    def cdk_deploy_broken(self, stack: str) -> str:
        """The CLI alone, on one stack: where one fails, it begins no other."""
        command = [str(self.ready.cdk.installed_tools.cdk), "deploy", stack, "--exclusively", "--app", str(self.broken(stack))]
        environment = {**self.ready.cloud.environment, "CI": "true", "NODE_NO_WARNINGS": "1"}
        root = self.ready.cdk.installed_tools.root
        command += ["--require-approval", "never"]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        return done.stdout + done.stderr

    def client(self, service: str) -> Any:
        return self.ready.cloud.client(service)

    def stacks(self) -> dict[str, tuple[str, bool]]:
        """Our stacks that exist: status, and whether they are protected."""
        listed = self.client("cloudformation").describe_stacks()["Stacks"]
        return {one["StackName"]: (one["StackStatus"], one["EnableTerminationProtection"]) for one in listed if one["StackName"] in STACKS}

    def kept(self) -> dict[str, int]:
        """How many there are of what a stack's end must not take with it."""
        groups = self.client("elasticache").describe_cache_parameter_groups()["CacheParameterGroups"]
        return {
            "secrets": len(self.client("secretsmanager").list_secrets()["SecretList"]),
            "buckets": len([one for one in self.client("s3").list_buckets()["Buckets"] if one["Name"].startswith("uplift")]),
            "parameter groups": len([one for one in groups if one["CacheParameterGroupName"].startswith("uplift")]),
        }


def _broken(template: Template) -> Template:
    """As typing errors break it: a parameter that nobody knows; in a stack without a group, a boundary that does not exist."""
    of_type = {one["Type"]: one.get("Properties", {}) for one in template["Resources"].values()}
    if "AWS::ElastiCache::ReplicationGroup" in of_type:
        of_type["AWS::ElastiCache::ParameterGroup"]["Properties"]["maxmemory-polizy"] = "noeviction"
    else:
        of_type["AWS::IAM::Role"]["PermissionsBoundary"] = _NO_BOUNDARY
    return template


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    folder = tmp_path_factory.mktemp("first")
    with bootstrap_and_synthesise(folder) as ready:
        yield First(ready, folder)


def test_a_stack_that_a_person_has_to_look_at_stops_a_deploy_before_anything_is_changed(first: First) -> None:
    cloudformation, s3 = first.client("cloudformation"), first.client("s3")
    names = {"StackName": UPGRADE, "ChangeSetName": "by-hand"}
    bucket = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "not-empty"}}}}
    cloudformation.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=json.dumps(bucket))
    cloudformation.execute_change_set(**names)
    wait_until(lambda: first.stacks()[UPGRADE][0] == "CREATE_COMPLETE", "never made")
    s3.put_object(Bucket="not-empty", Key="key", Body=b"")
    cloudformation.delete_stack(StackName=UPGRADE)
    wait_until(lambda: first.stacks()[UPGRADE][0] == "DELETE_FAILED", "its deletion never failed")
    done = first.uplift_deploy()
    assert done.returncode == 1, done.stderr
    assert f"{UPGRADE} is in DELETE_FAILED: somebody began to delete it" in done.stderr
    assert done.stderr.endswith("nothing was deployed\n")
    assert first.stacks().keys() == {UPGRADE}
    s3.delete_object(Bucket="not-empty", Key="key")
    cloudformation.delete_stack(StackName=UPGRADE)
    wait_until(lambda: not first.stacks(), "never deleted")


def test_a_first_deploy_that_fails_leaves_stacks_that_hold_nothing(first: First) -> None:
    for stack in (APP_CACHE, SIDEKIQ):
        assert "Could not find parameter with name: maxmemory-polizy" in first.cdk_deploy_broken(stack)
    assert f"Scope ARN: {_NO_BOUNDARY} does not exist or is not attachable." in first.cdk_deploy_broken(UPGRADE)
    groups = dict.fromkeys((APP_CACHE, SIDEKIQ), ("ROLLBACK_COMPLETE", True))
    assert first.stacks() == {**groups, UPGRADE: ("ROLLBACK_COMPLETE", False)}
    assert first.kept() == {"secrets": 0, "buckets": 0, "parameter groups": 0}


def test_each_is_made_anew_when_it_is_mended(first: First) -> None:
    done = first.uplift_deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    # The upgrade stack is disposable, so nothing protects it.
    assert [f"{stack}: {_LIFTED}" in done.stdout for stack in STACKS] == [True, True, False], done.stdout
    groups = dict.fromkeys((APP_CACHE, SIDEKIQ), ("CREATE_COMPLETE", True))
    assert first.stacks() == {**groups, UPGRADE: ("CREATE_COMPLETE", False)}
    assert first.kept() == {"secrets": 2, "buckets": 1, "parameter groups": 3}


def test_no_healthy_stack_loses_its_protection(first: First) -> None:
    before = _times_protection_was_changed(first)
    done = first.uplift_deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "termination protection" not in done.stdout
    assert _times_protection_was_changed(first) == before


def _times_protection_was_changed(first: First) -> int:
    calls = (first.ready.cloud.folder / "calls.jsonl").read_text().splitlines()
    return len([one for one in calls if json.loads(one)["action"] == "UpdateTerminationProtection"])


def test_a_healthy_stack_that_is_protected_cannot_be_deleted(first: First) -> None:
    with pytest.raises(ClientError, match=rf"Stack \[{APP_CACHE}\] cannot be deleted while TerminationProtection is enabled"):
        first.client("cloudformation").delete_stack(StackName=APP_CACHE)
    assert first.stacks()[APP_CACHE] == ("CREATE_COMPLETE", True)


@dataclass(frozen=True)
class Chosen:
    """The environment with `stacks` set, synthesised anew."""

    first: First
    cdk: CdkCli
    assembly: Path

    def uplift(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.first.ready.cloud.uplift(*arguments, "--config", str(self.cdk.config))

    def deploy(self, *entries: dict[str, str]) -> subprocess.CompletedProcess[str]:
        acknowledgements = acknowledged(self.cdk.config / "acknowledged.yaml", *entries)
        return self.uplift("deploy", "rehearsal", str(self.assembly), "--acknowledged", acknowledgements)

    def destroy(self) -> None:
        """As docs/operating.md says it."""
        for name, (_status, protected) in self.first.stacks().items():
            if protected:
                self.first.client("cloudformation").update_termination_protection(StackName=name, EnableTerminationProtection=False)
        done = self.cdk.run("destroy", "--all", "--force", "--app", str(self.assembly))
        assert done.exit_code == 0, done.output


def _choose(first: First, stacks: ChosenStacks, *left_out: str) -> Chosen:
    folder = first.folder / stacks
    config = folder / "config"
    config.mkdir(parents=True)
    content = yaml.safe_load(Path("config/rehearsal.yaml").read_text()) | {"stacks": stacks.value}
    for section in left_out:
        del content[section]
    (config / "rehearsal.yaml").write_text(yaml.safe_dump(content))
    cdk = CdkCli(first.ready.cdk.installed_tools, first.ready.cloud, config, folder / "cdk.log")
    done = cdk.run("synth", "--quiet")
    assert done.exit_code == 0, done.output
    return Chosen(first, cdk, folder / "cdk.out")


@pytest.fixture(scope="module")
def groups(first: First) -> Chosen:
    return _choose(first, ChosenStacks.GROUPS)


def test_the_groups_alone_need_no_upgrade(first: First, groups: Chosen) -> None:
    stopped = groups.deploy()
    assert stopped.returncode == 1
    assert "the stack is no longer in the assembly" in stopped.stdout
    done = groups.deploy(entry(UPGRADE, UPGRADE, "protection weakened"))
    assert done.returncode == 0, done.stdout + done.stderr
    gone = first.ready.cdk.run("destroy", UPGRADE, "--force", "--app", str(first.ready.synthesised))
    assert gone.exit_code == 0, gone.output
    assert first.stacks().keys() == {APP_CACHE, SIDEKIQ}
    first.ready.cloud.command(
        "create-legacy", id=LEGACY, version="3.2.6", nodes=2, node_type="cache.r5.large", standalone=False, windows={}
    )
    drift = groups.uplift("drift", "rehearsal")
    assert drift.returncode == 0, drift.stdout + drift.stderr
    told = groups.uplift("settings", "check", "rehearsal", "--deployed")
    assert told.returncode == 0, told.stderr
    assert "the upgrade:" not in told.stdout
    assert "alarms of sidekiq:" in told.stdout


def test_each_group_has_its_names_in_the_zone(first: First) -> None:
    zone = load_settings("rehearsal").network.dns_zone
    assert zone is not None
    records = first.client("route53").list_resource_record_sets(HostedZoneId=zone.id)["ResourceRecordSets"]
    names = {one["Name"]: one["ResourceRecords"][0]["Value"] for one in records if one["Type"] == "CNAME"}
    for group in ("app-cache", "sidekiq"):
        facts = {
            fact: first.client("ssm").get_parameter(Name=f"/uplift/rehearsal/{group}/{fact}")["Parameter"]["Value"]
            for fact in ("dns-name", "primary-endpoint", "reader-dns-name", "reader-endpoint")
        }
        assert names[f"{facts['dns-name']}."] == facts["primary-endpoint"]
        assert names[f"{facts['reader-dns-name']}."] == facts["reader-endpoint"]


def test_groups_that_are_destroyed_leave_a_snapshot_and_their_token(first: First, groups: Chosen) -> None:
    groups.destroy()
    assert first.stacks() == {}
    snapshots = first.client("elasticache").describe_snapshots()["Snapshots"]
    assert len([one for one in snapshots if one["SnapshotName"].startswith("final-")]) == 2
    assert first.kept()["secrets"] == 2


def test_the_upgrade_alone_needs_no_groups(first: First) -> None:
    upgrade = _choose(first, ChosenStacks.UPGRADE, "app_cache", "sidekiq")
    done = upgrade.deploy(entry(UPGRADE, UPGRADE, "security"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert first.stacks().keys() == {UPGRADE}
    run = upgrade.uplift("upgrade", "rehearsal", "--dry-run", "--json")
    assert json.loads(run.stdout)["status"] == "SUCCEEDED", run.stdout + run.stderr
    plan = upgrade.uplift("plan", "rehearsal")
    assert "stack adds" not in plan.stdout
    upgrade.destroy()
    assert first.stacks() == {}
