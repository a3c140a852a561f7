"""Base and head as a person gives them: folders that `cdk synth` wrote."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.review.edits import Edit, Templates
from uplift.cli.main import application
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import Assembly, read_template

PLACE = DeployEnvironment("333333333333", "us-gov-west-1")
Reviewed = Callable[..., tuple[int, dict[str, Any]]]


def write_assembly(folder: Path, templates: Templates, *, protected: bool = True) -> Path:
    """A cloud assembly with only what the review reads of one."""
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = {}
    for name, template in templates.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{PLACE}",
            "properties": {"templateFile": f"{name}.template.json", "terminationProtection": protected},
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "41.0.0", "artifacts": artifacts}))
    return folder


def assembly_of(templates: Templates) -> Assembly:
    """The same without a file, in the place of `write_assembly`'s stacks."""
    return Assembly("test", {name: read_template(name, template, name, environment=PLACE) for name, template in templates.items()})


def edited(templates: Templates, *edits: Edit) -> Templates:
    made = copy.deepcopy(templates)
    for edit in edits:
        edit(made)
    return made


@pytest.fixture
def reviewed(templates: Templates, tmp_path: Path) -> Reviewed:
    """Run the command on an edited pair: its exit code and its JSON."""

    def run(head: Edit, base: Edit = lambda _templates: None, *arguments: str) -> tuple[int, dict[str, Any]]:
        before = edited(templates, base)
        paths = [write_assembly(tmp_path / "base", before), write_assembly(tmp_path / "head", edited(before, head))]
        ended = CliRunner().invoke(application, ["review", *map(str, paths), "--json", *arguments])
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended.exit_code, json.loads(ended.stdout)

    return run


@pytest.fixture
def without_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where thousands of templates are compared, and what cfn-lint thinks of them is not what is tested."""
    monkeypatch.setattr("uplift.review.stack_findings.refused_by_schema", lambda _base, _head: [])


@pytest.fixture
def nothing_refused(monkeypatch: pytest.MonkeyPatch, without_schemas: None) -> None:
    """Where what rules say of a change is tested on a piece of a template that AWS would not take."""
    monkeypatch.setattr("uplift.review.stack_findings.refused_by_rule", lambda _base, _head, _changes: [])
    monkeypatch.setattr("uplift.review.review.refused_assembly", lambda _base, _head: [])
