"""How cfn-lint is asked: nothing around it changes what it finds, and what is left out of its rules is not needed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from uplift.review.refusals.by_schema import schema_refusals
from uplift.review.refusals.linter import objections
from uplift.review.refusals.pattern_words import allowed_by_pattern
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import StackTemplate, read_template

_TOPIC = {"Type": "AWS::SNS::Topic"}
_LOGS = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 13}}


def _stack(region: str = "us-gov-west-1", **resources: Any) -> StackTemplate:
    return read_template("Stack", {"Resources": {"Topic": _TOPIC, **resources}}, "here", environment=DeployEnvironment("", region))


def test_neither_a_file_nor_metadata_switches_rules_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [E3030]\n")
    silenced = _LOGS | {"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E3030"]}}}}
    assert [one.what for one in schema_refusals(_stack(), _stack(Logs=silenced))] == ["RetentionInDays: 13"]


def test_the_document_stays_as_it_is() -> None:
    document = {"Resources": {"Logs": copy.deepcopy(_LOGS)}}
    assert [one.rule for one in objections(document, "us-gov-west-1")] == ["E3030"]
    assert document == {"Resources": {"Logs": _LOGS}}


def test_rules_of_databases_are_there_where_a_database_is() -> None:
    database = {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "postgres", "DBInstanceClass": "db.none.large"}}
    assert any("db.none.large" in one.what for one in schema_refusals(_stack(), _stack(Database=database)))


def test_tags_that_several_have_are_said_of_each() -> None:
    def tagged(key: str) -> StackTemplate:
        tags = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": [{"Key": key, "Value": "a"}]}}
        return _stack(A=tags, B=tags)

    assert [one.resource for one in schema_refusals(tagged("a"), tagged("aws:a"))] == ["A", "B"]
    assert list(schema_refusals(tagged("aws:b"), tagged("aws:a"))) != []
    assert list(schema_refusals(tagged("a"), tagged("b"))) == []


@pytest.mark.parametrize(("region", "there"), [("us-gov-west-1", False), ("us-east-1", True), ("", True), ("nowhere-1", True)])
def test_the_schemas_are_those_of_the_region(region: str, there: bool) -> None:
    """GovCloud has no EventBridge Pipes."""
    pipe = {"Type": "AWS::Pipes::Pipe", "Properties": {"RoleArn": "arn:aws:iam::333333333333:role/r", "Source": "a", "Target": "b"}}
    said = [one for one in schema_refusals(_stack(region), _stack(region, Pipe=pipe)) if "AWS::Pipes::Pipe" in f"{one.what} {one.why}"]
    assert (not said) is there


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("^[a-zA-Z0-9_-]{1,64}$", "1 to 64 of letters, digits and _ -"),
        ("^[0-9a-zA-Z-_.]+$", "letters, digits and - _ ."),
        ("^sg-[0-9a-zA-Z]*$", "an id such as sg-0123456789abcdef0"),
        ("^arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/x$", "an ARN of iam, such as arn:aws-us-gov:iam:…"),
        ("^[^\\s]+$", "a text without spaces"),
        ("^(a|b)+c?$", "what CloudFormation's reference says of Name of T"),
    ],
)
def test_patterns_in_words(pattern: str, words: str) -> None:
    assert allowed_by_pattern(pattern, "T", "Name") == words
