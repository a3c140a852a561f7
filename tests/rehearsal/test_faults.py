"""Every row of the fault table, through the deployed state machine, on real Redis servers.

moto interprets the state machine and its waits are shortened; the functions are the deployed zip under AWS's own runtime client. What the
local ElastiCache does in each fault is written in rehearsal/cloud and documented in docs/rehearsal.md; real ElastiCache may do otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.run.in_place import Address
from rehearsal.run.watch_executions import Ended
from tests.deployed_cloud import LEGACY, Deployed
from tests.killed_steps import DEATHS, UPGRADE_STEPS, Death, how_it_ends
from tests.rehearsal.fault_rows import ALL_KEYS, ROWS, FaultRow
from uplift.inplace.records.run_state import Step

pytestmark = pytest.mark.cloud
PLANNED_NODES = 2
SOUND = {"settled_grace_seconds": 600, "longest_minutes": 240, "attempt": 1, "not_after": "2030-01-05T06:00:00Z", "cold_after_seconds": 0}


@pytest.fixture
def sound(deployed: Deployed) -> Iterator[Deployed]:
    """A cloud without a fault and a legacy with data, whose plan is approved; without a fault again afterwards."""
    deployed.cloud.command("faults", names=[])
    approved = deployed.settings.upgrade.approved
    assert approved is not None
    deployed.configure(**SOUND, approved_plan=approved.plan)
    deployed.cloud.command("forget-told")
    yield deployed
    deployed.cloud.command("faults", names=[])
    deployed.configure(**SOUND, approved_plan=approved.plan)


def _legacy(deployed: Deployed, nodes: int = 2) -> Address:
    legacy = deployed.new_legacy(nodes=nodes)
    pipeline = legacy.connect().pipeline(transaction=False)
    for number in range(ALL_KEYS):
        pipeline.set(f"vets-api-session:{number:08}", f"value {number}", ex=1800)
    pipeline.execute()
    if nodes != PLANNED_NODES:
        deployed.approve()
    return legacy


def _finished(deployed: Deployed, *, settles: bool = False) -> tuple[Ended, dict[str, int]]:
    """Fire the schedule and wait for the end. `settles`: the grace ends when ElastiCache is done, however long that takes here."""
    before = deployed.cloud.calls_of_roles().done
    execution = deployed.fire()
    if settles:
        deployed.wait_for_state(execution, "WaitForEngine")
        deployed.wait_until_idle()
        deployed.configure(settled_grace_seconds=1)
    (ended,) = deployed.ended(execution)
    return ended, _calls(deployed, before)


def _calls(deployed: Deployed, before: Any) -> dict[str, int]:
    done = deployed.cloud.calls_of_roles().done - before
    return {"snapshots": done["CreateSnapshot"], "modifies": done["ModifyReplicationGroup"]}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_a_fault_ends_as_the_table_says(sound: Deployed, row: FaultRow) -> None:
    legacy = _legacy(sound, row.nodes)
    sound.configure(**row.configure)
    sound.cloud.command("faults", names=list(row.faults))
    if row.disturb:
        sound.cloud.command("disturb", id=LEGACY, **row.disturb)
    ended, calls = _finished(sound, settles=row.settles)
    story = f"{ended.outcome}: {ended.reason}"
    assert (ended.status, ended.outcome) == (row.status, row.outcome), story
    assert row.says in ended.reason, story
    assert calls == {"snapshots": row.snapshots, "modifies": row.modifies}, story
    told = sound.told()
    assert len(told.pages) == row.pages, told
    assert not row.succeeds or [message.rpartition(" ")[2] for message in told.mails] == ["begins", "upgraded"]
    sound.cloud.command("faults", names=[])
    if row.disturb.get("reachable") is False or "unreachable-after-modify" in row.faults:
        sound.cloud.command("disturb", id=LEGACY, reachable=True)
    assert ALL_KEYS - legacy.connect().dbsize() == row.lost
    if row.lost:
        cold = sound.newest_report()["proof"]["cold"]
        assert (cold["after"]["missing"], cold["after"]["compared"]) == (row.lost, ALL_KEYS)
        assert len(cold["labels"]) == row.lost
        assert all(label.startswith("missing: vets-api-session:<number> #") for label in cold["labels"])


def test_evicted_keys_are_the_servers_doing_not_a_loss(sound: Deployed) -> None:
    legacy = _legacy(sound)
    sound.cloud.command("faults", names=["evicting"])
    ended, calls = _finished(sound)
    gone = ALL_KEYS - len(list(legacy.connect().scan_iter("vets-api-session:*", count=1000)))
    cold = sound.newest_report()["proof"]["cold"]
    # Whatever was evicted is missing, whether it was a cold key or not.
    assert 0 < cold["after"]["missing"] <= gone
    assert (cold["evicted_counter"], ended.outcome) == (gone, "upgraded"), ended.reason
    assert calls == {"snapshots": 1, "modifies": 1}


# Each way a run can end once; tests/inplace/test_killed_steps.py kills the same steps in one process at every place in every run.
_ON_THE_MACHINE = {
    (Step.CENSUS_BEFORE, "die-in"),
    (Step.MODIFY, "die-before"),
    (Step.OBSERVE, "die-in"),
    (Step.COMPARE, "die-before"),
    (Step.REPORT, "die-in"),
}


@pytest.mark.parametrize(
    ("step", "death"),
    [
        pytest.param(step, death, marks=[] if (step, death) in _ON_THE_MACHINE else pytest.mark.nightly)
        for step in UPGRADE_STEPS
        for death in DEATHS
    ],
)
def test_a_function_killed_at_any_step(sound: Deployed, step: Step, death: Death) -> None:
    """The run ends in a known state, the next start brings the upgrade to its end, and there is one modify in all."""
    legacy = _legacy(sound)
    before = sound.cloud.calls_of_roles().done
    sound.cloud.command("faults", names=[f"{death}-{step}"])
    (first,) = sound.ended(sound.fire())
    ends = how_it_ends(step, death)
    assert (first.status, first.outcome) == ("SUCCEEDED" if ends.last_state == "Succeeded" else "FAILED", ends.outcome), first
    assert ends.says in first.reason
    if ends.before_modify:
        assert _calls(sound, before)["modifies"] == 0
    (second,) = sound.ended(sound.fire())
    assert second.status == "SUCCEEDED", (first, second)
    assert second.outcome in {"upgraded", "nothing-to-do"}
    assert _calls(sound, before) == {"snapshots": 1, "modifies": 1}
    assert legacy.version() == "5.0.6"
    assert legacy.connect().dbsize() == ALL_KEYS


@pytest.mark.parametrize(
    ("state", "held"),
    [
        ("CensusBefore", Step.CENSUS_BEFORE),
        ("WaitForSnapshot", Step.MEASURE),
        ("Recheck", Step.RECHECK),
        ("WaitForEngine", Step.CENSUS_AFTER),
        ("CensusAfter", Step.CENSUS_AFTER),
    ],
)
def test_a_machine_that_was_stopped_goes_on_at_the_next_start(sound: Deployed, state: str, held: Step) -> None:
    """An answer is kept back, so that the machine cannot come to its end before it is stopped."""
    legacy = _legacy(sound)
    before = sound.cloud.calls_of_roles().done
    sound.cloud.command("faults", names=[f"hold-{held}"])
    execution = sound.fire()
    sound.wait_for_state(execution, state)
    sound.cloud.client("stepfunctions").stop_execution(executionArn=execution)
    sound.cloud.command("faults", names=[])
    (first,) = sound.ended(execution)
    assert first.status == "ABORTED"
    sound.wait_until_idle()
    (second,) = sound.ended(sound.fire())
    assert (second.status, second.outcome) == ("SUCCEEDED", "upgraded"), second
    assert _calls(sound, before) == {"snapshots": 1, "modifies": 1}
    assert (legacy.version(), legacy.connect().dbsize()) == ("5.0.6", ALL_KEYS)


def test_not_after_passes_while_the_snapshot_is_waited_for(sound: Deployed) -> None:
    legacy = _legacy(sound)
    sound.cloud.command("faults", names=["snapshot-never-ends"])
    before = sound.cloud.calls_of_roles().done
    execution = sound.fire()
    sound.wait_for_state(execution, "WaitForSnapshot")
    sound.configure(not_after="2020-01-01T00:00:00Z")
    (ended,) = sound.ended(execution)
    assert (ended.status, ended.outcome) == ("FAILED", "refused")
    assert "past upgrade.not_after 2020-01-01T00:00:00+00:00, while waiting: " in ended.reason
    assert _calls(sound, before) == {"snapshots": 1, "modifies": 0}
    assert legacy.version() == "3.2.6"


@pytest.mark.parametrize(
    ("holder_is", "lease", "outcome"),
    [
        ("nobody Step Functions knows", -1, "upgraded"),
        ("nobody Step Functions knows", 900, "busy"),
        ("an execution that ended", 900, "upgraded"),
    ],
)
def test_a_lock_whose_holder_is_dead(sound: Deployed, holder_is: str, lease: int, outcome: str) -> None:
    """A lease that has run out, or a holder known to have ended, frees the lock; a holder nobody can ask about keeps it."""
    holder = "arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:unknown:unknown"
    if holder_is.startswith("an execution"):
        holder = sound.start('{"dry_run": true}')
        sound.ended(holder)
    _legacy(sound)
    sound.put_lock(LEGACY, holder, lease)
    ended, calls = _finished(sound)
    assert (ended.status, ended.outcome) == ("SUCCEEDED", outcome)
    assert calls["modifies"] == int(outcome == "upgraded")


@pytest.mark.parametrize("fault", ["die-before-report", "topic-deleted-after-modify"])
def test_a_loss_that_could_not_be_told_is_found_and_told_by_the_next_start(sound: Deployed, fault: str) -> None:
    _legacy(sound)
    sound.cloud.command("faults", names=["data-lost", fault])
    first, _ = _finished(sound)
    assert (first.outcome, len(sound.told().alarms)) == ("Unreported", 1)
    sound.cloud.command("faults", names=[])
    sound.cloud.command("forget-told")
    second, calls = _finished(sound)
    assert (second.status, second.outcome, calls["modifies"]) == ("FAILED", "lost", 0), second.reason
    assert sound.told().pages == [f"Uplift rehearsal: {LEGACY} lost"]


def test_a_schedule_that_fires_twice_upgrades_once(sound: Deployed) -> None:
    _legacy(sound)
    before = sound.cloud.calls_of_roles().done
    ended = sound.ended(sound.fire(), sound.fire())
    assert sorted(one.outcome for one in ended) == ["busy", "upgraded"]
    assert {one.status for one in ended} == {"SUCCEEDED"}
    assert _calls(sound, before) == {"snapshots": 1, "modifies": 1}


def test_what_elasticache_itself_tells_is_in_the_report(sound: Deployed) -> None:
    _legacy(sound)
    sound.cloud.command("faults", names=["upgrade-refused-later"])
    _finished(sound, settles=True)
    findings = sound.newest_report()["findings"]
    assert any("Unable to upgrade the engine: not enough memory to synchronise" in finding for finding in findings), findings
