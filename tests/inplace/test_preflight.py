"""The preflight as a table: one point of a healthy legacy changed, the verdict and its reason."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.inplace.builders import NOW, facts, member, observation, run_settings
from uplift.inplace.decisions.expected_outage import expected_outage
from uplift.inplace.decisions.preflight import Facts, Verdict, approval_problem, decide
from uplift.inplace.records.observation import Observation
from uplift.inplace.records.people import People
from uplift.inplace.records.run_state import ProbeResult
from uplift.settings.legacy import LegacyKind
from uplift.settings.upgrade import Acknowledgement

UPGRADED = observation(member(1, engine_version="5.0.6"), member(2, engine_version="5.0.6"))
MIXED = observation(member(1), member(2, engine_version="5.0.6"))
ALL_ACKNOWLEDGED = tuple(Acknowledgement)

REFUSALS: list[tuple[str, Facts, dict[str, Any], str]] = [
    ("group modifying", facts(observation(status="modifying")), {}, "legacy is 'modifying', expected 'available'"),
    ("no room for a recovery", facts(observation(member(1, node_type="cache.m3.large"), member(2))), {}, "cache.m3.large is none of the node types that new groups get: ElastiCache still has m3, and makes no new nodes of it; set upgrade.recovery.node_type to one of t3"),
    ("another recovery type", facts(), {"recovery_node_type": "cache.r7g.large"}, "cache.r7g.large needs Redis 6.2"),
    ("nobody subscribed", facts(people=People(0)), {}, "no subscription of upgrade.notify is confirmed and none is waiting for it"),
    ("nobody confirmed", facts(people=People(0, ("a@b.gov",))), {}, "no subscription of upgrade.notify is confirmed, not confirmed yet: a@b.gov"),
    ("bucket out of reach", facts(probe=ProbeResult(reachable=True, bucket_problem="s3://b/k: timed out")), {}, "the data function cannot use the report bucket: s3://b/k: timed out (inside the VPC it needs S3's gateway endpoint"),
    ("token out of reach", facts(probe=ProbeResult(reachable=False, token_problem="timed out")), {}, "cannot read legacy's token: timed out (inside the VPC it needs the interface endpoint of Secrets Manager"),
    ("static parameter of a default group", facts(new_parameters={"databases": "32"}), {}, "parameter databases is 16 and must stay so, found 32"),
    ("modifying beside the own snapshot", facts(observation(status="modifying"), own_snapshot_is_creating=True), {}, "legacy is 'modifying'"),
    ("node modifying", facts(observation(member(1), member(2, status="modifying"))), {}, "node legacy-002 is 'modifying'"),
    ("pending on the group", facts(observation(pending=("CacheNodeType",))), {}, "changes are pending and would be applied with the upgrade"),
    ("pending scale-up of a node", facts(observation(member(1, pending=("CacheNodeType",)), member(2))), {}, "legacy-001:CacheNodeType"),
    ("service update", facts(service_updates={"elasticache-2026": "in-progress"}), {}, "service update elasticache-2026 is 'in-progress'"),
    ("mixed versions", facts(MIXED), {}, "nodes run different versions: 3.2.4, 5.0.6"),
    ("unknown version", facts(observation(member(1, engine_version="2.8.24"))), {"acknowledged": ALL_ACKNOWLEDGED}, "2.8.24 is not in the catalogue"),
    ("downgrade", facts(observation(member(1, engine_version="6.2.6"), member(2, engine_version="6.2.6"))), {}, "never downgrades"),
    ("quota", facts(manual_snapshots_today=20), {}, "legacy-002 has had 20 manual snapshots in 24 hours, allowed: 20"),
    ("no snapshots", facts(observation(member(1, node_type="cache.t1.micro"))), {"acknowledged": ALL_ACKNOWLEDGED}, "cannot be snapshotted"),
    ("memory", facts(probe=ProbeResult(reachable=True, memory_percent=76)), {}, "memory is 76 % used, allowed: 75 %"),
    ("lag", facts(probe=ProbeResult(reachable=True, replica_lag_seconds=11)), {}, "a replica is 11 s behind, allowed: 10 s"),
    ("link down", facts(probe=ProbeResult(reachable=True, replica_links_up=False)), {}, "a replica has lost its primary"),
    ("unreachable", facts(probe=ProbeResult(reachable=False, problem="refused")), {}, "Redis cannot be reached, so nothing could be counted: refused"),
    ("past not-after", facts(now=datetime(2026, 12, 6, 6, 0, tzinfo=UTC)), {}, "past upgrade.not_after"),
    ("two hours are over", facts(started_at=int(NOW.timestamp()) - 121 * 60), {}, "this run began 121 minutes ago, allowed before the modify: 120"),
    ("static parameter", facts(legacy_parameters={"databases": "32"}), {}, "parameter databases is 32 and must stay so, found 16: add `databases: '32'`"),
    ("engine never back", facts(), {"acknowledged": (Acknowledgement.MANAGER_MUST_CHANGE_A_LINE,)}, "not acknowledged: the old engine version"),
    ("manager", facts(), {"acknowledged": (Acknowledgement.NO_ENGINE_ROLLBACK,)}, "not acknowledged: whoever manages legacy"),
    ("single node", facts(observation(member(1))), {}, "not acknowledged: there is nothing to fail over to"),
    ("failover off", facts(observation(automatic_failover=False)), {}, "not acknowledged: there is nothing to fail over to"),
    ("parameters lost", facts(legacy_parameters={"timeout": "300"}), {}, "add parameters-are-lost to upgrade.acknowledged"),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "settings", "reason"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_refused(seen: Facts, settings: dict[str, Any], reason: str) -> None:
    decision = decide(seen, run_settings(**settings))
    assert decision.verdict is Verdict.REFUSE
    assert reason in "; ".join(decision.reasons)


def test_a_healthy_legacy_proceeds_and_says_everything_beforehand() -> None:
    decision = decide(facts(), run_settings())
    assert decision.verdict is Verdict.PROCEED
    assert decision.findings == (
        "legacy: 2 node(s) at 3.2.4, target redis 5.0.6",
        "expected outage: 30 to 60 seconds while DNS moves to the promoted replica",
        "no way back to redis 3.2.4: it can no longer be created; the snapshot restores the data into a new group of 4.0.10 or newer",
        'before its next apply Terraform must change: engine_version = "5.0.6"',
        "1 confirmed subscription(s) hear of this",
    )


@pytest.mark.parametrize(
    "seen",
    [
        observation(status="snapshotting"),
        observation(member(1), member(2, status="snapshotting")),
        observation(member(1), member(2, status="snapshotting"), status="snapshotting"),
    ],
)
def test_a_backup_is_waited_for_and_still_not_begun_over_anything_else(seen: Observation) -> None:
    decision = decide(facts(seen), run_settings())
    assert (decision.verdict, decision.reasons) == (
        Verdict.WAIT,
        ("legacy is 'snapshotting': a backup is being made, and the upgrade waits until it is done or upgrade.not_after",),
    )
    assert decide(facts(seen, manual_snapshots_today=20), run_settings()).verdict is Verdict.REFUSE
    assert decide(facts(seen, now=datetime(2026, 12, 6, 6, 0, tzinfo=UTC)), run_settings()).verdict is Verdict.REFUSE


def test_a_recovery_has_a_node_type_of_its_own() -> None:
    old = facts(observation(member(1, node_type="cache.m3.large"), member(2, node_type="cache.m3.large")))
    assert decide(old, run_settings(recovery_node_type="cache.r5.large")).verdict is Verdict.PROCEED


@pytest.mark.parametrize("version", ["3.2.4", "3.2.6", "3.2.10", "4.0.10", "5.0.0", "5.0.5"])
def test_every_source_version_may_proceed(version: str) -> None:
    seen = observation(member(1, engine_version=version), member(2, engine_version=version))
    assert decide(facts(seen), run_settings()).verdict is Verdict.PROCEED


def test_the_snapshot_of_an_earlier_start_of_this_run_is_gone_on_with() -> None:
    seen = facts(observation(member(1), member(2, status="snapshotting"), status="snapshotting"), own_snapshot_is_creating=True)
    assert decide(seen, run_settings()).verdict is Verdict.PROCEED


def test_already_there_is_nothing_to_do_even_when_late_and_unacknowledged() -> None:
    decision = decide(facts(UPGRADED, now=datetime(2030, 1, 1, tzinfo=UTC)), run_settings(acknowledged=()))
    assert decision.verdict is Verdict.NOTHING_TO_DO


def test_a_standalone_cluster_proceeds_when_its_outage_is_acknowledged() -> None:
    seen = observation(member(1), kind=LegacyKind.STANDALONE, automatic_failover=False)
    settings = run_settings(legacy_kind=LegacyKind.STANDALONE, acknowledged=ALL_ACKNOWLEDGED)
    assert decide(facts(seen), settings).verdict is Verdict.PROCEED


def test_parameters_that_would_be_lost_come_with_the_line_that_keeps_them() -> None:
    seen = facts(legacy_parameters={"min-slaves-max-lag": "20", "repl-timeout": "90", "timeout": "300"}, new_parameters={"timeout": "600"})
    decision = decide(seen, run_settings(acknowledged=ALL_ACKNOWLEDGED))
    assert decision.verdict is Verdict.PROCEED
    assert decision.findings[4:-1] == (
        "parameter min-slaves-max-lag (called min-replicas-max-lag from 5.0) = 20 would fall back to 10",
        "parameter repl-timeout = 90 does not exist in redis5.0: it ends with the upgrade",
        "parameter timeout changes from 300 to 600, as upgrade.parameters says",
        "to keep it, add under upgrade.parameters: min-replicas-max-lag: '20'",
    )


def test_what_changes_for_the_application_is_said_whoever_chose_the_value() -> None:
    new = {"maxmemory-policy": "allkeys-random", "notify-keyspace-events": "AKE", "timeout": "20", "activedefrag": "yes"}
    seen = facts(legacy_parameters={"notify-keyspace-events": "Kx"}, new_parameters=new)
    assert [finding for finding in decide(seen, run_settings()).findings if finding.startswith("parameter")] == [
        "parameter maxmemory-policy changes from volatile-lru (the default) to allkeys-random, as upgrade.parameters says",
        "parameter notify-keyspace-events changes from Kx to AKE, as upgrade.parameters says",
        "parameter timeout changes from 0 (the default) to 20, as upgrade.parameters says",
        "parameter activedefrag, which redis3.2 does not have, is yes",
    ]


@pytest.mark.parametrize(
    ("seen", "outage"),
    [
        (observation(), "30 to 60 seconds"),
        (observation(member(1)), "the whole upgrade"),
        (UPGRADED, "a few seconds of writes"),
    ],
)
def test_the_expected_outage_follows_the_topology(seen: Any, outage: str) -> None:
    assert expected_outage(seen).startswith(outage)


def test_without_redis_the_plan_says_what_it_did_not_read() -> None:
    decision = decide(facts(probe=None), run_settings())
    assert decision.verdict is Verdict.PROCEED
    assert decision.findings[-1].startswith("not read: memory and replica lag")


def test_the_plan_stays_while_time_passes_and_changes_with_what_it_is_about() -> None:
    plan = decide(facts(), run_settings()).plan
    same = [
        facts(now=datetime(2026, 12, 5, 23, 0, tzinfo=UTC)),
        facts(probe=None),
        facts(people=None),
        # Whether ElastiCache calls a value that equals the default a person's is not documented.
        facts(new_parameters={"maxmemory-policy": "volatile-lru"}),
        facts(manual_snapshots_today=3),
        facts(observation(member(2), member(1))),
    ]
    assert {decide(one, run_settings()).plan for one in same} == {plan}
    other = [
        decide(facts(observation(member(1))), run_settings()).plan,
        decide(facts(observation(member(1, node_type="cache.r5.xlarge"), member(2))), run_settings()).plan,
        decide(facts(observation(automatic_failover=False)), run_settings()).plan,
        decide(facts(legacy_parameters={"timeout": "300"}), run_settings()).plan,
        decide(facts(new_parameters={"maxmemory-policy": "allkeys-random", "timeout": "20"}), run_settings()).plan,
        decide(facts(new_parameters={"maxmemory-policy": "volatile-random"}), run_settings()).plan,
        decide(facts(new_parameters={"activedefrag": "yes"}), run_settings()).plan,
        decide(facts(), run_settings(target_version="6.2")).plan,
        decide(facts(), run_settings(attempt=2)).plan,
        decide(facts(), run_settings(managed_by_line="another")).plan,
    ]
    assert len({plan, *other}) == len(other) + 1


def test_only_the_approved_plan_may_run() -> None:
    plan = decide(facts(), run_settings()).plan
    assert approval_problem(plan, run_settings(approved_plan=plan, approved_by="Ada")) == ""
    assert approval_problem(plan, run_settings()) == f"nobody has approved plan {plan}: read `uplift plan test`, then set upgrade.approved"
    another = approval_problem(plan, run_settings(approved_plan="0" * 16, approved_by="Ada"))
    assert another == f"approved is plan {'0' * 16} (by Ada), but now it is {plan}: something has changed since"
