"""No edit of a generated template may turn a replacement or deletion of a group into anything below data loss or outage.

The oracle is told apart from the review: cfn-lint's own reader of the schemas, plain comparison of values, and one step of
references from a group to its subnet group.
"""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from tests.review.conftest import assembly_of
from tests.review.edits import (
    APP_CACHE,
    GROUP,
    PARAMETERS,
    SECURITY_GROUP,
    SIDEKIQ,
    SUBNETS,
    UPGRADE,
    Edit,
    Templates,
    attribute,
    put,
    remove,
    rename,
)
from uplift.review.finding import Impact
from uplift.review.review import review

_GROUP_TYPE, _SUBNET_TYPE = "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::SubnetGroup"
_STACKS = st.sampled_from([APP_CACHE, SIDEKIQ])
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(0, 7000), st.sampled_from(["x", "5.0.6", "7.1", "cache.r5.large", "Delete"]), st.just(["x"])
)


def _schema(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return schema


_PROPERTIES = sorted(set(_schema(_GROUP_TYPE)["properties"]) - {one.split("/")[2] for one in _schema(_GROUP_TYPE)["readOnlyProperties"]})


def _behind_a_parameter(stack: str, name: str, value: str) -> Edit:
    """A property whose value comes from a parameter's default."""

    def edit(templates: Templates) -> None:
        templates[stack].setdefault("Parameters", {})[f"P{name}"] = {"Type": "String", "Default": value}
        if GROUP in templates[stack]["Resources"]:
            templates[stack]["Resources"][GROUP]["Properties"][name] = {"Ref": f"P{name}"}

    return edit


def _under_a_condition(stack: str, wanted: str) -> Edit:
    def edit(templates: Templates) -> None:
        templates[stack].setdefault("Conditions", {})["Wanted"] = {"Fn::Equals": [wanted, "yes"]}
        if GROUP in templates[stack]["Resources"]:
            templates[stack]["Resources"][GROUP]["Condition"] = "Wanted"

    return edit


def _moved(templates: Templates) -> None:
    """The group in another stack, with the conditions and parameters it names: without them no template is one."""
    here, there = templates[APP_CACHE], templates[UPGRADE]
    if GROUP in here["Resources"]:
        there["Resources"]["Moved"] = here["Resources"].pop(GROUP)
        for section in ("Conditions", "Parameters"):
            there[section] = {**here.get(section, {}), **there.get(section, {})}


def _forgiving(edit: Edit) -> Edit:
    """An edit of something that an edit before took away is none."""

    def apply(templates: Templates) -> None:
        try:
            edit(templates)
        except KeyError:
            return

    return apply


_EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(lambda stack, name, value: put(GROUP, stack, **{name: value}), _STACKS, st.sampled_from(_PROPERTIES), _VALUES),
    st.builds(lambda stack, value: put(SUBNETS, stack, CacheSubnetGroupName=value), _STACKS, st.sampled_from(["a", "b"])),
    st.builds(lambda stack, value: put(SUBNETS, stack, Description=value), _STACKS, st.sampled_from(["a", "b"])),
    st.builds(lambda stack, new: rename(GROUP, new, stack), _STACKS, st.sampled_from(["Other", "Another"])),
    st.builds(lambda stack: rename(SUBNETS, "OtherSubnets", stack), _STACKS),
    st.builds(lambda stack: rename(PARAMETERS, "OtherParameters", stack), _STACKS),
    st.builds(lambda stack: rename(SECURITY_GROUP, "OtherSecurityGroup", stack), _STACKS),
    st.builds(lambda stack: remove(GROUP, stack), _STACKS),
    st.builds(lambda stack: lambda templates: templates.pop(stack), _STACKS),
    st.builds(
        _behind_a_parameter,
        _STACKS,
        st.sampled_from(["Port", "ReplicationGroupId", "SnapshotName", "ReplicationGroupDescription"]),
        st.sampled_from(["6379", "x"]),
    ),
    st.builds(_under_a_condition, _STACKS, st.sampled_from(["yes", "no"])),
    st.builds(
        lambda stack, deletion, replacing: attribute(GROUP, stack, DeletionPolicy=deletion, UpdateReplacePolicy=replacing),
        _STACKS,
        st.sampled_from([None, "Delete", "Snapshot"]),
        st.sampled_from([None, "Delete", "Snapshot", "Retain"]),
    ),
    st.just(_moved),
)


def _exists(template: dict[str, Any], logical_id: str) -> bool:
    resource = template["Resources"].get(logical_id)
    return resource is not None and ("Condition" not in resource or template["Conditions"]["Wanted"]["Fn::Equals"][0] == "yes")


def _plain(template: dict[str, Any], value: Any) -> str:
    """A value with a parameter's default put in; 6379 and "6379" are the same to CloudFormation."""
    if isinstance(value, dict) and value.get("Ref") in template.get("Parameters", {}):
        value = template["Parameters"][value["Ref"]]["Default"]
    return str(value).lower() if isinstance(value, (bool, int, str)) else json.dumps(value, sort_keys=True)


def _replaced(base: dict[str, Any], head: dict[str, Any], logical_id: str) -> bool:
    before, after = base["Resources"][logical_id], head["Resources"][logical_id]
    for pointer in _schema(before["Type"])["createOnlyProperties"]:
        name = pointer.split("/")[2]
        old, new = before["Properties"].get(name), after["Properties"].get(name)
        if _plain(base, old) != _plain(head, new):
            return True
        referred = new.get("Ref") if isinstance(new, dict) else None
        if (
            isinstance(referred, str)
            and referred in base["Resources"]
            and before["Type"] == _GROUP_TYPE
            and _replaced(base, head, referred)
        ):
            return True
    return False


def _loses(base: Templates, head: Templates, stack: str, logical_id: str) -> bool:
    if stack not in head:
        return True
    if not _exists(head[stack], logical_id):
        return True
    if head[stack]["Resources"][logical_id]["Type"] != _GROUP_TYPE:
        return False
    return _replaced(base[stack], head[stack], logical_id)


# A group that moved under its condition, and stays; the same, and then it is lost.
@pytest.mark.long
@pytest.mark.usefixtures("without_schemas")
@example(base_edits=[_under_a_condition(APP_CACHE, "yes"), _moved], head_edits=[_moved])
@example(base_edits=[_under_a_condition(APP_CACHE, "yes"), _moved], head_edits=[remove("Moved", UPGRADE)])
@settings(max_examples=200)
@given(base_edits=st.lists(_EDITS, max_size=2), head_edits=st.lists(_EDITS, min_size=1, max_size=4))
def test_a_lost_group_is_never_called_less(templates: Templates, base_edits: list[Edit], head_edits: list[Edit]) -> None:
    base = copy.deepcopy(templates)
    for edit in base_edits:
        _forgiving(edit)(base)
    head = copy.deepcopy(base)
    for edit in head_edits:
        _forgiving(edit)(head)
    findings = [one.finding for one in review(assembly_of(base), assembly_of(head), today=date(2026, 11, 24)).judged]
    said = {(one.stack, one.resource) for one in findings if one.impact in {Impact.DATA_LOSS, Impact.OUTAGE}}
    for stack, template in base.items():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] == _GROUP_TYPE and _exists(template, logical_id) and _loses(base, head, stack, logical_id):
                event("a group is lost")
                assert said & {(stack, logical_id), (stack, stack)}, (stack, logical_id)
