"""Who hears what, how often: mail, a pager, alarms; through the deployed stacks, whose filters and policies the local SNS applies.

What it does not prove: that CloudWatch, SNS and ElastiCache evaluate alarms, filters and policies as rehearsal/cloud/platform does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rehearsal.run.watch_executions import Ended
from tests.deployed_cloud import LEGACY, ON_CALL, Deployed, Told, wait_until
from uplift.settings.environment import GroupName

pytestmark = pytest.mark.cloud
# A pager's URL holds its key.
PAGER_SHOWN = "https://pager.example.gov/…"
WINDOWS = {"SnapshotWindow": "03:30-04:30", "SnapshotRetentionLimit": 1, "PreferredMaintenanceWindow": "sat:05:00-sat:07:00"}


@pytest.fixture
def quiet(deployed: Deployed) -> Iterator[Deployed]:
    """A legacy whose plan is approved, and nothing told so far."""
    approved = deployed.settings.upgrade.approved
    assert approved is not None
    deployed.cloud.command("faults", names=[])
    deployed.configure(approved_plan=approved.plan, not_after="2030-01-05T06:00:00Z")
    deployed.new_legacy()
    deployed.cloud.command("forget-told")
    yield deployed
    deployed.cloud.command("faults", names=[])
    deployed.configure(approved_plan=approved.plan, not_after="2030-01-05T06:00:00Z")


def _ended(deployed: Deployed, execution: str) -> tuple[Ended, Told]:
    (ended,) = deployed.ended(execution)
    return ended, deployed.told()


def test_a_dry_run_tells_nobody_however_it_ends(quiet: Deployed) -> None:
    ended, told = _ended(quiet, quiet.start('{"dry_run": true}'))
    assert (ended.outcome, told) == ("dry-run", Told([], [], []))
    quiet.configure(not_after="2020-01-01T00:00:00Z")
    ended, told = _ended(quiet, quiet.start('{"dry_run": true}'))
    assert (ended.status, ended.outcome, told) == ("FAILED", "refused", Told([], [], []))


def test_what_a_person_stopped_tells_nobody_that_it_failed(quiet: Deployed) -> None:
    quiet.cloud.command("faults", names=["snapshot-never-ends"])
    execution = quiet.fire()
    quiet.wait_for_state(execution, "WaitForSnapshot")
    assert quiet.uplift("stop", "rehearsal").returncode == 0
    quiet.cloud.command("faults", names=[])
    ended, told = _ended(quiet, execution)
    assert (ended.status, told) == ("ABORTED", Told([f"Uplift rehearsal: upgrade of {LEGACY} begins"], [], []))
    quiet.wait_until_idle()


def test_a_failure_that_nobody_could_be_told_of_rings_an_alarm(quiet: Deployed) -> None:
    quiet.cloud.command("faults", names=["die-before-report"])
    ended, told = _ended(quiet, quiet.fire())
    assert (ended.outcome, told.mails) == ("Unreported", [f"Uplift rehearsal: upgrade of {LEGACY} begins"])
    (alarm,) = told.alarms
    assert "AlarmsFailed" in alarm
    assert told.pages == [alarm]


def test_a_backup_under_way_is_waited_for(quiet: Deployed) -> None:
    quiet.cloud.command("disturb", id=LEGACY, status="snapshotting")
    dry, _ = _ended(quiet, quiet.start('{"dry_run": true}'))
    assert (dry.outcome, "a backup is being made" in dry.reason) == ("dry-run", True), dry
    execution = quiet.fire()
    wait_until(lambda: len(_entered(quiet, execution, "WaitForBackup")) > 1, "the run did not wait a second time")
    quiet.cloud.command("disturb", id=LEGACY, status="available")
    ended, told = _ended(quiet, execution)
    assert (ended.outcome, len(told.mails), told.pages) == ("upgraded", 2, [])
    # What settings/upgrade.py counts on, so that a run's history has room for all its looks.
    for state, events in (("WaitForBackup", 14), ("WaitForEngine", 9)):
        entered = _entered(quiet, execution, state)
        assert entered[1] - entered[0] == events, state


def _entered(deployed: Deployed, execution: str, state: str) -> list[int]:
    """The numbers of the history's events in which a state was entered."""
    states = deployed.cloud.client("stepfunctions")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    return [number for number, event in enumerate(events) if event.get("stateEnteredEventDetails", {}).get("name") == state]


