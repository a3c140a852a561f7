"""CloudFormation's expressions as far as a template and its environment alone can answer them.

What depends on AWS (an SSM parameter, an import, an attribute of a resource) stays an expression that carries its whole definition, so
that two templates that could resolve differently also compare as different. A parameter that decides a condition has, in each world,
one of its values. Source: CloudFormation user guide, "Intrinsic function reference".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from uplift.errors import BadInput
from uplift.review.templates.deciding_parameters import Candidates, Other
from uplift.review.templates.worlds import World

_NO_VALUE = object()
_PLACE = re.compile(r"\$\{(!?)([^}]+)\}")
_DEPTH_OF_CONDITIONS = 20


@dataclass(slots=True)
class Expressions:
    """What the expressions of one template refer to. `known`: pseudo parameters, and parameters that the manifest gives a value."""

    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    known: Mapping[str, str] = field(default_factory=dict)
    deciding: Candidates = field(default_factory=dict)
    world: World = field(default_factory=World)
    _depth: int = field(default=0)

    def resolved(self, value: Any) -> Any:
        """The value with everything put in that is known; AWS::NoValue leaves no trace. Raises BadInput for a transform."""
        found = self._resolved(value)
        return None if found is _NO_VALUE else found

    def condition(self, name: str) -> bool:
        """Whether a condition holds in this world."""
        if name not in self.conditions or self._depth > _DEPTH_OF_CONDITIONS:
            return self._asked({"Condition": name})
        self._depth += 1
        try:
            return self._truth(self.conditions[name])
        finally:
            self._depth -= 1

    def decided(self, name: str) -> bool | None:
        """Whether a condition holds in every world; None where that is left open."""
        alone = replace(self, world=World())
        held = alone.condition(name)
        return None if alone.world.asked else held

    def _asked(self, expression: Any) -> bool:
        return self.world.answer(json.dumps(expression, sort_keys=True, default=str), (True, False))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolved, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._intrinsic(name, argument)
        members = {str(name): self._resolved(item) for name, item in value.items()}
        return {name: item for name, item in members.items() if item is not _NO_VALUE}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref" if isinstance(argument, str):
                return self._ref(argument)
            case "Fn::GetAtt":
                parts = argument if isinstance(argument, list) else str(argument).split(".", 1)
                return {name: [self._resolved(part) for part in parts]}
            case "Fn::Sub" if isinstance(argument, str) or _is_sub_with_names(argument):
                return self._sub(argument)
            case "Fn::Join" if isinstance(argument, list) and len(argument) == 2:
                return _joined(argument[0], self._resolved(argument[1]))
            case "Fn::FindInMap" if isinstance(argument, list) and len(argument) >= 3:
                return self._in_map(self._resolved(argument[:3]))
            case "Fn::If" if isinstance(argument, list) and len(argument) == 3:
                return self._resolved(argument[1] if self.condition(str(argument[0])) else argument[2])
            case "Fn::Select" if isinstance(argument, list) and len(argument) == 2:
                return _selected(self._resolved(argument))
            case "Fn::Split" if isinstance(argument, list) and len(argument) == 2:
                return _split(self._resolved(argument))
            case "Fn::Transform":
                raise BadInput("uses a transform inside a property, whose result only CloudFormation knows; review the processed template")
            case _:
                return {name: self._resolved(argument)}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self.known:
            return self.known[name]
        definition = self.parameters.get(name)
        if name in self.deciding:
            value = self.world.answer(name, self.deciding[name])
            if value is not Other.OTHER:
                return _listed(value, definition)
        if definition is None:
            return {"Ref": name}
        kind = str(definition.get("Type", "String"))
        if "Default" in definition and name not in self.deciding and not kind.startswith("AWS::SSM::Parameter::Value"):
            return _listed(definition["Default"], definition)
        return {"Parameter": {"Name": name, "Type": kind, "Default": definition.get("Default")}}

    def _sub(self, argument: Any) -> Any:
        text, local = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})
        parts: list[Any] = []
        end = 0
        for place in _PLACE.finditer(text):
            parts.append(text[end : place.start()])
            end = place.end()
            name = place[2].strip()
            if place[1]:
                parts.append("${" + place[2] + "}")
            elif name in local:
                parts.append(self._resolved(local[name]))
            elif "." in name:
                parts.append({"Fn::GetAtt": name.split(".", 1)})
            else:
                parts.append(self._ref(name))
        return _joined("", [*parts, text[end:]])

    def _in_map(self, path: Any) -> Any:
        found: Any = self.mappings
        for step in path:
            if not isinstance(step, (str, int)) or not isinstance(found, dict) or str(step) not in found:
                return {"Fn::FindInMap": path, "Mapping": self.mappings.get(path[0]) if isinstance(path[0], str) else None}
            found = found[str(step)]
        return found

    def _truth(self, expression: Any) -> bool:
        if isinstance(expression, bool):
            return expression
        if not isinstance(expression, dict) or len(expression) != 1:
            return self._asked({"Condition": expression})
        ((name, argument),) = expression.items()
        match name:
            case "Fn::Equals" if isinstance(argument, list) and len(argument) == 2:
                return self._equal(self._resolved(argument[0]), self._resolved(argument[1]))
            case "Fn::Not" if isinstance(argument, list) and len(argument) == 1:
                return not self._truth(argument[0])
            case "Fn::And" if isinstance(argument, list):
                return all(self._truth(item) for item in argument)
            case "Fn::Or" if isinstance(argument, list):
                return any(self._truth(item) for item in argument)
            case "Condition":
                return self.condition(str(argument))
            case _:
                return self._asked({name: self._resolved(argument)})

    def _equal(self, one: Any, other: Any) -> bool:
        if not isinstance(one, (dict, list)) and not isinstance(other, (dict, list)):
            return _as_text(one) == _as_text(other)
        if one == other:
            return True
        if any(self._is_other(side) and not isinstance(rest, (dict, list)) for side, rest in ((one, other), (other, one))):
            return False
        return self._asked({"Fn::Equals": [one, other]})

    def _is_other(self, value: Any) -> bool:
        """Whether this is a deciding parameter in the world of a value that no template names."""
        if not isinstance(value, dict):
            return False
        name = value["Parameter"]["Name"] if isinstance(value.get("Parameter"), dict) else value.get("Ref")
        return name in self.deciding


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any, definition: Any) -> Any:
    kind = str(definition.get("Type", "String")) if isinstance(definition, dict) else "String"
    return [part.strip() for part in str(value).split(",")] if "List" in kind else value


def _is_sub_with_names(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str) and isinstance(argument[1], dict)


def _selected(argument: Any) -> Any:
    place, items = argument
    if str(place).isdecimal() and isinstance(items, list) and int(place) < len(items):
        return items[int(place)]
    return {"Fn::Select": argument}


def _split(argument: Any) -> Any:
    delimiter, text = argument
    if isinstance(delimiter, str) and delimiter and isinstance(text, str):
        return text.split(delimiter)
    return {"Fn::Split": argument}


def _joined(delimiter: str, parts: Any) -> Any:
    """A text where all parts are known, else one expression whose neighbouring texts are put together."""
    if not isinstance(parts, list) or not isinstance(delimiter, str):
        return {"Fn::Join": [delimiter, parts]}
    if all(not isinstance(part, (dict, list)) for part in parts):
        return delimiter.join(_as_text(part) for part in parts)
    if delimiter:
        return {"Fn::Join": [delimiter, parts]}
    whole: list[Any] = []
    for part in _flat(parts):
        if isinstance(part, (dict, list)):
            whole.append(part)
        elif part != "" and whole and isinstance(whole[-1], str):
            whole[-1] += _as_text(part)
        elif part != "":
            whole.append(_as_text(part))
    return whole[0] if len(whole) == 1 else {"Fn::Join": ["", whole]}


def _flat(parts: list[Any]) -> list[Any]:
    """A join without a delimiter inside another is part of it."""
    flat: list[Any] = []
    for part in parts:
        inner = part.get("Fn::Join") if isinstance(part, dict) else None
        flat += inner[1] if isinstance(inner, list) and inner[0] == "" and isinstance(inner[1], list) else [part]
    return flat
