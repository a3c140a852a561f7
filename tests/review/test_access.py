"""Grants and rules: what is wider than what."""

from __future__ import annotations

from typing import Any

import pytest

from uplift.review.rules.iam_grants import grants, lost_denials, widened
from uplift.review.rules.ingress import Rule


def _document(**statement: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:b/a/*", **statement}]}


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ({}, {}, 0),
        ({"Action": ["s3:GetObject", "s3:PutObject"]}, {}, 0),
        ({}, {"Action": ["s3:GetObject", "s3:PutObject"]}, 1),
        ({"Action": "s3:*"}, {}, 0),
        ({"Action": "S3:getobject"}, {}, 0),
        ({}, {"Resource": "*"}, 1),
        ({}, {"Resource": "arn:b/a/c/*"}, 0),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {}, 1),
        ({}, {"Condition": {"StringEquals": {"a": "b"}}}, 0),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "c"}}}, 1),
        ({"Principal": {"AWS": "arn:one"}}, {"Principal": "*"}, 1),
        ({"Principal": "*"}, {"Principal": {"AWS": "arn:one"}}, 0),
        ({}, {"NotAction": "iam:*", "Action": None}, 1),
        ({"Effect": "Deny"}, {}, 1),
        ({}, {"Effect": "Deny"}, 0),
    ],
)
def test_wider(before: dict[str, Any], after: dict[str, Any], wider: int) -> None:
    assert len(widened(grants(_document(**before)), grants(_document(**after)))) == wider


def test_the_widest_comes_first() -> None:
    """Only the first few are shown."""
    after = [_document(), _document(Action="a:Read", Resource="*"), _document(Action="z:*")]
    new = {grant for document in after for grant in grants(document)}
    assert [(grant.action, grant.resource) for grant in widened([], new)] == [
        ("a:Read", "*"),
        ("z:*", "arn:b/a/*"),
        ("s3:GetObject", "arn:b/a/*"),
    ]


def test_a_denial_that_is_narrowed_is_lost() -> None:
    before = grants(_document(Effect="Deny", Resource="*"))
    assert len(lost_denials(before, grants(_document(Effect="Deny")))) == 1
    assert lost_denials(before, before) == []


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (Rule("ingress", "tcp", 6379, 6379, "sg-1"), Rule("ingress", "tcp", 6379, 6379, "sg-1"), True),
        (Rule("ingress", "tcp", 6379, 6379, "sg-1"), Rule("ingress", "tcp", 6379, 6380, "sg-1"), False),
        (Rule("ingress", "-1", 0, 65535, "sg-1"), Rule("ingress", "tcp", 6379, 6379, "sg-1"), True),
        (Rule("ingress", "tcp", 0, 65535, "10.0.0.0/8"), Rule("ingress", "tcp", 22, 22, "10.1.0.0/16"), True),
        (Rule("ingress", "tcp", 0, 65535, "10.1.0.0/16"), Rule("ingress", "tcp", 22, 22, "10.0.0.0/8"), False),
        (Rule("ingress", "tcp", 0, 65535, "::/0"), Rule("ingress", "tcp", 22, 22, "10.0.0.0/8"), False),
        (Rule("egress", "tcp", 0, 65535, "sg-1"), Rule("ingress", "tcp", 22, 22, "sg-1"), False),
    ],
)
def test_covers(one: Rule, other: Rule, covers: bool) -> None:
    assert one.covers(other) is covers
