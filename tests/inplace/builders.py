"""Typed values for the decision tables: a healthy legacy, and how to make it differ in one point."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from uplift.engines.catalogue import Engine
from uplift.inplace.decisions.preflight import Facts
from uplift.inplace.records.observation import MemberCluster, Observation, Role, SnapshotObservation
from uplift.inplace.records.people import People
from uplift.inplace.records.run_settings import RunSettings
from uplift.inplace.records.run_state import ProbeResult
from uplift.settings.legacy import LegacyKind
from uplift.settings.upgrade import Acknowledgement

NOW = datetime(2026, 12, 5, 22, 0, tzinfo=UTC)


def member(number: int = 1, **changes: Any) -> MemberCluster:
    healthy = MemberCluster(
        id=f"legacy-{number:03}",
        status="available",
        engine=Engine.REDIS,
        engine_version="3.2.4",
        node_type="cache.r5.large",
        role=Role.PRIMARY if number == 1 else Role.REPLICA,
        host=f"10.0.0.{number}",
        port=6379,
        parameter_group="legacy-params",
        parameter_status="in-sync",
        pending=(),
    )
    return replace(healthy, **changes)


def observation(*members: MemberCluster, **changes: Any) -> Observation:
    healthy = Observation(
        kind=LegacyKind.REPLICATION_GROUP,
        id="legacy",
        status="available",
        automatic_failover=True,
        pending=(),
        members=members or (member(1), member(2)),
    )
    return replace(healthy, **changes)


def facts(seen: Observation | None = None, **changes: Any) -> Facts:
    healthy = Facts(
        observation=seen or observation(),
        now=NOW,
        manual_snapshots_today=0,
        own_snapshot_is_creating=False,
        service_updates={},
        legacy_parameters={},
        new_parameters={},
        probe=ProbeResult(reachable=True, memory_percent=40, replica_lag_seconds=0),
        people=People(confirmed=1),
    )
    return replace(healthy, **changes)


def run_settings(**changes: Any) -> RunSettings:
    values: dict[str, Any] = {
        "environment": "test",
        "legacy_kind": LegacyKind.REPLICATION_GROUP,
        "legacy_id": "legacy",
        "legacy_tls": False,
        "managed_by": "Terraform",
        "managed_by_line": 'engine_version = "5.0.6"',
        "engine": Engine.REDIS,
        "target_version": "5.0.6",
        "attempt": 1,
        "parameter_group": "new-params",
        "not_after": datetime(2026, 12, 6, 6, 0, tzinfo=UTC),
        "longest_minutes": 240,
        "longest_snapshot_age_minutes": 120,
        "largest_replica_lag_seconds": 10,
        "largest_memory_percent": 75,
        "largest_key_drop_percent": 5,
        "cold_after_seconds": 0,
        "settled_grace_seconds": 600,
        "acknowledged": (Acknowledgement.NO_ENGINE_ROLLBACK, Acknowledgement.MANAGER_MUST_CHANGE_A_LINE),
        "lock_table": "locks",
        "report_bucket": "reports",
        "topic_arn": "arn:aws:sns:us-gov-west-1:123456789012:topic",
    }
    return RunSettings.model_validate(values | changes)


def snapshot(**changes: Any) -> SnapshotObservation:
    healthy = SnapshotObservation("uplift-legacy-1", "available", "legacy-002", "3.2.4", NOW, "5 MB")
    return replace(healthy, **changes)
