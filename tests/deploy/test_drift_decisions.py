"""Drift decided on values: each property on its own, a template that is about to be mended, a secret nobody deployed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from uplift.deploy.drift_rules import Written, drifts, legacy_drift, token_drift
from uplift.deploy.real_group import RealGroup
from uplift.review.group.view import group_view
from uplift.review.templates.template import read_template
from uplift.settings.load import load_settings

_IDS = {"Group": "group-1", "Parameters": "parameters-1", "Firewall": "sg-1", "Events": "arn:topic"}
_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_REAL = RealGroup(
    versions=frozenset(["6.2.6"]),
    parameter_groups=frozenset(["parameters-1"]),
    security_groups=frozenset(["sg-1"]),
    maintenance_windows=frozenset(["sun:06:00-sun:08:00"]),
    topics=frozenset(["arn:topic"]),
    node_types=frozenset(["cache.r5.large"]),
    snapshot_window="08:30-09:30",
    snapshot_days=7,
    nodes=2,
    failover=True,
    multi_az=True,
    token_set_at=_NOON,
)


def _written(**properties: Any) -> Written:
    whole = {
        "EngineVersion": "6.2",
        "CacheParameterGroupName": {"Ref": "Parameters"},
        "SecurityGroupIds": [{"Fn::GetAtt": ["Firewall", "GroupId"]}],
        "PreferredMaintenanceWindow": "sun:06:00-sun:08:00",
        "NotificationTopicArn": {"Ref": "Events"},
        "CacheNodeType": "cache.r5.large",
        "SnapshotWindow": "08:30-09:30",
        "SnapshotRetentionLimit": 7,
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        **properties,
    }
    template = read_template("Stack", {"Resources": {"Group": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": whole}}}, "test")
    return Written("Stack", group_view(template.resources["Group"], template), _IDS)


def test_a_patch_that_aws_chose_is_no_drift() -> None:
    assert list(drifts(_written(), None, _REAL)) == []


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("EngineVersion", replace(_REAL, versions=frozenset(["7.1.0"]))),
        ("EngineVersion", replace(_REAL, versions=frozenset(["6.2.6", "7.1.0"]))),
        ("CacheParameterGroupName", replace(_REAL, parameter_groups=frozenset(["parameters-1", "by-hand"]))),
        ("SecurityGroupIds", replace(_REAL, security_groups=frozenset(["sg-1", "sg-2"]))),
        ("PreferredMaintenanceWindow", replace(_REAL, maintenance_windows=frozenset(["mon:06:00-mon:08:00"]))),
        ("NotificationTopicArn", replace(_REAL, topics=frozenset([""]))),
        ("CacheNodeType", replace(_REAL, node_types=frozenset(["cache.r5.xlarge"]))),
        ("SnapshotWindow", replace(_REAL, snapshot_window="01:00-02:00")),
        ("SnapshotRetentionLimit", replace(_REAL, snapshot_days=0)),
        ("NumCacheClusters", replace(_REAL, nodes=3)),
        ("AutomaticFailoverEnabled", replace(_REAL, failover=False)),
        ("MultiAZEnabled", replace(_REAL, multi_az=False)),
    ],
)
def test_each_value_that_differs_is_named_alone(name: str, real: RealGroup) -> None:
    assert [one.name for one in drifts(_written(), None, real)] == [name]


def test_what_the_next_deploy_writes_as_it_is_is_no_drift_any_more() -> None:
    real = replace(_REAL, versions=frozenset(["7.1.0"]), snapshot_days=1)
    assert [one.name for one in drifts(_written(), _written(EngineVersion="7.1"), real)] == ["SnapshotRetentionLimit"]


def test_a_reference_to_what_is_not_there_yet_says_nothing() -> None:
    real = replace(_REAL, parameter_groups=frozenset(["by-hand"]))
    assert list(drifts(_written(), replace(_written(), physical_ids={**_IDS, "Parameters": ""}), real)) == []


def test_a_group_that_is_gone() -> None:
    assert [one.real for one in drifts(_written(), None, None)] == ["no such group"]


@pytest.mark.parametrize(("later", "found"), [(timedelta(days=-30), 0), (timedelta(seconds=30), 0), (timedelta(hours=1), 1)])
def test_a_secret_changed_after_its_token_was_set_was_never_deployed(later: timedelta, found: int) -> None:
    drifted = list(token_drift(_written(), _REAL, _NOON + later))
    assert len(drifted) == found
    assert all("rotate-token" in str(one) for one in drifted)


def test_a_group_without_a_token_cannot_drift_from_one() -> None:
    assert list(token_drift(_written(), replace(_REAL, token_set_at=None), _NOON + timedelta(days=1))) == []


@pytest.mark.parametrize(("reported", "found"), [({"3.2.6"}, 0), ({"5.0.6"}, 1), ({"3.2.6", "5.0.6"}, 1)])
def test_settings_left_behind_after_legacy_was_upgraded(reported: set[str], found: int) -> None:
    legacy = load_settings("rehearsal").legacy
    assert len(list(legacy_drift(legacy, frozenset(reported), frozenset({"whatever"}), "config/prod.yaml"))) == found


@pytest.mark.parametrize(
    ("written", "real", "found"),
    [
        ("one", {"ours"}, 0),
        ("one", {"one", "ours"}, 0),
        ("one", {"two", "ours"}, 1),
        (None, {"one"}, 0),
        ("one", {"one"}, 0),
        ("one", {"two"}, 1),
        ("one", {"one", "two"}, 1),
        ("one", set(), 0),
    ],
)
def test_the_parameter_group_that_a_pipeline_keeps_off_is_the_one_legacy_uses(written: str | None, real: set[str], found: int) -> None:
    legacy = load_settings("rehearsal").legacy.model_copy(update={"parameter_group": written})
    drifted = list(legacy_drift(legacy, frozenset(), frozenset(real), "config/prod.yaml", own="ours"))
    assert len(drifted) == found
    assert all("deploy the pipeline's rights again" in str(one) for one in drifted)
