"""CloudFormation's expressions as far as a template alone can answer them.

What depends on AWS (an SSM parameter, a parameter without a default) stays an expression that carries its whole
definition, so that two templates that could resolve differently also compare as different.
Source: CloudFormation user guide, "Intrinsic function reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NO_VALUE = object()
_PLACE = re.compile(r"\$\{(!?)([^}]+)\}")
_DEPTH_OF_CONDITIONS = 20


@dataclass(slots=True)
class Expressions:
    """What the expressions of one template refer to."""

    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    _depth: int = field(default=0)

    def resolved(self, value: Any) -> Any:
        """The value with everything put in that is known; AWS::NoValue leaves no trace."""
        found = self._resolved(value)
        return None if found is _NO_VALUE else found

    def condition(self, name: str) -> Any:
        """True, False, or the expression of what cannot be known here."""
        if name not in self.conditions or self._depth > _DEPTH_OF_CONDITIONS:
            return {"Condition": name}
        self._depth += 1
        try:
            return self._truth(self.conditions[name])
        finally:
            self._depth -= 1

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolved, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, argument)
        members = {name: self._resolved(item) for name, item in value.items()}
        return {name: item for name, item in members.items() if item is not _NO_VALUE}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(str(argument))
            case "Fn::GetAtt":
                parts = argument if isinstance(argument, list) else str(argument).split(".", 1)
                return {name: [self._resolved(part) for part in parts]}
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::Join" if isinstance(argument, list) and len(argument) == 2:
                return _joined(argument[0], self._resolved(argument[1]))
            case "Fn::FindInMap" if isinstance(argument, list):
                return self._in_map(self._resolved(argument))
            case "Fn::If" if isinstance(argument, list) and len(argument) == 3:
                return self._either(str(argument[0]), argument[1], argument[2])
            case _:
                return {name: self._resolved(argument)}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        definition = self.parameters.get(name)
        if definition is None:
            return {"Ref": name}
        kind = str(definition.get("Type", "String"))
        if "Default" in definition and not kind.startswith("AWS::SSM::Parameter::Value"):
            default = definition["Default"]
            return [part.strip() for part in str(default).split(",")] if "List" in kind else default
        return {"Parameter": {"Name": name, "Type": kind, "Default": definition.get("Default")}}

    def _sub(self, argument: Any) -> Any:
        text, local = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})
        parts: list[Any] = []
        end = 0
        for place in _PLACE.finditer(text):
            parts.append(text[end : place.start()])
            end = place.end()
            if place[1]:
                parts.append("${" + place[2] + "}")
            elif place[2] in local:
                parts.append(self._resolved(local[place[2]]))
            elif "." in place[2]:
                parts.append({"Fn::GetAtt": place[2].split(".", 1)})
            else:
                parts.append(self._ref(place[2]))
        return _joined("", [*parts, text[end:]])

    def _in_map(self, path: Any) -> Any:
        found: Any = self.mappings
        for step in path[:3]:
            if not isinstance(step, str) or not isinstance(found, dict) or step not in found:
                return {"Fn::FindInMap": path, "Mapping": self.mappings.get(path[0]) if isinstance(path[0], str) else None}
            found = found[step]
        return found

    def _either(self, condition: str, when_true: Any, when_false: Any) -> Any:
        truth = self.condition(condition)
        if truth is True:
            return self._resolved(when_true)
        if truth is False:
            return self._resolved(when_false)
        return {"Fn::If": [truth, self.resolved(when_true), self.resolved(when_false)]}

    def _truth(self, expression: Any) -> Any:
        if not isinstance(expression, dict) or len(expression) != 1:
            return expression if isinstance(expression, bool) else {"Condition": expression}
        ((name, argument),) = expression.items()
        match name:
            case "Fn::Equals":
                one, other = self._resolved(argument[0]), self._resolved(argument[1])
                known = not isinstance(one, (dict, list)) and not isinstance(other, (dict, list))
                return str(one) == str(other) if known else {name: [one, other]}
            case "Fn::Not":
                truth = self._truth(argument[0])
                return (not truth) if isinstance(truth, bool) else {name: [truth]}
            case "Fn::And" | "Fn::Or":
                decided = name == "Fn::Or"
                truths = [self._truth(item) for item in argument]
                if decided in truths:
                    return decided
                unknown = [truth for truth in truths if not isinstance(truth, bool)]
                return {name: unknown} if unknown else not decided
            case "Condition":
                return self.condition(str(argument))
            case _:
                return {name: self._resolved(argument)}


def _joined(delimiter: str, parts: Any) -> Any:
    """A text where all parts are known, else one expression whose neighbouring texts are put together."""
    if not isinstance(parts, list):
        return {"Fn::Join": [delimiter, parts]}
    if all(not isinstance(part, (dict, list)) for part in parts):
        return delimiter.join(str(part) for part in parts)
    if delimiter:
        return {"Fn::Join": [delimiter, parts]}
    whole: list[Any] = []
    for part in parts:
        if part == "":
            continue
        if whole and isinstance(whole[-1], str) and isinstance(part, str):
            whole[-1] += part
        else:
            whole.append(part)
    return whole[0] if len(whole) == 1 else {"Fn::Join": ["", whole]}
