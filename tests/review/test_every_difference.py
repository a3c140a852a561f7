"""No difference passes unseen: any edit anywhere in two assemblies yields a finding, whatever the rules know of it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.review.conftest import assembly_of, write_assembly
from tests.review.edits import APP_CACHE, GROUP, UPGRADE, Edit, Templates, attribute
from uplift.review.review import findings_of
from uplift.review.templates.assembly import read_assembly

pytestmark = pytest.mark.usefixtures("nothing_refused")
_ATTRIBUTES: dict[str, Any] = {
    "Metadata": {"a": 1},
    "DependsOn": ["Zz"],
    "CreationPolicy": {"ResourceSignal": {"Count": 1}},
    "UpdatePolicy": {"UseOnlineResharding": True},
}


def _findings(base: Templates, head: Templates) -> list[str]:
    return [f"{one.impact}: {one.resource}: {one.what}" for one in findings_of(assembly_of(base), assembly_of(head))]


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return [*value, "x"]
        case _:
            return "x"


def _edited(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resource with one property or attribute changed or gone, and what that is."""
    properties = resource.get("Properties", {})
    for name, value in properties.items():
        yield f"{name} is another", resource | {"Properties": properties | {name: _other(value)}}
        yield f"{name} is gone", resource | {"Properties": {key: one for key, one in properties.items() if key != name}}
    for name, value in _ATTRIBUTES.items():
        yield f"{name} is another", resource | {name: value}
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        kept = "RetainExceptOnCreate" if resource.get(policy) != "RetainExceptOnCreate" else "Delete"
        yield f"{policy} is another", resource | {policy: kept}


def test_each_property_and_attribute_of_each_type(templates: Templates) -> None:
    seen: set[str] = set()
    edits = 0
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] in seen:
                continue
            seen.add(resource["Type"])
            # Alone: what refers to it would have findings of its own, and hide that it has none.
            base = {stack: {"Resources": {logical_id: resource}}}
            for said, other in _edited(resource):
                assert _findings(base, {stack: {"Resources": {logical_id: other}}}), (logical_id, said)
                edits += 1
    assert edits > 300


def test_each_resource_that_comes_or_goes(templates: Templates) -> None:
    seen: set[str] = set()
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] in seen:
                continue
            seen.add(resource["Type"])
            less = {stack: template | {"Resources": {name: one for name, one in template["Resources"].items() if name != logical_id}}}
            assert any(logical_id in finding for finding in _findings({stack: template}, less)), logical_id
            assert any(logical_id in finding for finding in _findings(less, {stack: template})), logical_id


_SECTIONS: dict[str, Edit] = {
    "description": lambda templates: templates[APP_CACHE].update(Description="other"),
    "metadata": lambda templates: templates[APP_CACHE].update(Metadata={"a": 1}),
    "version": lambda templates: templates[APP_CACHE].update(AWSTemplateFormatVersion="2010-09-09"),
    "condition": lambda templates: templates[APP_CACHE].update(Conditions={"A": {"Fn::Equals": ["a", "b"]}}),
    "mapping": lambda templates: templates[APP_CACHE].update(Mappings={"A": {"b": {"c": "d"}}}),
    "parameter": lambda templates: templates[APP_CACHE]["Parameters"].update(A={"Type": "String", "Default": "a"}),
    "parameter's default": lambda templates: templates[APP_CACHE]["Parameters"]["BootstrapVersion"].update(Default="/other"),
    "rule": lambda templates: templates[APP_CACHE].pop("Rules"),
    "hooks": lambda templates: templates[APP_CACHE].update(Hooks={"A": {"Type": "AWS::CodeDeploy::BlueGreen"}}),
    "output": lambda templates: templates[UPGRADE]["Outputs"].update(A={"Value": "a"}),
    "output's value": lambda templates: templates[UPGRADE]["Outputs"]["ReadRoleArn"].update(Value="a"),
    "output gone": lambda templates: templates[UPGRADE]["Outputs"].pop("ReadRoleArn"),
    "export": lambda templates: templates[UPGRADE]["Outputs"]["ReadRoleArn"].update(Export={"Name": "read"}),
    "stack": lambda templates: templates.pop(UPGRADE),
}


@pytest.mark.parametrize("name", _SECTIONS)
def test_each_section(templates: Templates, name: str) -> None:
    head = copy.deepcopy(templates)
    _SECTIONS[name](head)
    assert _findings(templates, head)
    assert _findings(head, templates)


