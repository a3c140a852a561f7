"""The commands of operators against the deployed stacks: upgrade, status, stop, report, recover."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from rehearsal.run.in_place import Address
from tests.deployed_cloud import LEGACY, Deployed
from uplift.auth_token.rotation import Rotation, RotationStuck

pytestmark = pytest.mark.cloud
KEYS = 300


def _fill(deployed: Deployed) -> Address:
    """A legacy with data, its plan approved, no fault."""
    approved = deployed.settings.upgrade.approved
    assert approved is not None
    deployed.cloud.command("faults", names=[])
    deployed.configure(cold_after_seconds=0, approved_plan=approved.plan)
    legacy = deployed.new_legacy()
    pipeline = legacy.connect().pipeline(transaction=False)
    for number in range(KEYS):
        pipeline.set(f"users_b:{number:08}", f"value {number}", ex=1800)
    pipeline.rpush("queue:default", "job")
    pipeline.execute()
    return legacy


@pytest.fixture
def filled(deployed: Deployed) -> Iterator[Deployed]:
    """As above, for one test."""
    _fill(deployed)
    yield deployed
    deployed.cloud.command("faults", names=[])


def _json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def test_a_dry_run_says_what_would_happen_and_which_plan_to_approve(filled: Deployed) -> None:
    done = filled.uplift("upgrade", "rehearsal", "--dry-run", "--json")
    approved = filled.settings.upgrade.approved
    assert approved is not None
    document = _json(done)
    assert (done.returncode, document["outcome"], document["plan"]) == (0, "dry-run", approved.plan)
    assert f"the upgrade would proceed; its plan is {approved.plan}" in document["reason"]
    assert document["before_modify"] is True


def test_upgrade_status_and_report_tell_the_same_run(filled: Deployed, tmp_path: Path) -> None:
    done = filled.uplift("upgrade", "rehearsal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded, upgraded" in done.stdout
    status = filled.uplift("status", "rehearsal", "--json")
    run = _json(status)["run"]
    assert (status.returncode, _json(status)["outcome"]) == (0, "upgraded")
    page = tmp_path / "report.html"
    told = filled.uplift("report", "rehearsal", run, "--html", str(page))
    assert f"run {run} of {LEGACY} (rehearsal): upgraded" in told.stdout
    assert f"cold keys: {KEYS + 1} compared, {KEYS + 1} the same" in told.stdout
    text = page.read_text()
    assert "users_b:&lt;number&gt;" in text
    for phase in ("census before", "snapshot", "measure", "engine change", "compare"):
        assert f"<title>{phase}:" in text


def test_a_run_that_was_refused_fails_the_command(filled: Deployed) -> None:
    filled.configure(approved_plan="0" * 16)
    done = filled.uplift("upgrade", "rehearsal")
    assert done.returncode == 1
    assert "something has changed since" in done.stdout
    assert filled.uplift("status", "rehearsal").returncode == 1


def test_stopping_before_the_modify_cancels(filled: Deployed) -> None:
    filled.cloud.command("faults", names=["snapshot-never-ends"])
    execution = filled.fire()
    filled.wait_for_state(execution, "WaitForSnapshot")
    status = filled.uplift("status", "rehearsal")
    assert "waits for: ElastiCache to finish the run's snapshot" in status.stdout
    assert "stopping it now: cancels it, legacy stays as it is" in status.stdout
    done = filled.uplift("stop", "rehearsal")
    assert done.returncode == 0
    assert done.stdout.startswith("cancelled run ")
    (ended,) = filled.ended(execution)
    assert ended.status == "ABORTED"
    filled.cloud.command("faults", names=[])
    filled.wait_until_idle()
    assert {server["version"] for server in filled.cloud.command("servers") if server["id"].startswith(LEGACY)} == {"3.2.6"}


def test_stopping_after_the_modify_only_ends_the_watching(filled: Deployed) -> None:
    execution = filled.fire()
    filled.wait_for_state(execution, "WaitForEngine")
    done = filled.uplift("stop", "rehearsal", "--json")
    (stopped,) = _json(done)["stopped"]
    assert stopped["before_modify"] is False
    assert _json(done)["alarms_act_again"] == list(filled.settings.legacy.alarms_to_mute)
    # An execution that goes on with that run sends no modify of its own, and yet stopping it cancels nothing.
    filled.cloud.command("faults", names=["hold-observe"])
    second = filled.fire()
    filled.wait_for_state(second, "Observe")
    assert _json(filled.uplift("status", "rehearsal", "--json"))["before_modify"] is False
    (stopped,) = _json(filled.uplift("stop", "rehearsal", "--json"))["stopped"]
    assert stopped["before_modify"] is False
    filled.cloud.command("faults", names=[])
    filled.ended(second)
    filled.wait_until_idle()
    again = filled.uplift("upgrade", "rehearsal", "--json")
    assert (again.returncode, _json(again)["outcome"]) == (0, "upgraded"), again.stdout
    assert "this execution goes on with a run whose modify had been sent before" in _json(again)["findings"]


def test_nothing_to_stop_is_said(filled: Deployed) -> None:
    done = filled.uplift("stop", "rehearsal")
    muted = ", ".join(filled.settings.legacy.alarms_to_mute)
    assert (done.returncode, done.stdout) == (0, f"no run of rehearsal is under way\nalarm actions are enabled again: {muted}\n")


def test_recover_brings_back_what_the_swap_lost(filled: Deployed) -> None:
    filled.cloud.command("faults", names=["data-lost"])
    lost = filled.uplift("upgrade", "rehearsal", "--json")
    run = _json(lost)["run"]
    assert (lost.returncode, _json(lost)["outcome"]) == (1, "lost")
    filled.cloud.command("faults", names=[])
    told = filled.uplift("report", "rehearsal", run)
    assert "missing: users_b:<number> #" in told.stdout
    done = filled.uplift("recover", "rehearsal", "--run", run, "--json")
    document = _json(done)
    assert (done.returncode, document["outcome"]) == (0, "recovered"), document
    row = next(row for row in document["patterns"] if row["pattern"] == "users_b:<number>")
    assert (row["before"], row["restored"]) == (KEYS, KEYS)
    assert row["legacy_now"] < KEYS
    assert document["cold"]["missing"] == 0
    endpoint = redis.Redis.from_url(document["endpoint"], protocol=2, driver_info=None)
    assert endpoint.info("server")["redis_version"] == "5.0.6"
    assert endpoint.get("users_b:00000000") == b"value 0"
    assert endpoint.dbsize() == KEYS + 1
    again = filled.uplift("recover", "rehearsal", "--run", run)
    assert (again.returncode, f"endpoint: {document['endpoint']}" in again.stdout) == (0, True), again.stdout
    assert "users_b:<number>" in again.stdout
    for resource in (f"snapshot:{document['snapshot']}", f"replicationgroup:{document['group_id']}"):
        assert _tags(filled, resource) == filled.settings.tags
    filled.cloud.command("delete-legacy", id=document["group_id"])


def _tags(filled: Deployed, resource: str) -> dict[str, str]:
    settings = filled.settings
    name = f"arn:{settings.partition}:elasticache:{settings.region}:{settings.account}:{resource}"
    return {tag["Key"]: tag["Value"] for tag in filled.cloud.client("elasticache").list_tags_for_resource(ResourceName=name)["TagList"]}


# The step that is told all the same, and the last; each of the others ends the same way at night.
_RECOVERY_STEPS = [
    pytest.param("restore", marks=pytest.mark.nightly),
    pytest.param("observe-restored", marks=pytest.mark.nightly),
    pytest.param("compare", marks=pytest.mark.nightly),
    "look-at-legacy",
    "report-recovery",
]


@pytest.fixture(scope="module")
def lost_run(deployed: Deployed) -> Iterator[str]:
    """A run that lost keys, for recoveries: they never touch legacy, so one is enough."""
    legacy = _fill(deployed)
    assert legacy.connect().dbsize() == KEYS + 1
    deployed.cloud.command("faults", names=["data-lost"])
    yield str(_json(deployed.uplift("upgrade", "rehearsal", "--json"))["run"])
    deployed.cloud.command("faults", names=[])


@pytest.mark.parametrize("step", _RECOVERY_STEPS)
def test_a_recovery_killed_at_a_step_is_ended_by_the_same_command(deployed: Deployed, lost_run: str, step: str) -> None:
    group = f"uplift-recovered-{lost_run}"
    deployed.cloud.command("faults", names=[f"die-in-{step}"])
    first = deployed.uplift("recover", "rehearsal", "--run", lost_run)
    # Without a look at legacy everything else is known and told.
    assert (first.returncode == 0) is (step == "look-at-legacy"), first.stdout
    deployed.cloud.command("faults", names=[])
    again = deployed.uplift("recover", "rehearsal", "--run", lost_run, "--json")
    assert (again.returncode, _json(again)["outcome"], _json(again)["group_id"]) == (0, "recovered", group), again.stdout
    deployed.cloud.command("delete-legacy", id=group)


def test_a_run_that_never_came_to_its_modify_has_nothing_to_recover(filled: Deployed) -> None:
    done = filled.uplift("recover", "rehearsal", "--run", "0123456789")
    assert done.returncode == 1
    assert "has left no facts, so it never came to its modify" in done.stdout


def test_a_snapshot_that_is_gone_is_said_before_anything_is_asked_for(filled: Deployed) -> None:
    filled.uplift("upgrade", "rehearsal")
    run = _json(filled.uplift("status", "rehearsal", "--json"))["run"]
    filled.cloud.command("disturb", id=LEGACY, snapshot_age_days=31)
    filled.uplift("snapshots", "rehearsal", "--delete-due")
    done = filled.uplift("recover", "rehearsal", "--run", run)
    assert done.returncode == 1
    assert "does not exist any more: nothing can be restored from it" in done.stdout


def test_the_scheduled_role_cannot_create_a_group(filled: Deployed) -> None:
    iam = filled.cloud.client("iam")
    for role in iam.list_roles()["Roles"]:
        problem = filled.cloud.command(
            "may",
            role=role["Arn"],
            service="elasticache",
            action="CreateReplicationGroup",
            params={"ReplicationGroupId": "uplift-recovered-x", "SnapshotName": "uplift-x"},
        )
        assert bool(problem) is ("Restorer" not in role["RoleName"]), role["RoleName"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("report", "rehearsal", "../x"), "is no run, allowed: ten hexadecimal digits"),
        (("report", "rehearsal", "0000000000"), "has no report in s3://"),
    ],
)
def test_bad_input_gets_one_line_and_exit_2(filled: Deployed, arguments: tuple[str, ...], says: str) -> None:
    done = filled.uplift(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert says in done.stderr


def _login(deployed: Deployed, token: str) -> bool:
    client = redis.Redis(
        deployed.fact("sidekiq/primary-endpoint"),
        6379,
        password=token,
        ssl=True,
        ssl_ca_certs=str(deployed.cloud.ca_file),
        protocol=2,
        driver_info=None,
    )
    try:
        return bool(client.ping())
    except redis.AuthenticationError:
        return False


def _token(deployed: Deployed) -> str:
    secrets = deployed.cloud.client("secretsmanager")
    # Named, since moto answers with the version that was put last where no stage is named; AWS with the current one.
    found = secrets.get_secret_value(SecretId=deployed.fact("sidekiq/secret-arn"), VersionStage="AWSCURRENT")
    return str(found["SecretString"])


def test_a_token_is_rotated_without_cutting_anybody_off(deployed: Deployed) -> None:
    """The endpoints accept two tokens over servers with one password; how ElastiCache does that inside is not proved."""
    old = _token(deployed)
    early = deployed.uplift("rotate-token", "rehearsal", "sidekiq", "--finish")
    assert (early.returncode, "no rotation has been begun" in early.stderr) == (2, True)
    begun = deployed.uplift("rotate-token", "rehearsal", "sidekiq")
    assert begun.returncode == 0, begun.stderr
    new = _token(deployed)
    assert new != old
    assert (_login(deployed, old), _login(deployed, new)) == (True, True)
    assert new not in begun.stdout + begun.stderr
    finished = deployed.uplift("rotate-token", "rehearsal", "sidekiq", "--finish")
    assert finished.returncode == 0, finished.stderr
    assert (_login(deployed, old), _login(deployed, new)) == (False, True)
    again = deployed.uplift("rotate-token", "rehearsal", "sidekiq", "--finish", "--json")
    assert (again.returncode, _json(again)["accepted"]) == (0, "new")
    assert _token(deployed) == new


@pytest.mark.parametrize("fault", ["503-after-ModifyReplicationGroup", "cut-after-ModifyReplicationGroup"])
def test_a_token_change_whose_answer_was_lost_is_asked_for_once(deployed: Deployed, fault: str) -> None:
    """A second ROTATE with the same token could drive out the one that clients still use."""
    old, asked = _token(deployed), _token_changes(deployed)
    deployed.cloud.command("faults", names=[fault])
    begun = deployed.uplift("rotate-token", "rehearsal", "sidekiq")
    new = _token(deployed)
    assert (begun.returncode, _token_changes(deployed) - asked, new == old) == (0, 1, False), begun.stderr
    assert (_login(deployed, old), _login(deployed, new)) == (True, True)
    deployed.cloud.command("faults", names=[fault])
    finished = deployed.uplift("rotate-token", "rehearsal", "sidekiq", "--finish")
    assert (finished.returncode, _token_changes(deployed) - asked) == (0, 2), finished.stderr
    assert (_login(deployed, old), _login(deployed, new)) == (False, True)
    deployed.cloud.command("faults", names=[])


def test_a_token_change_that_never_came_is_said_after_a_while(deployed: Deployed) -> None:
    deployed.cloud.command("faults", names=["modify-lost"])
    cache = deployed.cloud.client("elasticache")
    rotation = Rotation(
        cache,
        cache,
        deployed.cloud.client("secretsmanager"),
        group="sidekiq",
        group_id=deployed.fact("sidekiq/group-id"),
        secret_arn=deployed.fact("sidekiq/secret-arn"),
        open_seconds=0.0,
    )
    with pytest.raises(RotationStuck, match=r"ROTATE was answered with .*ServiceUnavailable.*: it was not done; the same command goes on"):
        rotation.begin(lambda _line: None)
    deployed.cloud.command("faults", names=[])
    assert deployed.uplift("rotate-token", "rehearsal", "sidekiq").returncode == 0
    assert deployed.uplift("rotate-token", "rehearsal", "sidekiq", "--finish").returncode == 0


def _token_changes(deployed: Deployed) -> int:
    """How many requests of whoever rotates ElastiCache took."""
    calls = [json.loads(line) for line in (deployed.cloud.folder / "calls.jsonl").read_text().splitlines()]
    return sum(call["action"] == "ModifyReplicationGroup" and call["status"] < 400 for call in calls)


def test_alarms_of_legacy_are_muted_while_it_changes_and_come_back(filled: Deployed) -> None:
    (name,) = filled.settings.legacy.alarms_to_mute
    cloudwatch = filled.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="CurrConnections",
        Namespace="AWS/ElastiCache",
        Period=60,
        Statistic="Average",
        EvaluationPeriods=1,
        ComparisonOperator="LessThanThreshold",
        Threshold=1,
    )

    def acts() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"])

    assert acts()
    execution = filled.fire()
    filled.wait_for_state(execution, "WaitForEngine")
    assert not acts()
    filled.ended(execution)
    assert acts()


def test_snapshots_are_listed_and_only_old_ones_deleted(filled: Deployed, tmp_path: Path) -> None:
    filled.uplift("upgrade", "rehearsal")
    done = filled.uplift("snapshots", "rehearsal", "--json", "--delete-due")
    (snapshot,) = json.loads(done.stdout)
    assert (snapshot["due"], snapshot["deleted"], snapshot["engine_version"]) == (False, False, "3.2.6")
    filled.cloud.command("disturb", id=LEGACY, snapshot_age_days=31)
    assert "1 older than upgrade.keep_snapshot_days (30)" in filled.uplift("snapshots", "rehearsal").stdout
    filled.uplift("snapshots", "rehearsal", "--delete-due")
    assert json.loads(filled.uplift("snapshots", "rehearsal", "--json").stdout) == []
