"""Values of templates in words."""

from __future__ import annotations

import json
from collections.abc import Iterable

from uplift.review.templates.differences import PropertyChange
from uplift.review.templates.template import Absent, Value

_LONGEST = 80
_SECRET = ("authtoken", "password", "secretstring", "token", "masteruserpassword")


def shown(value: Value) -> str:
    """One value, short: references as `<LogicalId>`, long ones cut."""
    text = f"[{', '.join(map(flattened, value))}]" if isinstance(value, list) else flattened(value)
    text = " ".join(str(text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def flattened(value: Value) -> str:
    """A value as one text in which every reference stands as `<LogicalId>` or `<LogicalId.Attribute>`."""
    if isinstance(value, str):
        return value.value if isinstance(value, Absent) else value
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        words = _function(name, argument)
        if words is not None:
            return words
    if isinstance(value, dict) and value.keys() == {"Fn::FindInMap", "Mapping"}:
        return f"<{'.'.join(flattened(step) for step in value['Fn::FindInMap'])}>"
    return json.dumps(value, default=str)


def _function(name: str, argument: Value) -> str | None:
    match name:
        case "Ref":
            return f"<{argument}>"
        case "Fn::GetAtt":
            return f"<{'.'.join(map(flattened, argument))}>"
        case "Fn::Join" if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
            return str(argument[0]).join(flattened(part) for part in argument[1])
        case "Parameter":
            return f"<{argument['Default'] or argument['Name']}>"
        case "Fn::ImportValue":
            return f"<import of {flattened(argument)}>"
        case _ if name.startswith("Fn::"):
            return f"<{name} of {_arguments(argument)}>"
        case _:
            return None


def _arguments(argument: Value) -> str:
    return ", ".join(flattened(one) for one in argument) if isinstance(argument, list) else flattened(argument)


def said(change: PropertyChange) -> str:
    """`Path: before → after`; what may be a secret is never shown."""
    if is_secret(change.path):
        return f"{change}: {_secret(change.before)} → {_secret(change.after)}"
    return f"{change}: {shown(change.before)} → {shown(change.after)}"


def all_said(changes: Iterable[PropertyChange]) -> str:
    """Several changes, one after the other."""
    return "; ".join(said(change) for change in changes)


def is_secret(path: tuple[str, ...]) -> bool:
    """Whether a property may hold a secret in the clear."""
    return any(step.lower() in _SECRET for step in path)


def _secret(value: Value) -> str:
    if isinstance(value, Absent):
        return value.value
    return "a secret (not shown)"