def _manifest(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    edit(document["artifacts"])
    path.write_text(json.dumps(document))


_FACTS: dict[str, dict[str, Any]] = {
    "tags": {"tags": {"Owner": "us"}},
    "who is told of deploys": {"notificationArns": ["arn:aws-us-gov:sns:us-gov-west-1:333333333333:deploys"]},
    "who deploys": {"cloudFormationExecutionRoleArn": "arn:aws-us-gov:iam::333333333333:role/other"},
    "a fact nobody knows": {"somethingNew": True},
    "protection": {"terminationProtection": False},
    "a parameter's value": {"parameters": {"A": "b"}},
    "the name": {"stackName": "Other"},
}


@pytest.mark.parametrize("name", _FACTS)
def test_each_fact_of_the_manifest(tmp_path: Path, templates: Templates, name: str) -> None:
    paths = [write_assembly(tmp_path / side, {APP_CACHE: templates[APP_CACHE]}) for side in ("base", "head")]
    assert not findings_of(*map(read_assembly, paths))
    _manifest(paths[1], lambda artifacts: artifacts[APP_CACHE]["properties"].update(_FACTS[name]))
    assert findings_of(*map(read_assembly, paths))


@pytest.mark.parametrize(
    "place", ["aws://333333333333/us-gov-east-1", "aws://444444444444/us-gov-west-1", "aws://unknown-account/us-gov-west-1"]
)
def test_another_place_is_an_empty_redis(tmp_path: Path, templates: Templates, place: str) -> None:
    paths = [write_assembly(tmp_path / side, {APP_CACHE: templates[APP_CACHE]}) for side in ("base", "head")]
    _manifest(paths[1], lambda artifacts: artifacts[APP_CACHE].update(environment=place))
    assert "data loss" in {one.impact.value for one in findings_of(*map(read_assembly, paths))}


def test_an_order_of_stacks_and_an_asset(tmp_path: Path, templates: Templates) -> None:
    paths = [write_assembly(tmp_path / side, templates) for side in ("base", "head")]

    def ordered(artifacts: dict[str, Any]) -> None:
        artifacts[UPGRADE]["dependencies"] = [APP_CACHE]

    def with_asset(digest: str) -> Callable[[dict[str, Any]], object]:
        def edit(artifacts: dict[str, Any]) -> None:
            artifacts["assets"] = {"type": "cdk:asset-manifest", "properties": {"file": "assets.json"}}
            artifacts[UPGRADE].setdefault("dependencies", []).append("assets")

        (paths[1] / "assets.json").write_text(json.dumps({"files": {digest: {"source": {"path": f"asset.{digest}"}, "destinations": {}}}}))
        return edit

    _manifest(paths[1], ordered)
    assert [one.what for one in findings_of(*map(read_assembly, paths))] == ["deployed in another order"]
    _manifest(paths[0], ordered)
    _manifest(paths[1], with_asset("abc"))
    assert [one.what for one in findings_of(*map(read_assembly, paths))] == ["asset files.abc added"]


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    elif path and path[-1] not in {"Type", "Ref", "Fn::GetAtt"}:
        yield path


def test_any_text_or_number_anywhere(templates: Templates) -> None:
    seed = random.randrange(10**6)
    drawn = random.Random(seed)
    places = [(stack, path) for stack, template in templates.items() for path in _leaves(template)]
    for stack, path in drawn.sample(places, 100):
        head = copy.deepcopy({stack: templates[stack]})
        held: Any = head[stack]
        for step in path[:-1]:
            held = held[step]
        held[path[-1]] = _other(held[path[-1]])
        assert _findings({stack: templates[stack]}, head), f"seed {seed}: {stack} {path}"


def test_what_says_the_same_is_no_difference(templates: Templates) -> None:
    """References resolved and values normalised, nothing is left."""

    def written_otherwise(templates: Templates) -> None:
        group = templates[APP_CACHE]["Resources"][GROUP]["Properties"]
        group["Port"] = str(group["Port"])
        group["AutomaticFailoverEnabled"] = "true"
        group["PreferredMaintenanceWindow"] = group["PreferredMaintenanceWindow"].upper()
        group["SecurityGroupIds"] = list(reversed(group["SecurityGroupIds"]))
        templates[APP_CACHE]["Resources"][GROUP]["DependsOn"] = "ElastiCacheEvents40F1F11C"

    base = copy.deepcopy(templates)
    attribute(DependsOn=["ElastiCacheEvents40F1F11C"])(base)
    head = copy.deepcopy(base)
    written_otherwise(head)
    assert not _findings(base, head)
