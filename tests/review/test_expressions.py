"""Expressions of templates: what is known is put in, and what is not stays comparable."""

from __future__ import annotations

from typing import Any

import pytest

from uplift.review.templates.expressions import Expressions

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


@pytest.mark.parametrize("name", ["Depends", "Both", "Round", "Missing"])
def test_conditions_that_are_not_decided_stay_expressions(name: str) -> None:
    assert isinstance(_KNOWN.condition(name), dict)
