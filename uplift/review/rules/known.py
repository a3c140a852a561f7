"""What is known of a value: a template's expression says nothing until AWS answers it, so every question has a third answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from uplift.review.templates.differences import Absent
from uplift.review.templates.template import Resource, Value

_EXPRESSION = re.compile(r"Ref|Fn::.*|Parameter|Condition")
_DYNAMIC = "{{resolve:"


def is_expression(value: Value) -> bool:
    """Whether only a deploy knows this value: an intrinsic function, or a dynamic reference such as `{{resolve:ssm:…}}`."""
    if isinstance(value, dict):
        return len(value) == 1 and _EXPRESSION.fullmatch(str(next(iter(value)))) is not None
    return isinstance(value, str) and _DYNAMIC in value


def holds_expression(value: Value) -> bool:
    """Whether an expression stands anywhere in this value."""
    if is_expression(value):
        return True
    inner: Iterator[Value] = iter(value.values()) if isinstance(value, dict) else iter(value if isinstance(value, list) else ())
    return any(holds_expression(item) for item in inner)


def at(resource: Resource | None, path: str) -> Value:
    """The value at `Property.Inner.Name`; None where nothing is set, and the expression where one stands on the way."""
    value: Value = dict(resource.properties) if resource is not None else None
    for name in path.split("."):
        if is_expression(value):
            return value
        value = value.get(name) if isinstance(value, dict) else None
    return value


def truth(value: Value, default: bool = False) -> bool | None:
    """A switch as CloudFormation reads it; None where only a deploy knows it."""
    if value is None or isinstance(value, Absent):
        return default
    text = str(value).lower()
    return {"true": True, "false": False}.get(text)


def number(value: Value, default: float | None = None) -> float | None:
    """A number, also one written as text; None where only a deploy knows it, or where nothing is set and there is no default."""
    if value is None or isinstance(value, Absent):
        return default
    try:
        return float(str(value))
    except ValueError:
        return None


def members(value: Value) -> list[Value]:
    """The members of a list, and a value that stands where a list is expected as its only one; nothing where nothing is set."""
    if value is None or isinstance(value, Absent):
        return []
    return value if isinstance(value, list) else [value]
