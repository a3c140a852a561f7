"""A new resource takes the place of an old one only where it is the same thing; what differs beside it is judged."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.review.conftest import Reviewed, edited
from tests.review.edits import APP_CACHE, GROUP, PARAMETERS, SECURITY_GROUP, SUBNETS, TOKEN, UPGRADE, Edit, Templates, put, rename
from uplift.review.templates.differences import Fate, compare_stacks
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import StackTemplate, read_template

_PEOPLE, _MAIL = "PeopleTopic78050798", "PeopleTopicvetsapioncallexamplegov0947E2F3"
_MEMORY = "AlarmsNode001FreeableMemoryAEEFCA5E"


def _stack(template: dict[str, Any]) -> StackTemplate:
    return read_template("stack", template, "stack", environment=DeployEnvironment("333333333333", "us-gov-west-1"))


def _fates(templates: Templates, edit: Edit, stack: str = APP_CACHE) -> dict[str, Fate]:
    changes = compare_stacks(_stack(templates[stack]), _stack(edited(templates, edit)[stack]))
    return {change.logical_id: change.fate for change in changes}


@pytest.mark.parametrize("logical_id", [GROUP, SUBNETS, PARAMETERS, SECURITY_GROUP, _PEOPLE, _MAIL, _MEMORY])
def test_a_renamed_resource_is_itself(templates: Templates, logical_id: str) -> None:
    fates = _fates(templates, rename(logical_id, "Renamed"))
    assert fates[logical_id] is Fate.RENAMED
    assert not {Fate.ADDED, Fate.REMOVED} & set(fates.values())


def _instead_of(old: str, stack: str = APP_CACHE, **properties: Any) -> Edit:
    def edit(templates: Templates) -> None:
        resources = templates[stack]["Resources"]
        resources["Instead"] = copy.deepcopy(resources.pop(old))
        resources["Instead"]["Properties"] |= properties

    return edit


@pytest.mark.parametrize(
    ("old", "stack", "properties", "worst"),
    [
        (_MEMORY, APP_CACHE, {"ActionsEnabled": False}, "protection weakened"),
        (_MEMORY, APP_CACHE, {"Threshold": 1}, "protection weakened"),
        (_MEMORY, APP_CACHE, {"MetricName": "SwapUsage"}, "protection weakened"),
        (_MAIL, APP_CACHE, {"Endpoint": "somebody-else@example.gov"}, "protection weakened"),
        ("FactPortBEF31F09", APP_CACHE, {"Name": "/uplift/prod/app-cache/gate"}, "outage"),
        ("ReportsBucketPolicyDDF1E8F1", UPGRADE, {"PolicyDocument": {"Version": "2012-10-17", "Statement": []}}, "security"),
    ],
)
def test_what_differs_of_what_takes_its_place_is_judged(
    reviewed: Reviewed, old: str, stack: str, properties: dict[str, Any], worst: str
) -> None:
    exit_code, document = reviewed(_instead_of(old, stack, **properties))
    assert exit_code == 1
    assert document["worst"] in {worst, "fails at deploy"}, document["findings"]


def test_a_renamed_group_is_one_entry_that_lists_what_follows(reviewed: Reviewed) -> None:
    _, document = reviewed(rename(GROUP, "RedisGroupNew"))
    (entry,) = document["findings"]
    assert (entry["class"], entry["resource"]) == ("data loss", GROUP)
    assert len([line for line in entry["follows"] if line.startswith("AlarmsNode")]) > 20
    assert not any("{" in line for line in entry["follows"])


def _another_port(templates: Templates) -> None:
    """As the CDK writes it: in the group, in rules, whose logical ids have it too, in facts and in descriptions."""
    text = json.dumps(templates[APP_CACHE]).replace("6379", "6380")
    templates[APP_CACHE] = json.loads(text)


def test_another_port_is_one_entry(reviewed: Reviewed) -> None:
    _, document = reviewed(_another_port)
    assert [(one["class"], one["resource"]) for one in document["findings"]] == [("data loss", GROUP)]


def test_a_renamed_topic_is_one_entry_of_the_worst_class_it_covers(reviewed: Reviewed) -> None:
    _, document = reviewed(rename(_PEOPLE, "OtherTopic"))
    (entry,) = [one for one in document["findings"] if one["class"] != "harmless"]
    assert (entry["class"], entry["resource"]) == ("protection weakened", _PEOPLE)
    assert any(_MAIL in line for line in entry["follows"])


def test_lost_data_is_an_entry_of_its_own_though_it_follows(reviewed: Reviewed) -> None:
    _, document = reviewed(rename(SUBNETS, "OtherSubnets"))
    assert ("data loss", GROUP) in {(one["class"], one["resource"]) for one in document["findings"]}


def test_one_difference_of_many_resources_is_one_entry(reviewed: Reviewed, templates: Templates) -> None:
    def tagged(templates: Templates) -> None:
        for one in templates[UPGRADE]["Resources"].values():
            if one["Type"] == "AWS::IAM::Role":
                one["Properties"]["Tags"] = [{"Key": "Owner", "Value": "us"}]

    _, document = reviewed(tagged)
    roles = [name for name, one in templates[UPGRADE]["Resources"].items() if one["Type"] == "AWS::IAM::Role"]
    (entry,) = document["findings"]
    assert entry["class"] == "harmless"
    assert sorted([entry["resource"], *(line.partition(":")[0] for line in entry["follows"])]) == sorted(roles)


def test_a_new_secret_is_another_token_though_the_reference_is_the_same(reviewed: Reviewed) -> None:
    _, document = reviewed(rename(TOKEN, "OtherToken"))
    assert ("another AUTH token", GROUP) in {(one["what"], one["resource"]) for one in document["findings"] if one["class"] == "outage"}


def test_equal_edits_of_several_alarms_are_acknowledged_one_by_one(reviewed: Reviewed, tmp_path: Path) -> None:
    def silenced(templates: Templates) -> None:
        for one in templates[APP_CACHE]["Resources"].values():
            if one["Type"] == "AWS::CloudWatch::Alarm":
                one["Properties"]["AlarmActions"] = []

    entry = {"stack": APP_CACHE, "resource": _MEMORY, "class": "protection weakened", "reason": "one alarm only", "by": "ops"}
    path = tmp_path / "acknowledged.yaml"
    path.write_text(json.dumps({"acknowledged": [entry | {"until": "2099-01-01"}]}))
    exit_code, document = reviewed(silenced, lambda _templates: None, "--acknowledged", str(path))
    assert exit_code == 1
    assert document["unacknowledged"] > 20


@pytest.mark.parametrize("policy", ["allkeys-random", "noeviction"])
def test_what_a_renamed_parameter_group_does_is_said_of_the_group(reviewed: Reviewed, policy: str) -> None:
    def edit(templates: Templates) -> None:
        rename(PARAMETERS, "OtherParameters")(templates)
        templates[APP_CACHE]["Resources"]["OtherParameters"]["Properties"]["Properties"]["maxmemory-policy"] = policy

    _, document = reviewed(edit)
    (entry,) = [one for one in document["findings"] if one["class"] == "behaviour change"]
    assert (entry["resource"], entry["what"]) == (GROUP, f"maxmemory-policy: volatile-lru → {policy}")
    assert "nothing here uses it" not in json.dumps(document)


@pytest.mark.parametrize(
    "edit",
    [
        put(Port=6380, TransitEncryptionEnabled=False, AuthToken=None),
        put(Port=6380, EngineVersion="4.0.10"),
        put(SnapshotName="from", ClusterMode="enabled"),
    ],
)
def test_what_is_made_anew_is_not_changed_in_place(reviewed: Reviewed, edit: Edit) -> None:
    _, document = reviewed(edit)
    refused = [one["what"] for one in document["findings"] if one["class"] == "fails at deploy"]
    assert not [what for what in refused if "in one step" in what or "→" in what], refused


def test_many_renamed_alarms_are_each_themselves(templates: Templates) -> None:
    alarm = templates[APP_CACHE]["Resources"][_MEMORY]
    alarms = {f"A{number}": alarm | {"Properties": alarm["Properties"] | {"MetricName": f"Metric{number}"}} for number in range(600)}
    base = {"Resources": alarms}
    head = {"Resources": {f"New{name}": one for name, one in alarms.items()}}
    assert {change.fate for change in compare_stacks(_stack(base), _stack(head))} == {Fate.RENAMED}
