"""What is known of a value of a template: an expression says nothing until AWS answers it, so every question has one answer more."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.templates.template import Absent, Resource, Value

_FUNCTIONS = frozenset({"Ref", "Condition", "Parameter"})
_DYNAMIC_REFERENCE = "{{resolve:"


def is_expression(value: Value) -> bool:
    """Whether a value is an intrinsic function, or what `Expressions` puts in place of one that is not known."""
    if not isinstance(value, dict) or not value:
        return False
    name = str(next(iter(value)))
    return name.startswith("Fn::") or (len(value) == 1 and name in _FUNCTIONS)


def is_open(value: Value) -> bool:
    """Whether only a deploy knows this value: an expression, or a text with a dynamic reference such as `{{resolve:ssm:…}}`."""
    return is_expression(value) or (isinstance(value, str) and _DYNAMIC_REFERENCE in value)


def holds_open(value: Value) -> bool:
    """Whether something that only a deploy knows stands anywhere in this value."""
    if is_open(value):
        return True
    inner: Iterator[Value] = iter(value.values()) if isinstance(value, dict) else iter(value if isinstance(value, list) else ())
    return any(holds_open(item) for item in inner)


def at(resource: Resource | None, path: str) -> Value:
    """The value at `Property.Inner.Name`; None where nothing is set, and what is open where it stands on the way."""
    value: Value = dict(resource.properties) if resource is not None else None
    for name in path.split("."):
        if is_open(value):
            return value
        value = value.get(name) if isinstance(value, dict) else None
    return value


def known_text(value: Value) -> str | None:
    """A scalar as text; None where only a deploy knows it, or where it is no scalar."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, Absent) and not is_open(value) else None


def truth(value: Value, default: bool = False) -> bool | None:
    """A switch as CloudFormation reads it; None where only a deploy knows it."""
    if value is None or isinstance(value, Absent):
        return default
    return {"true": True, "false": False}.get(str(value).lower())


def known_number(value: Value, default: float | None = None) -> float | None:
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


def is_unknown(value: Value) -> bool:
    """Whether nobody can say before the deploy what a value will be; of a resource's own names and addresses nobody need."""
    if isinstance(value, str):
        return "{{resolve:ssm" in value
    if isinstance(value, list):
        return any(map(is_unknown, value))
    if not isinstance(value, dict):
        return False
    if value.keys() <= {"Ref", "Fn::GetAtt"}:
        return False
    if value.keys() == {"Fn::Join"}:
        return is_unknown(value["Fn::Join"])
    return is_open(value) or any(map(is_unknown, value.values()))
