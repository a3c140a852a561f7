"""No JSON is a traceback: functions with arguments of every wrong form, at every kind of property."""

from __future__ import annotations

from typing import Any

import pytest

from tests.review.conftest import assembly_of
from uplift.errors import BadInput
from uplift.review.review import findings_of
from uplift.review.wording.values import flattened

pytestmark = pytest.mark.usefixtures("without_schemas")

_ARGUMENTS: tuple[Any, ...] = (None, True, 0, 1.5, "", "x", "A.B.C", [], [None], [[]], [1, 2], ["a", "b"], ["a", ["b"]], {}, {"a": None})
_FUNCTIONS = (
    "Ref",
    "Fn::GetAtt",
    "Fn::Join",
    "Fn::Sub",
    "Fn::Select",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::If",
    "Fn::ImportValue",
    "Parameter",
)
_PLACES = (
    ("AWS::EC2::SecurityGroupIngress", "GroupId"),
    ("AWS::IAM::ManagedPolicy", "PolicyDocument"),
    ("AWS::SNS::Subscription", "FilterPolicy"),
    ("AWS::S3::Bucket", "LifecycleConfiguration"),
    ("AWS::ElastiCache::ReplicationGroup", "SecurityGroupIds"),
    ("AWS::StepFunctions::StateMachine", "DefinitionString"),
    ("AWS::Scheduler::Schedule", "Target"),
    ("AWS::CloudWatch::Alarm", "AlarmActions"),
    ("AWS::DynamoDB::Table", "AttributeDefinitions"),
)


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_malformed_function_has_words(name: str) -> None:
    assert all(flattened({name: argument}) is not None for argument in _ARGUMENTS)


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_malformed_function_is_judged_or_bad_input(name: str) -> None:
    for kind, place in _PLACES:
        for argument in _ARGUMENTS:
            before, after = ({"S": {"Resources": {"A": {"Type": kind, "Properties": {place: said}}}}} for said in ("x", {name: argument}))
            try:
                findings_of(assembly_of(before), assembly_of(after))
            except BadInput:
                continue
