"""Reads what is compared: a cloud assembly (`cdk.out`), or one template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from uplift.errors import BadInput
from uplift.review.templates.template import Assembly, StackTemplate, read_template
from uplift.strict_yaml import YamlProblem, parse_yaml

_STACK = "aws:cloudformation:stack"
_NESTED = "cdk:cloud-assembly"


def read_assembly(path: Path) -> Assembly:
    """A directory with a manifest.json, or a template file, as typed stacks. Raises BadInput naming the file and what was expected."""
    if path.is_dir():
        manifest = path / "manifest.json"
        if not manifest.is_file():
            raise BadInput(f"{path}: no cloud assembly, expected: a directory that cdk synth wrote, with manifest.json")
        stacks = {stack.name: stack for stack in _stacks(path, _document(manifest))}
        if not stacks:
            raise BadInput(f"{manifest}: has no stacks, expected: at least one artifact of type {_STACK}")
        return Assembly(str(path), stacks)
    if not path.is_file():
        raise BadInput(f"{path}: does not exist, expected: a cloud assembly, a template or a git revision")
    # Both sides of a comparison of two files are the same stack, whatever the files are called.
    return Assembly(str(path), {"template": read_template("template", _document(path), str(path))})


def _stacks(folder: Path, manifest: Any) -> Iterator[StackTemplate]:
    artifacts = manifest.get("artifacts", {}) if isinstance(manifest, dict) else {}
    for artifact_id, artifact in artifacts.items():
        properties = artifact.get("properties", {})
        if artifact.get("type") == _NESTED:
            nested = folder / properties["directoryName"]
            yield from _stacks(nested, _document(nested / "manifest.json"))
        elif artifact.get("type") == _STACK:
            file = folder / properties["templateFile"]
            yield read_template(
                properties.get("stackName", artifact_id),
                _document(file),
                str(file),
                termination_protection=bool(properties.get("terminationProtection", False)),
                region=str(artifact.get("environment", "")).rpartition("/")[2].replace("unknown-region", ""),
            )


def _document(path: Path) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, YamlProblem) as problem:
        raise BadInput(f"{path}: neither JSON nor YAML: {' '.join(str(problem).split())}") from None
    except FileNotFoundError:
        raise BadInput(f"{path}: is missing, but the assembly's manifest names it; synthesise again") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8 text") from None


def parse(text: str) -> Any:
    """A template's text: JSON, or YAML with CloudFormation's short tags. Raises JSONDecodeError or YamlProblem."""
    return json.loads(text) if text.lstrip().startswith("{") else parse_yaml(text, _short_tag)


def _short_tag(name: str, argument: object) -> object:
    """What a tag such as !Ref is short for."""
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": argument}
