"""Over prod's own templates: no type's removal, and no property's change, is only harmless unless it stands here.

So a new type of resource, and a new property, has to be thought about.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.review.changed_properties import PROPERTIES
from tests.review.conftest import assembly_of
from tests.review.edits import Templates
from tests.review.pairs import PAIRS, Pair
from tests.review.pairs_rules import PAIRS as RULES
from uplift.review.finding import Impact
from uplift.review.review import review
from uplift.review.rules.properties.table import JUDGES
from uplift.review.templates.differences import compare_stacks

pytestmark = pytest.mark.usefixtures("nothing_refused")

# What a picture or a parameter group without a user was, nobody misses.
_REMOVED_WITHOUT_HARM = {"AWS::ElastiCache::ParameterGroup"}
_WORDS = {"Description", "AlarmDescription", "DashboardBody", "Tags", "ReplicationGroupDescription"}
# With the rest of the template as it is, losing these makes nothing worse: kept for ever, AWS's own key, AWS's own default, tighter.
_GONE_WITHOUT_HARM = {
    ("AWS::Logs::LogGroup", "RetentionInDays"),
    ("AWS::S3::Bucket", "BucketEncryption"),
    ("AWS::S3::Bucket", "LifecycleConfiguration"),
    ("AWS::SQS::Queue", "SqsManagedSseEnabled"),
    ("AWS::CloudWatch::Alarm", "DatapointsToAlarm"),
    ("AWS::CloudWatch::Alarm", "TreatMissingData"),
}
# Code is what its tests say; what a group's engine and family are has rules and tests of its own.
_ELSEWHERE = {
    ("AWS::Lambda::Function", "Code"),
    ("AWS::ElastiCache::ReplicationGroup", "Engine"),
    ("AWS::ElastiCache::ParameterGroup", "CacheParameterGroupFamily"),
}


def _worst(base: Templates, head: Templates, stack: str) -> Impact | None:
    found = review(assembly_of({stack: base[stack]}), assembly_of({stack: head[stack]}), today=date(2026, 11, 24))
    return found.worst if found.judged else None


def _first_of_each_type(templates: Templates) -> Iterator[tuple[str, str, dict[str, Any]]]:
    seen: set[str] = set()
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            key = json.dumps([resource["Type"], sorted(resource.get("Properties", {}))])
            if key not in seen:
                seen.add(key)
                yield stack, logical_id, resource


@pytest.mark.long
def test_no_resource_goes_unseen(templates: Templates) -> None:
    silent: set[object] = set()
    for stack, logical_id, resource in _first_of_each_type(templates):
        head = copy.deepcopy({stack: templates[stack]})
        del head[stack]["Resources"][logical_id]
        if _worst(templates, head, stack) in {None, Impact.HARMLESS}:
            silent.add(resource["Type"])
    assert silent == _REMOVED_WITHOUT_HARM


@pytest.mark.long
def test_no_property_becomes_something_unknown_unseen(templates: Templates) -> None:
    silent: set[object] = set()
    for stack, logical_id, resource in _first_of_each_type(templates):
        for name in resource.get("Properties", {}):
            head = copy.deepcopy({stack: templates[stack]})
            head[stack]["Resources"][logical_id]["Properties"][name] = {"Fn::ImportValue": "elsewhere"}
            if name not in _WORDS and _worst(templates, head, stack) in {None, Impact.HARMLESS}:
                silent.add((resource["Type"], name))
    assert silent <= _ELSEWHERE


@pytest.mark.long
def test_no_property_goes_unseen(templates: Templates) -> None:
    silent: set[object] = set()
    for stack, logical_id, resource in _first_of_each_type(templates):
        for name in resource.get("Properties", {}):
            head = copy.deepcopy({stack: templates[stack]})
            del head[stack]["Resources"][logical_id]["Properties"][name]
            if name not in _WORDS and _worst(templates, head, stack) in {None, Impact.HARMLESS}:
                silent.add((resource["Type"], name))
    assert silent <= _GONE_WITHOUT_HARM | _ELSEWHERE


def _differing(templates: Templates, pair: Pair) -> Iterator[tuple[str, str]]:
    base = copy.deepcopy(templates)
    pair.base(base)
    head = copy.deepcopy(base)
    pair.head(head)
    differing = {name for name in base.keys() & head.keys() if base[name] != head[name]}
    before, after = (assembly_of({name: side[name] for name in differing}) for side in (base, head))
    for name in before.stacks.keys() & after.stacks.keys():
        for change in compare_stacks(before.stacks[name], after.stacks[name]):
            yield from ((change.type, one.name) for one in change.properties)


@pytest.mark.nightly
def test_every_judge_of_a_property_has_a_row(templates: Templates) -> None:
    """Some types share one."""
    tried = {(kind, name) for kind, name, *_ in PROPERTIES} | {one for pair in [*PAIRS, *RULES] for one in _differing(templates, pair)}
    judges = {JUDGES[kind][name] for kind, name in tried if name in JUDGES.get(kind, {})}
    assert {(kind, name) for kind, of_kind in JUDGES.items() for name, judge in of_kind.items() if judge not in judges} == set()
