"""Values of templates in words."""

from __future__ import annotations

import json
from collections.abc import Iterable

from uplift.review.templates.differences import Absent, PropertyChange
from uplift.review.templates.template import Value

_LONGEST = 80
_SECRET = ("authtoken", "password", "secretstring", "token", "masteruserpassword")


def shown(value: Value) -> str:
    """One value, short: references as `<LogicalId>`, long ones cut."""
    text = flattened(value) if isinstance(value, (dict, str)) else json.dumps(value, default=str)
    text = " ".join(str(text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def flattened(value: Value) -> str:
    """A value as one text in which every reference stands as `<LogicalId>` or `<LogicalId.Attribute>`."""
    if isinstance(value, Absent):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        match name:
            case "Ref":
                return f"<{argument}>"
            case "Fn::GetAtt":
                return f"<{'.'.join(str(part) for part in argument)}>"
            case "Fn::Join" if isinstance(argument, list) and isinstance(argument[1], list):
                return str(argument[0]).join(flattened(part) for part in argument[1])
            case "Parameter":
                return f"<{argument['Default'] or argument['Name']}>"
            case _:
                pass
    return json.dumps(value, default=str)


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
