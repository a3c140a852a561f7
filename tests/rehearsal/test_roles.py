"""The roles of people and jobs, enforced by the local AWS: each can do its own commands, and is refused the others'."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tests.deployed_cloud import LEGACY, Deployed, wait_until

pytestmark = pytest.mark.cloud

# As the local cloud names them, with the first twenty letters of the stack's name.
_ROTATES_SIDEKIQ, _ROTATES_APP_CACHE = "UpliftRehearsalSidek-Rotate", "UpliftRehearsalAppCa-Rotate"
# Of a run of this legacy, and of one whose name begins as this one's does.
_OURS, _ANOTHERS = f"uplift-{LEGACY}-0123456789", f"uplift-{LEGACY}-two-0123456789"


@pytest.fixture(scope="module")
def a_run(deployed: Deployed) -> str:
    """A dry run that the upgrade role started; returns its id."""
    deployed.cloud.command("faults", names=[])
    deployed.new_legacy()
    done = deployed.cloud.uplift("upgrade", "rehearsal", "--dry-run", "--json", role="OperatorsUpgrade")
    assert "AccessDenied" not in done.stderr, done.stderr
    run: Any = json.loads(done.stdout)
    assert run["status"] == "SUCCEEDED", done.stdout
    return str(deployed.newest_report()["run_id"])


def _operate(deployed: Deployed, role: str, command: str, **fields: str) -> subprocess.CompletedProcess[str]:
    """What the workflow `operate` runs, with the rights of one role."""
    variables = deployed.cloud.environment | deployed.cloud.command("credentials", role=role)
    variables |= {"ENV": "rehearsal", "COMMAND": command, **fields}
    for of_an_outer_make in {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES"} & os.environ.keys():
        del variables[of_an_outer_make]
    # Not to set up anything meanwhile, where a file is newer than what was made of it.
    make = ["make", "--old-file=.cache/venv.done", "operate"]
    return subprocess.run(make, env=variables, capture_output=True, text=True, check=False)


def _may(deployed: Deployed, role: str, action: str, **params: str) -> bool:
    """Asked of the permissions themselves."""
    (arn,) = [one["Arn"] for one in deployed.cloud.client("iam").list_roles()["Roles"] if role in one["RoleName"]]
    service, _, name = action.partition(":")
    return bool(deployed.cloud.command("may", role=arn, service=service, action=name, params=params) == "")


@pytest.mark.parametrize("role", ["OperatorsRead", "OperatorsUpgrade", "OperatorsRecover"])
def test_each_role_reads(deployed: Deployed, a_run: str, role: str) -> None:
    for command in (("plan", "rehearsal"), ("status", "rehearsal"), ("report", "rehearsal", a_run)):
        done = deployed.cloud.uplift(*command, role=role)
        assert (done.returncode, "AccessDenied" in done.stderr) == (0, False), (command, done.stdout, done.stderr)


@pytest.mark.parametrize("role", ["OperatorsRead", "OperatorsRecover"])
def test_only_the_upgrade_role_starts_an_upgrade(deployed: Deployed, a_run: str, role: str) -> None:
    done = deployed.cloud.uplift("upgrade", "rehearsal", "--dry-run", role=role)
    assert (done.returncode, "states:StartExecution" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("role", "starts"),
    [
        ("OperatorsRead", ""),
        ("OperatorsUpgrade", "upgrade"),
        ("OperatorsRecover", "recovery"),
        ("OperatorsSnapshots", ""),
        (_ROTATES_SIDEKIQ, ""),
    ],
)
def test_each_machine_is_started_by_one_role(deployed: Deployed, role: str, starts: str) -> None:
    """A dry run has nothing to recover from, so the permissions themselves are asked."""
    for machine, fact in (("upgrade", "upgrade/state-machine-arn"), ("recovery", "upgrade/recovery-machine-arn")):
        assert _may(deployed, role, "states:StartExecution", stateMachineArn=deployed.fact(fact)) is (machine == starts), machine


def test_the_upgrade_role_stops_and_lets_alarms_act_again(deployed: Deployed, a_run: str) -> None:
    done = _operate(deployed, "OperatorsUpgrade", "stop")
    assert (done.returncode, "alarm actions are enabled again" in done.stdout) == (0, True), done.stderr
    run = f"{deployed.fact('upgrade/state-machine-arn').replace(':stateMachine:', ':execution:')}:{a_run}"
    assert _may(deployed, "OperatorsUpgrade", "states:StopExecution", executionArn=run)
    assert not _may(deployed, "OperatorsRecover", "states:StopExecution", executionArn=run)


def test_snapshots_are_deleted_by_a_role_of_their_own(deployed: Deployed) -> None:
    deployed.cloud.command("faults", names=[])
    deployed.new_legacy()
    cache = deployed.cloud.client("elasticache")
    for name in (_OURS, _ANOTHERS):
        cache.create_snapshot(SnapshotName=name, CacheClusterId=f"{LEGACY}-001")
        wait_until(lambda: bool(deployed.cloud.command("idle", id=LEGACY)["idle"]), "a snapshot is never done")
    deployed.cloud.command("disturb", id=LEGACY, snapshot_age_days=31)
    reader = _operate(deployed, "OperatorsRead", "delete-snapshots")
    assert (
        reader.returncode,
        f"elasticache:DeleteSnapshot on resource: arn:aws-us-gov:elasticache:us-gov-west-1:123456789012:snapshot:{_OURS}" in reader.stderr,
    ) == (2, True), reader.stderr
    done = _operate(deployed, "OperatorsSnapshots", "delete-snapshots")
    assert (done.returncode, _OURS in done.stdout, "deleted" in done.stdout, _ANOTHERS in done.stdout) == (0, True, True, False), (
        done.stderr
    )
    left = {snapshot["SnapshotName"] for snapshot in cache.describe_snapshots()["Snapshots"]}
    assert (_OURS in left, _ANOTHERS in left) == (False, True)
    assert not _may(deployed, "OperatorsSnapshots", "elasticache:DeleteSnapshot", SnapshotName=_ANOTHERS)


def test_a_token_is_rotated_by_a_role_of_its_own(deployed: Deployed) -> None:
    """Of sidekiq alone: a deploy of app-cache would go wrong in tests that come later."""
    secrets = deployed.cloud.client("secretsmanager")

    def token() -> str:
        return str(secrets.get_secret_value(SecretId=deployed.fact("sidekiq/secret-arn"), VersionStage="AWSCURRENT")["SecretString"])

    before = token()
    for command, says in (("rotate-token", "both tokens are accepted"), ("finish-rotation", "the new token alone is accepted")):
        done = _operate(deployed, _ROTATES_SIDEKIQ, command, GROUP="sidekiq")
        assert (done.returncode, says in done.stdout) == (0, True), done.stderr
    assert token() != before
    another = _operate(deployed, _ROTATES_SIDEKIQ, "rotate-token", GROUP="app-cache")
    assert (another.returncode, "not authorized to perform: ssm:GetParameter" in another.stderr) == (2, True), another.stderr


@pytest.mark.parametrize(("role", "may"), [(_ROTATES_SIDEKIQ, False), (_ROTATES_APP_CACHE, True)])
def test_another_groups_token_is_out_of_reach(deployed: Deployed, role: str, may: bool) -> None:
    group, secret = deployed.fact("app-cache/group-id"), deployed.fact("app-cache/secret-arn")
    assert _may(deployed, role, "elasticache:ModifyReplicationGroup", ReplicationGroupId=group) is may
    for action in ("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"):
        assert _may(deployed, role, f"secretsmanager:{action}", SecretId=secret) is may, action
    assert not _may(deployed, role, "elasticache:ModifyReplicationGroup", ReplicationGroupId=LEGACY)
