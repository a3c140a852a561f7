"""CloudFormation templates: parameters, conditions, intrinsic functions, and the order of resources.

Source: CloudFormation user guide, "Intrinsic function reference". What our templates do not use is refused by name.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from rehearsal.cloud.errors import NotModelled, refused

_NO_VALUE = object()
_REFERENCE = re.compile(r"\$\{(!?)([A-Za-z0-9_.:]+)\}")
_SECRET = re.compile(r"\{\{resolve:secretsmanager:(.+?):SecretString:([^:}]*):*[^}]*\}\}")


@dataclass
class Provisioned:
    """One resource that exists."""

    logical_id: str
    type: str
    physical_id: str
    attributes: dict[str, Any]
    properties: dict[str, Any]
    deletion_policy: str = "Delete"
    status: str = "CREATE_COMPLETE"


@dataclass
class Scope:
    """What an expression can refer to."""

    pseudo: dict[str, Any]
    parameters: dict[str, Any]
    conditions: dict[str, Any]
    mappings: dict[str, Any]
    read_secret: Callable[[str, str], str]
    resources: dict[str, Provisioned] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """The value of an expression; dictionary entries and list items of AWS::NoValue are dropped."""
        if isinstance(value, str):
            return self._with_secrets(value)
        if isinstance(value, list):
            return [item for item in (self.resolve(item) for item in value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref" or name.startswith("Fn::"):
                found = self._intrinsic(name, argument)
                return self._with_secrets(found) if isinstance(found, str) else found
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _NO_VALUE}

    def _with_secrets(self, text: str) -> str:
        """Dynamic references replaced, also those a Fn::Join has put together."""
        return _SECRET.sub(lambda match: self.read_secret(match[1], match[2]), text)

    def _intrinsic(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                logical_id, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self._attribute(logical_id, self.resolve(attribute))
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::Join":
                return argument[0].join(str(item) for item in self.resolve(argument[1]))
            case "Fn::Select":
                return self.resolve(argument[1])[int(self.resolve(argument[0]))]
            case "Fn::Split":
                return self.resolve(argument[1]).split(argument[0])
            case "Fn::If":
                return self.resolve(argument[1 if self.condition(argument[0]) else 2])
            case "Fn::GetAZs":
                region = self.resolve(argument) or self.pseudo["AWS::Region"]
                return [f"{region}{letter}" for letter in "abc"]
            case "Fn::FindInMap":
                first, second, third = (self.resolve(item) for item in argument)
                return self.mappings[first][second][third]
            case "Fn::Base64":
                return base64.b64encode(self.resolve(argument).encode()).decode()
            case _:
                raise NotModelled(f"intrinsic function {name}")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        for place in (self.pseudo, self.parameters):
            if name in place:
                return place[name]
        if name in self.resources:
            return self.resources[name].physical_id
        raise refused("ValidationError", f"Template format error: Unresolved resource dependencies [{name}]")

    def _attribute(self, logical_id: str, attribute: str) -> Any:
        attributes = self.resources[logical_id].attributes
        if attribute not in attributes:
            raise NotModelled(f"attribute {attribute} of {self.resources[logical_id].type}")
        return attributes[attribute]

    def _substitute(self, argument: Any) -> str:
        text, local = argument if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            name = match[2]
            if match[1]:
                return "${" + name + "}"
            if name in local:
                return str(self.resolve(local[name]))
            if "." in name:
                return str(self._attribute(*name.split(".", 1)))
            return str(self._ref(name))

        return _REFERENCE.sub(value, text)

    def condition(self, name: str) -> bool:
        """Whether a named condition holds."""
        return bool(self._truth(self.conditions[name]))

    def _truth(self, expression: Any) -> bool:
        if not isinstance(expression, dict):
            return bool(self.resolve(expression))
        name, argument = next(iter(expression.items()))
        match name:
            case "Fn::Equals":
                return bool(self.resolve(argument[0]) == self.resolve(argument[1]))
            case "Fn::Not":
                return not self._truth(argument[0])
            case "Fn::And":
                return all(self._truth(item) for item in argument)
            case "Fn::Or":
                return any(self._truth(item) for item in argument)
            case "Condition":
                return self.condition(argument)
            case _:
                raise NotModelled(f"condition function {name}")


def load_template(body: str) -> dict[str, Any]:
    """A template as the CDK CLI sends it: JSON, or YAML with the CLI's own bootstrap template."""
    if body.lstrip().startswith("{"):
        loaded: dict[str, Any] = json.loads(body)
        return loaded
    return _load_yaml(body)


def _load_yaml(body: str) -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Knows CloudFormation's short tags such as !Ref."""

    def short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", short_tag)
    loaded: dict[str, Any] = yaml.load(body, Loader)  # noqa: S506
    return loaded


def in_dependency_order(resources: dict[str, Any]) -> list[str]:
    """Logical ids so that each comes after what it refers to or DependsOn."""
    order: list[str] = []
    under_way: set[str] = set()

    def visit(logical_id: str) -> None:
        if logical_id in order:
            return
        if logical_id in under_way:
            raise refused("ValidationError", f"Circular dependency between resources: [{logical_id}]")
        under_way.add(logical_id)
        for needed in sorted(set(_needs(resources[logical_id])) & resources.keys() - {logical_id}):
            visit(needed)
        order.append(logical_id)

    for logical_id in resources:
        visit(logical_id)
    return order


def _needs(resource: dict[str, Any]) -> Iterator[str]:
    depends_on = resource.get("DependsOn", [])
    yield from [depends_on] if isinstance(depends_on, str) else depends_on
    yield from _references(resource.get("Properties", {}))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    if not isinstance(value, dict):
        return
    for name, argument in value.items():
        if name == "Ref":
            yield argument
        elif name == "Fn::GetAtt":
            yield argument[0] if isinstance(argument, list) else argument.split(".")[0]
        elif name == "Fn::Sub":
            text = argument[0] if isinstance(argument, list) else argument
            yield from (match[2].split(".")[0] for match in _REFERENCE.finditer(text))
            yield from _references(argument)
        else:
            yield from _references(argument)