def test_a_backup_that_lasts_until_not_after_ends_the_run(quiet: Deployed) -> None:
    quiet.cloud.command("disturb", id=LEGACY, status="snapshotting")
    execution = quiet.fire()
    quiet.wait_for_state(execution, "WaitForBackup")
    quiet.configure(not_after="2020-01-01T00:00:00Z")
    ended, told = _ended(quiet, execution)
    assert (ended.outcome, "past upgrade.not_after" in ended.reason) == ("refused", True), ended
    assert told.pages == [f"Uplift rehearsal: {LEGACY} refused"]


def test_a_running_holder_keeps_the_lock_though_its_lease_ran_out(quiet: Deployed) -> None:
    quiet.cloud.command("faults", names=["hold-census-before"])
    first = quiet.fire()
    quiet.wait_for_state(first, "CensusBefore")
    quiet.put_lease(LEGACY, -1)
    second, _ = _ended(quiet, quiet.fire())
    quiet.cloud.command("faults", names=[])
    ended, told = _ended(quiet, first)
    assert (second.outcome, ended.outcome, told.pages) == ("busy", "upgraded", [])


@pytest.mark.parametrize("group", list(GroupName))
def test_events_of_elasticache_reach_people_but_for_what_is_routine(quiet: Deployed, group: GroupName) -> None:
    identifier = quiet.fact(f"{group}/group-id")
    (cluster, *_) = quiet.cloud.client("elasticache").describe_cache_clusters(CacheClusterId=f"{identifier}-001")["CacheClusters"]
    assert cluster["NotificationConfiguration"]["TopicStatus"] == "active"
    for event in ("FailoverComplete", "SnapshotComplete", "SnapshotFailed", "CacheNodeReplaceComplete", "ServiceUpdateAvailableForNode"):
        quiet.cloud.command("node-event", id=identifier, event=f"ElastiCache:{event}")
    told = quiet.told()
    heard = [json.loads(message) for message in told.mails]
    assert [next(iter(one)) for one in heard] == [
        "ElastiCache:FailoverComplete",
        "ElastiCache:SnapshotFailed",
        "ElastiCache:CacheNodeReplaceComplete",
        "ElastiCache:ServiceUpdateAvailableForNode",
    ]
    assert told.pages == told.mails


def test_a_topic_without_the_policy_of_the_guide_is_inactive(quiet: Deployed) -> None:
    """So that a stack whose topic ElastiCache cannot use is found here, not after its deploy."""
    sns, cache = quiet.cloud.client("sns"), quiet.cloud.client("elasticache")
    topic = sns.create_topic(Name="without-a-policy")["TopicArn"]
    quiet.cloud.command("disturb", id=LEGACY, topic=topic)
    (cluster,) = cache.describe_cache_clusters(CacheClusterId=f"{LEGACY}-002")["CacheClusters"]
    assert cluster["NotificationConfiguration"] == {"TopicArn": topic, "TopicStatus": "inactive"}


def test_settings_check_shows_who_has_confirmed(quiet: Deployed) -> None:
    done = quiet.uplift("settings", "check", "rehearsal", "--deployed")
    assert done.returncode == 0, done.stderr
    for line in ("the upgrade", "alarms of app-cache", "ElastiCache's events of app-cache", "alarms of sidekiq"):
        assert f"{line}: 2 confirmed subscription(s) hear of this\n" in done.stdout
    quiet.cloud.command("faults", names=["nobody-confirmed"])
    done = quiet.uplift("settings", "check", "rehearsal", "--deployed", "--json")
    notified = json.loads(done.stdout)["notified"]
    assert (done.returncode, {one["confirmed"] for one in notified.values()}) == (1, {0})
    assert notified["the upgrade"]["pending"] == [PAGER_SHOWN, ON_CALL]
    plan = quiet.uplift("plan", "rehearsal")
    assert plan.returncode == 1
    assert (
        f"because: nobody would hear how the run ends: no subscription of upgrade.notify is confirmed, not confirmed yet: {PAGER_SHOWN}"
        in plan.stdout
    )


def test_the_plan_says_which_windows_the_schedule_overlaps_and_which_endpoints_must_exist(quiet: Deployed) -> None:
    quiet.new_legacy(windows=WINDOWS)
    done = quiet.uplift("plan", "rehearsal")
    assert done.returncode == 0, done.stderr
    run = "the schedule starts the run at 2030-01-05 06:00 UTC, and an engine change begun just before upgrade.not_after may last until"
    assert f"overlap: {run} 2030-01-05 10:00 UTC: that overlaps legacy's maintenance window sat:05:00-sat:07:00 UTC" in done.stdout
    assert "backup window" not in done.stdout
    assert "must exist: the gateway endpoint com.amazonaws.us-gov-west-1.s3 in vpc-00000000000000001" in done.stdout
    assert "secretsmanager" not in done.stdout
    assert "2 confirmed subscription(s) hear of this" in done.stdout
