"""Whatever a document looks like, it is one line: the file, the place, what is expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from uplift.cli.main import application
from uplift.errors import BadInput

_WRONG: list[tuple[Any, str]] = [
    ({"Parameters": "x", "Resources": {}}, "Parameters is a text, expected: an object"),
    ({"Parameters": {"A": ["x"]}, "Resources": {}}, "Parameters.A is a list, expected: an object"),
    ({"Parameters": {"A": {"AllowedValues": "x"}}, "Resources": {}}, "Parameters.A.AllowedValues is a text, expected: a list"),
    ({"Conditions": ["x"], "Resources": {}}, "Conditions is a list, expected: an object"),
    ({"Conditions": {"A": "x"}, "Resources": {}}, "Conditions.A is a text, expected: an object"),
    ({"Mappings": 1, "Resources": {}}, "Mappings is a number, expected: an object"),
    ({"Mappings": {"A": {"b": True}}, "Resources": {}}, "Mappings.A.b is true or false, expected: an object"),
    ({"Outputs": {"A": None}, "Resources": {}}, "Outputs.A is empty, expected: an object"),
    ({"Resources": {"A": {"Type": "T", "Properties": []}}}, "Resources.A.Properties is a list, expected: an object"),
    ({"Resources": {"A": {"Type": "T", "DependsOn": {"a": "b"}}}}, "Resources.A.DependsOn is an object, expected: a logical id"),
    ({"Resources": {"A": {"Type": "T", "Condition": 1}}}, "Resources.A.Condition is a number, expected: a text"),
    ({"Resources": {"A": {"Type": "T", "DeletionPolicy": {"Ref": "B"}}}}, "Resources.A.DeletionPolicy is an object, expected: a text"),
    ({"Resources": {"A": {"Type": "T", "Properties": {"a": {"Fn::Transform": {}}}}}}, "uses a transform inside a property"),
    ({"planned_values": {}, "resource_changes": []}, "this is a Terraform plan"),
]


def _refused(path: Path, ok: Path) -> str:
    problem = CliRunner().invoke(application, ["review", str(ok), str(path)]).exception
    assert isinstance(problem, BadInput), problem
    assert str(problem).startswith(str(path))
    assert "\n" not in str(problem)
    return str(problem)


@pytest.fixture
def ok(tmp_path: Path) -> Path:
    path = tmp_path / "ok.json"
    path.write_text('{"Resources": {}}')
    return path


@pytest.mark.parametrize(("document", "message"), _WRONG, ids=[message for _, message in _WRONG])
def test_a_wrong_form(tmp_path: Path, ok: Path, document: Any, message: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(json.dumps(document))
    assert message in _refused(path, ok)


@pytest.mark.parametrize("levels", [150, 5_000, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_any_depth(tmp_path: Path, ok: Path, levels: int, opening: str, closing: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(f'{{"Resources": {{"A": {{"Type": "T", "Properties": {{"x": {opening * levels}1{closing * levels}}}}}}}}}')
    assert "nested too deep" in _refused(path, ok)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"Resources": {"A": {"Type": "T"}, "A": {"Type": "U"}}}', "the key 'A' was given twice"),
        ('{"Resources": {"A": {"Type": "T", "Properties": {"a": NaN}}}}', "NaN is no number"),
        ('{"Resources":', "neither JSON nor YAML"),
    ],
)
def test_what_is_no_json(tmp_path: Path, ok: Path, text: str, message: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(text)
    assert message in _refused(path, ok)


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::If": "x"},
        {"Fn::If": ["x"]},
        {"Fn::Sub": [1]},
        {"Fn::Sub": {"a": "b"}},
        {"Fn::FindInMap": ["x"]},
        {"Fn::Select": ["x", {}]},
        {"Fn::Join": [1, 2]},
        {"Fn::GetAtt": {"a": "b"}},
        {"Ref": ["x"]},
        {"Fn::Split": [1]},
    ],
    ids=str,
)
def test_an_expression_of_a_wrong_form_is_a_value_that_nobody_knows(tmp_path: Path, ok: Path, value: Any) -> None:
    path = tmp_path / "head.json"
    path.write_text(json.dumps({"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}}}))
    ended = CliRunner().invoke(application, ["review", str(ok), str(path)])
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception


@pytest.mark.parametrize("side", ["", "--upload-pack=x", "HEAD;ls", "\x00", "x" * 5_000])
def test_what_is_no_revision(ok: Path, side: str) -> None:
    problem = CliRunner().invoke(application, ["review", "--", str(ok), side]).exception
    assert isinstance(problem, BadInput), problem
    assert "neither a file nor a git revision" in str(problem)


_STACK: dict[str, Any] = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
_WRONG_ARTIFACTS = [
    {"artifacts": {"A": _STACK | {"dependencies": 5}}},
    {"artifacts": {"A": _STACK | {"dependencies": [{}]}}},
    {"artifacts": {"A": _STACK | {"properties": {"templateFile": "t\0.json"}}}},
    {"artifacts": {name: _STACK | {"properties": {"templateFile": "t.json", "stackName": "Same"}} for name in "AB"}},
]


@pytest.mark.parametrize(
    "manifest",
    [{"artifacts": []}, {"artifacts": {"A": 1}}, {"artifacts": {"A": {"type": "aws:cloudformation:stack"}}}, [], *_WRONG_ARTIFACTS],
    ids=str,
)
def test_a_manifest_of_a_wrong_form(tmp_path: Path, manifest: Any) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "t.json").write_text('{"Resources": {}}')
    problem = CliRunner().invoke(application, ["review", str(tmp_path), str(tmp_path)]).exception
    assert isinstance(problem, BadInput), problem
    assert "\n" not in str(problem)
