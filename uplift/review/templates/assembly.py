"""Reads what is compared: a cloud assembly (`cdk.out`), or one template."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from uplift.errors import BadInput
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import Assembly, Deployment, StackTemplate, read_template
from uplift.strict_yaml import YamlProblem, parse_yaml

_STACK = "aws:cloudformation:stack"
_NESTED = "cdk:cloud-assembly"
_ASSETS = "cdk:asset-manifest"
# Where the CLI finds things, which follow from what is compared anyway.
_NOT_COMPARED = frozenset({"templateFile", "stackTemplateAssetObjectUrl", "additionalDependencies", "terminationProtection", "parameters"})


def read_assembly(path: Path) -> Assembly:
    """A directory with a manifest.json, or a template file, as typed stacks. Raises BadInput naming the file and what was expected."""
    if path.is_dir():
        manifest = path / "manifest.json"
        if not manifest.is_file():
            raise BadInput(f"{path}: no cloud assembly, expected: a directory that cdk synth wrote, with manifest.json")
        stacks = list(_stacks(path, manifest))
        if not stacks:
            raise BadInput(f"{manifest}: has no stacks, expected: at least one artifact of type {_STACK}")
        return Assembly(str(path), named_apart(stacks, str(manifest)))
    if not path.is_file():
        raise BadInput(f"{path}: does not exist, expected: a cloud assembly, a template or a git revision")
    # Both sides of a comparison of two files are the same stack, whatever the files are called.
    return Assembly(str(path), {"template": read_template("template", _document(path), str(path))})


def named_apart(stacks: Sequence[StackTemplate], where: str) -> dict[str, StackTemplate]:
    """Stacks by name; those of one name in several accounts or regions by both. Raises BadInput for two that are one in AWS."""
    count = Counter(stack.stack_name for stack in stacks)
    named: dict[str, StackTemplate] = {}
    for stack in stacks:
        name = stack.stack_name if count[stack.stack_name] == 1 else f"{stack.stack_name} ({stack.environment})"
        if name in named:
            raise BadInput(f"{where}: two stacks are called {name}, allowed: one of a name in an account and region")
        named[name] = replace(stack, name=name)
    return named


def _stacks(folder: Path, manifest: Path) -> Iterator[StackTemplate]:
    document = _document(manifest)
    artifacts = document.get("artifacts", {}) if isinstance(document, dict) else None
    if not isinstance(artifacts, dict) or not all(isinstance(artifact, dict) for artifact in artifacts.values()):
        raise BadInput(f"{manifest}: artifacts is no object of objects, expected: a manifest that cdk synth wrote")
    for artifact_id, artifact in artifacts.items():
        properties = artifact.get("properties", {})
        if artifact.get("type") == _NESTED:
            nested = folder / _text(properties, "directoryName", f"{manifest}: artifacts.{artifact_id}")
            yield from _stacks(nested, nested / "manifest.json")
        elif artifact.get("type") == _STACK:
            yield _stack(folder, artifact_id, artifacts, f"{manifest}: artifacts.{artifact_id}")


def _stack(folder: Path, artifact_id: str, artifacts: Mapping[str, Any], place: str) -> StackTemplate:
    artifact = artifacts[artifact_id]
    properties = artifact.get("properties", {})
    file = folder / _text(properties, "templateFile", place)
    facts = {name: value for name, value in properties.items() if name not in _NOT_COMPARED and name != "stackName"}
    facts["dependencies"] = sorted(one for one in _dependencies(artifact, place) if artifacts.get(one, {}).get("type") == _STACK)
    parameters = properties.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise BadInput(f"{place}.properties.parameters is no object, expected: a value for each parameter")
    return read_template(
        str(properties.get("stackName", artifact_id)),
        _document(file),
        str(file),
        environment=DeployEnvironment.read(str(artifact.get("environment", ""))),
        termination_protection=bool(properties.get("terminationProtection", False)),
        deployment=Deployment(
            {name: str(value) for name, value in parameters.items()},
            facts,
            _assets(folder, artifact, artifacts, file.name),
        ),
    )


def _assets(folder: Path, artifact: Mapping[str, Any], artifacts: Mapping[str, Any], template: str) -> dict[str, Any]:
    """What is uploaded for a stack beside its template, by kind and id."""
    found: dict[str, Any] = {}
    for dependency in _dependencies(artifact, ""):
        of_assets = artifacts.get(dependency, {})
        file = of_assets.get("properties", {}).get("file")
        if of_assets.get("type") != _ASSETS or not isinstance(file, str) or not (folder / file).is_file():
            continue
        manifest = _document(folder / file)
        for kind in ("files", "dockerImages"):
            entries = manifest.get(kind, {}) if isinstance(manifest, dict) else {}
            for name, entry in entries.items() if isinstance(entries, dict) else ():
                if not isinstance(entry, dict) or entry.get("source", {}).get("path") != template:
                    found[f"{kind}.{name}"] = entry
    return found


def _dependencies(artifact: Mapping[str, Any], place: str) -> list[str]:
    named = artifact.get("dependencies", [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise BadInput(f"{place}.dependencies is no list of names, expected: ids of other artifacts")
    return named


def _text(properties: Any, name: str, place: str) -> str:
    value = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(value, str) or "\0" in value:
        raise BadInput(f"{place}.properties.{name} is missing, expected: a path in the assembly")
    return value


def _document(path: Path) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, YamlProblem, _NotJson) as problem:
        raise BadInput(f"{path}: neither JSON nor YAML: {' '.join(str(problem).split())}") from None
    except RecursionError:
        raise BadInput(f"{path}: nested too deep for a template") from None
    except (FileNotFoundError, IsADirectoryError):
        raise BadInput(f"{path}: is missing, but the assembly's manifest names it; synthesise again") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8 text") from None


class _NotJson(ValueError):
    """What Python would read, and CloudFormation does not: a key twice, NaN."""


def parse(text: str) -> Any:
    """A template's text: JSON, or YAML with CloudFormation's short tags. Raises ValueError, or RecursionError for one too deep."""
    if not text.lstrip().startswith("{"):
        return parse_yaml(text, _short_tag)
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_json)


def _no_json(constant: str) -> None:
    raise _NotJson(f"{constant} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise _NotJson(f"the key {twice[:80]!r} was given twice, allowed: once")
    return made


def _short_tag(name: str, argument: object) -> object:
    """What a tag such as !Ref is short for."""
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": argument}
