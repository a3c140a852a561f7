"""Whether a document has the form of a CloudFormation template, before anything is read of it.

Source: CloudFormation user guide, "Template anatomy".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift.errors import BadInput

MOST_LEVELS = 100
_MAPPINGS_OF_MAPPINGS = ("Parameters", "Mappings", "Outputs", "Rules")


def check_form(document: Any, where: str) -> None:
    """Raises BadInput, in one line naming `where` and the place, for a document that no template can be."""
    if isinstance(document, dict) and {"planned_values", "resource_changes"} & document.keys():
        raise BadInput(f"{where}: this is a Terraform plan; the review reads CloudFormation: a cloud assembly or a template")
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise BadInput(f"{where}: no CloudFormation template, expected: an object with Resources")
    check_depth(document, where)
    if "Transform" in document or any(str(logical_id).startswith("Fn::") for logical_id in document["Resources"]):
        raise BadInput(f"{where}: uses a transform, whose result only CloudFormation knows; review the processed template instead")
    _check_sections(document, where)
    for logical_id, raw in document["Resources"].items():
        _check_resource(str(logical_id), raw, where)


def check_depth(document: Any, where: str) -> None:
    """Raises BadInput for a document nested deeper than any template is. Without recursion, since that is what would end."""
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > MOST_LEVELS:
            raise BadInput(f"{where}: nested too deep, allowed: {MOST_LEVELS} levels")
        level = [item for value in level for item in _members(value)]


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_sections(document: Mapping[str, Any], where: str) -> None:
    for name in _MAPPINGS_OF_MAPPINGS:
        section = document.get(name, {})
        _expect_object(section, f"{where}: {name}")
        for key, entry in section.items():
            _expect_object(entry, f"{where}: {name}.{key}")
    for key, entry in document.get("Mappings", {}).items():
        for inner, values in entry.items():
            _expect_object(values, f"{where}: Mappings.{key}.{inner}")
    conditions = document.get("Conditions", {})
    _expect_object(conditions, f"{where}: Conditions")
    for key, entry in conditions.items():
        if not isinstance(entry, (dict, bool)):
            raise BadInput(f"{where}: Conditions.{key} is {_kind(entry)}, expected: an object such as {{Fn::Equals: [...]}}")
    for key, entry in document.get("Parameters", {}).items():
        if not isinstance(entry.get("AllowedValues", []), list):
            raise BadInput(f"{where}: Parameters.{key}.AllowedValues is {_kind(entry['AllowedValues'])}, expected: a list")


def _check_resource(logical_id: str, raw: Any, where: str) -> None:
    if not isinstance(raw, dict) or not isinstance(raw.get("Type"), str):
        raise BadInput(f"{where}: Resources.{logical_id}.Type is missing, expected: a type such as AWS::ElastiCache::ReplicationGroup")
    if raw.get("Properties") is not None:
        _expect_object(raw["Properties"], f"{where}: Resources.{logical_id}.Properties")
    for name in ("Condition", "DeletionPolicy", "UpdateReplacePolicy"):
        if name in raw and not isinstance(raw[name], str):
            raise BadInput(f"{where}: Resources.{logical_id}.{name} is {_kind(raw[name])}, expected: a text")
    depends = raw.get("DependsOn", [])
    if not isinstance(depends, str) and not (isinstance(depends, list) and all(isinstance(one, str) for one in depends)):
        raise BadInput(f"{where}: Resources.{logical_id}.DependsOn is {_kind(depends)}, expected: a logical id or a list of them")


def _expect_object(value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise BadInput(f"{' '.join(place.split())} is {_kind(value)}, expected: an object")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"
