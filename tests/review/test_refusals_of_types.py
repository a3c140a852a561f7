"""Every resource type of our templates: what is broken in it, property by property, fails at deploy on it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.review.edits import Templates
from tests.stacks.variants import Synthesised
from uplift.review.finding import Finding
from uplift.review.refusals.all_refusals import refused_by_rule, refused_by_schema
from uplift.review.templates.differences import compare_stacks
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import StackTemplate, read_template

REGION = "us-gov-west-1"
_PLACE = DeployEnvironment("333333333333", REGION)
# Nothing of them is required: all they have may be left out.
_NOTHING_REQUIRED = {
    "AWS::CloudWatch::Alarm",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::Secret",
}
Broken = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def samples(templates: Templates, synthesised: Callable[[str], Synthesised]) -> dict[str, tuple[dict[str, Any], str]]:
    """A template and a logical id for each type of prod and of the variant with every switch on."""
    variant = synthesised("variant 0")
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for template in (*templates.values(), *variant.stacks.values(), variant.rights):
        for logical_id, one in template["Resources"].items():
            found.setdefault(one["Type"], (template, logical_id))
    found.pop("AWS::CDK::Metadata", None)
    return found


def _stack(template: dict[str, Any], logical_id: str, properties: dict[str, Any]) -> StackTemplate:
    document = template | {
        "Resources": template["Resources"] | {logical_id: template["Resources"][logical_id] | {"Properties": properties}}
    }
    return read_template("Stack", document, "here", environment=_PLACE)


def _refused(base: StackTemplate | None, head: StackTemplate) -> list[Finding]:
    return [*refused_by_schema(base, head), *refused_by_rule(base, head, compare_stacks(base, head) if base is not None else [])]


def _said(template: dict[str, Any], logical_id: str, properties: dict[str, Any]) -> list[Finding]:
    base = read_template("Stack", template, "here", environment=_PLACE)
    return [one for one in _refused(base, _stack(template, logical_id, properties)) if one.resource == logical_id]


def _schema(resource_type: str) -> dict[str, Any]:
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    return schema


def _definition(schema: dict[str, Any], name: str) -> dict[str, Any]:
    definition: dict[str, Any] = schema["properties"][name]
    reference = str(definition.get("$ref", ""))
    return schema["definitions"].get(reference.removeprefix("#/definitions/"), {}) if reference else definition


def _broken(resource_type: str, properties: dict[str, Any]) -> Iterator[Broken]:
    schema = _schema(resource_type)
    yield "unknown", properties | {"NoSuchProperty": "x"}
    for name in schema.get("required", []):
        yield f"without {name}", {key: value for key, value in properties.items() if key != name}
    writable = [name for name in schema["properties"] if f"/properties/{name}" not in schema.get("readOnlyProperties", [])]
    for name in writable:
        definition = _definition(schema, name)
        match definition.get("type"):
            case "array" | "object":
                yield f"{name}: a text", properties | {name: "text"}
            case "integer" | "number" | "boolean":
                yield f"{name}: a word", properties | {name: "word"}
            case _:
                pass
        if "enum" in definition or "enumCaseInsensitive" in definition:
            yield f"{name}: another", properties | {name: "no-such-word"}
        if isinstance(definition.get("maximum"), int):
            yield f"{name}: too large", properties | {name: definition["maximum"] + 1}
        if isinstance(definition.get("minimum"), int):
            yield f"{name}: too small", properties | {name: definition["minimum"] - 1}
        if isinstance(definition.get("maxLength"), int) and definition["maxLength"] < 10_000 and definition.get("type") == "string":
            yield f"{name}: too long", properties | {name: "x" * (definition["maxLength"] + 1)}


def test_every_type_of_the_templates_is_refused_when_broken(samples: dict[str, tuple[dict[str, Any], str]]) -> None:
    assert len(samples) >= 28
    taken: list[str] = []
    for resource_type, (template, logical_id) in samples.items():
        properties = copy.deepcopy(template["Resources"][logical_id].get("Properties", {}))
        small = {"Resources": {logical_id: {"Type": resource_type, "Properties": properties}}}
        rows = dict(_broken(resource_type, properties))
        assert (len(_schema(resource_type).get("required", [])) == 0) == (resource_type in _NOTHING_REQUIRED), resource_type
        # The template around it says nothing that is new; without it a row takes a hundredth of the time.
        taken += [f"{resource_type} {row}" for row, broken in rows.items() if not _said(small, logical_id, broken)]
    assert not taken, "\n".join(taken)


def test_what_was_synthesised_is_taken(templates: Templates, synthesised: Callable[[str], Synthesised]) -> None:
    """From prod to each variant and back."""
    for name in ("variant 0", "variant 7"):
        for stack, template in synthesised(name).stacks.items():
            other = read_template(stack, template, "there", environment=_PLACE)
            prod = read_template(stack, templates[stack], "here", environment=_PLACE)
            assert [*_refused(prod, other), *_refused(other, prod), *_refused(None, other)] == []
