"""Policies compared: what covers what, who is everybody, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from uplift.review.rules.iam_conditions import holds_wherever, is_about_tls, written
from uplift.review.rules.iam_grants import grants, widened


def _allow(**more: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a", **more}}


def _without(*names: str, **more: Any) -> dict[str, Any]:
    found = _allow(**more)
    for name in names:
        del found["Statement"][name]
    return found


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        (_without("Action", NotAction="iam:*"), _allow(), False),
        (_without("Action", NotAction="s3:*"), _allow(), True),
        (_without("Action", NotAction=["iam:*", "s3:*"]), _without("Action", NotAction="iam:*"), True),
        (_without("Action", NotAction="iam:*"), _without("Action", NotAction=["iam:*", "s3:*"]), False),
        (_without("Resource", NotResource="b"), _allow(), False),
        (_without("Resource", NotResource="b"), _allow(Resource="*"), True),
        (_allow(Principal={"AWS": "*"}), _allow(Principal="*"), False),
        (_allow(Principal={"AWS": "123456789012"}), _allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}), False),
        (_allow(Principal={"AWS": ["123456789012"]}), _allow(Principal={"AWS": ["123456789012", "999999999999"]}), True),
        (_allow(Condition={"StringLike": {"k": ["a", "b"]}}), _allow(Condition={"StringLike": {"k": "a"}}), False),
        (_allow(Condition={"StringLike": {"k": "a"}}), _allow(Condition={"StringLike": {"k": ["a", "b"]}}), True),
        (_allow(Condition={"StringNotEquals": {"k": ["a", "b"]}}), _allow(Condition={"StringNotEquals": {"k": "a"}}), True),
        (_allow(Condition={"StringNotEquals": {"k": "a"}}), _allow(Condition={"StringNotEquals": {"k": ["a", "b"]}}), False),
        (_allow(Condition={"StringLike": {"k": "a"}}), _allow(Condition={"StringLike": {"k": "a", "l": "b"}}), False),
        (_allow(Condition={"StringLike": {"k": "a", "l": "b"}}), _allow(Condition={"StringLike": {"k": "a"}}), True),
        (_allow(), {"Statement": {"Fn::ImportValue": "x"}}, True),
        (_allow(), {"Fn::ImportValue": "x"}, True),
        ({"Fn::ImportValue": "x"}, {"Fn::ImportValue": "x"}, False),
        (_allow(), _allow(Effect={"Fn::ImportValue": "x"}, Resource="b"), True),
        (_allow(), '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a"}}', False),
        (None, "no policy at all", True),
    ],
)
def test_wider(before: Any, after: Any, wider: bool) -> None:
    assert bool(widened(grants(before), grants(after))) is wider


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({"Principal": "*"}, True),
        ({"NotPrincipal": {"AWS": "123456789012"}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, False),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}, True),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Effect": "Deny", "Principal": "*"}, False),
    ],
)
def test_everybody(statement: dict[str, Any], public: bool) -> None:
    assert [grant.is_public for grant in grants(_allow(**statement))] == [public]


def test_the_administrator_is_named_first() -> None:
    new = grants({"Statement": [_allow(Resource="*")["Statement"], _allow(Action="*", Resource="*")["Statement"]]})
    assert [grant.action for grant in widened([], new)] == ["*", "s3:GetObject"]


def test_a_condition_that_nobody_can_read_holds_for_itself_alone() -> None:
    unknown = written({"Fn::ImportValue": "x"})
    assert holds_wherever(unknown, unknown)
    assert not holds_wherever(unknown, written({"Bool": {"k": "true"}}))
    assert not is_about_tls(unknown)
    assert not is_about_tls("")
