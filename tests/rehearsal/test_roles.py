"""The three roles around the upgrade, enforced by the local AWS: each can do its own commands, and is refused the others'."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.deployed_cloud import Deployed

pytestmark = pytest.mark.cloud


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


@pytest.mark.parametrize("role", ["OperatorsRead", "OperatorsUpgrade", "OperatorsRecover"])
def test_each_role_reads(deployed: Deployed, a_run: str, role: str) -> None:
    for command in (("plan", "rehearsal"), ("status", "rehearsal"), ("report", "rehearsal", a_run)):
        done = deployed.cloud.uplift(*command, role=role)
        assert (done.returncode, "AccessDenied" in done.stderr) == (0, False), (command, done.stdout, done.stderr)


@pytest.mark.parametrize("role", ["OperatorsRead", "OperatorsRecover"])
def test_only_the_upgrade_role_starts_an_upgrade(deployed: Deployed, a_run: str, role: str) -> None:
    done = deployed.cloud.uplift("upgrade", "rehearsal", "--dry-run", role=role)
    assert (done.returncode, "states:StartExecution" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(("role", "may"), [("OperatorsRead", False), ("OperatorsUpgrade", False), ("OperatorsRecover", True)])
def test_only_the_recover_role_recovers(deployed: Deployed, a_run: str, role: str, may: bool) -> None:
    """Asked of the permissions themselves: a dry run has nothing to recover from."""
    iam = deployed.cloud.client("iam")
    (arn,) = [one["Arn"] for one in iam.list_roles()["Roles"] if role in one["RoleName"]]
    machine = deployed.fact("upgrade/recovery-machine-arn")
    missing = deployed.cloud.command("may", role=arn, service="states", action="StartExecution", params={"stateMachineArn": machine})
    assert (missing == "") is may
