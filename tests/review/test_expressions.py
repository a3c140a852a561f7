"""Expressions of templates: what is known is put in, and what is not stays comparable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uplift.errors import BadInput
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.expressions import Expressions
from uplift.review.templates.worlds import World, every_world

_SSM = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/fact"}
_KNOWN = Expressions(
    {
        "Size": {"Type": "String", "Default": "large"},
        "Nets": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Open": {"Type": "String"},
        "Fact": _SSM,
    },
    {"Types": {"prod": {"node": "cache.r5.large"}}},
    {
        "IsLarge": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
        "IsSmall": {"Fn::Not": [{"Condition": "IsLarge"}]},
        "Depends": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
        "Both": {"Fn::And": [{"Condition": "IsLarge"}, {"Condition": "Depends"}]},
        "Never": {"Fn::And": [{"Condition": "IsSmall"}, {"Condition": "Depends"}]},
        "Some": {"Fn::Or": [{"Condition": "IsLarge"}, {"Condition": "Depends"}]},
        "Round": {"Condition": "Round"},
    },
)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Size"}, "large"),
        ({"Ref": "Nets"}, ["a", "b"]),
        ({"Ref": "AWS::NoValue"}, None),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([1, {"Ref": "AWS::NoValue"}], [1]),
        ({"Fn::Sub": "x-${Size}-${!kept}"}, "x-large-${kept}"),
        ({"Fn::Sub": ["${a}/${Thing.Arn}", {"a": {"Ref": "Size"}}]}, {"Fn::Join": ["", ["large/", {"Fn::GetAtt": ["Thing", "Arn"]}]]}),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-large"),
        ({"Fn::Join": ["", ["a", "b", {"Ref": "Thing"}]]}, {"Fn::Join": ["", ["ab", {"Ref": "Thing"}]]}),
        ({"Fn::GetAtt": "Thing.Arn"}, {"Fn::GetAtt": ["Thing", "Arn"]}),
        ({"Fn::FindInMap": ["Types", "prod", "node"]}, "cache.r5.large"),
        ({"Fn::If": ["IsLarge", 1, 2]}, 1),
        ({"Fn::If": ["IsSmall", 1, {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::If": ["Some", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Never", "yes", "no"]}, "no"),
    ],
)
def test_what_is_known_is_put_in(value: Any, resolved: Any) -> None:
    assert _KNOWN.resolved(value) == resolved


def test_what_only_aws_knows_carries_its_definition() -> None:
    """Two templates that could resolve differently compare as different."""
    other = Expressions({"Fact": _SSM | {"Default": "/another/fact"}}, {}, {})
    assert _KNOWN.resolved({"Ref": "Fact"}) != other.resolved({"Ref": "Fact"})
    assert _KNOWN.resolved({"Ref": "Open"}) == {"Parameter": {"Name": "Open", "Type": "String", "Default": None}}
    unknown = _KNOWN.resolved({"Fn::FindInMap": ["Types", {"Ref": "AWS::Region"}, "node"]})
    assert unknown["Mapping"] == {"prod": {"node": "cache.r5.large"}}


@pytest.mark.parametrize(("name", "known"), [("IsLarge", True), ("IsSmall", False), ("Some", True), ("Never", False)])
def test_conditions_that_are_decided(name: str, known: bool) -> None:
    assert _KNOWN.condition(name) is known


def _both_ways(expressions: Callable[[World], Expressions], name: str) -> list[bool]:
    return [held for _, held in every_world(lambda world: expressions(world).condition(name))]


@pytest.mark.parametrize("name", ["Depends", "Both", "Round", "Missing"])
def test_conditions_that_are_not_decided_hold_in_one_world_and_not_in_another(name: str) -> None:
    def made(world: World) -> Expressions:
        return Expressions(_KNOWN.parameters, _KNOWN.mappings, _KNOWN.conditions, world=world)

    assert sorted(_both_ways(made, name)) == [False, True]


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Fn::Sub": "${AWS::Partition}/${AWS::Region}/${AWS::AccountId}"}, "aws-us-gov/us-gov-west-1/333333333333"),
        ({"Fn::If": ["IsGov", "gov", "not"]}, "gov"),
        ({"Fn::Select": ["1", {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]}, "gov"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ({"Fn::Select": [5, ["a"]]}, {"Fn::Select": [5, ["a"]]}),
        ({"Fn::Split": ["-", {"Ref": "Thing"}]}, {"Fn::Split": ["-", {"Ref": "Thing"}]}),
        ({"Fn::Nobody": [{"Ref": "AWS::Region"}]}, {"Fn::Nobody": ["us-gov-west-1"]}),
    ],
)
def test_where_the_stack_is_deployed_is_known_from_the_manifest(value: Any, resolved: Any) -> None:
    place = DeployEnvironment.read("aws://333333333333/us-gov-west-1")
    is_gov = {"IsGov": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-gov-west-1"]}}
    assert Expressions({}, {}, is_gov, known=place.pseudo_parameters).resolved(value) == resolved


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("eu-west-3", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-isob-east-1", "aws-iso-b"),
    ],
)
def test_a_region_says_its_partition(region: str, partition: str) -> None:
    assert DeployEnvironment("", region).pseudo_parameters["AWS::Partition"] == partition


def test_a_transform_inside_a_property_is_refused() -> None:
    with pytest.raises(BadInput, match="transform inside a property"):
        _KNOWN.resolved({"a": {"Fn::Sub": "${b}", "c": [{"Fn::Transform": {"Name": "AWS::Include"}}]}})
