"""When two values of templates are the same to CloudFormation and to the service, however they are written."""

from __future__ import annotations

import json
from typing import Any

_UNORDERED = frozenset(
    {
        "AlarmActions",
        "Architectures",
        "CacheSecurityGroupNames",
        "InsufficientDataActions",
        "OKActions",
        "SecurityGroupIds",
        "SubnetIds",
        "Tags",
        "UserGroupIds",
    }
)
"""Lists whose order says nothing, where the registry's schema does not say so (`insertionOrder`): each is a set in its service."""


# ElastiCache turns days to lower case (aws_elasticache_replication_group in the Terraform provider compares them so, #27708).
_IN_ANY_CASE = frozenset({"PreferredMaintenanceWindow"})


def is_same(name: str, before: Any, after: Any, unordered: frozenset[str]) -> bool:
    """Whether a top-level property is the same on both sides; `unordered`: lists of the type whose order says nothing."""
    return known_form(name, before, unordered) == known_form(name, after, unordered) or is_equal(before, after)


def known_form(name: str, value: Any, unordered: frozenset[str]) -> str:
    """A text that two values of a top-level property share where they are the same."""
    if isinstance(value, str) and name in _IN_ANY_CASE:
        return _canonical(value.lower())
    if isinstance(value, list) and name in unordered | _UNORDERED:
        return json.dumps(sorted(map(_canonical, value)))
    return _canonical(value)


def is_equal(before: Any, after: Any) -> bool:
    """Whether two values are the same: `6379` is `"6379"`, `true` is `"true"`, and JSON in a text is what it says."""
    if _canonical(before) == _canonical(after):
        return True
    one, other = _json_in(before), _json_in(after)
    return one is not None and one == other


def _canonical(value: Any) -> str:
    return json.dumps(_as_text(value), sort_keys=True, default=str)


def _as_text(value: Any) -> Any:
    """Every scalar as CloudFormation hands it on; what is no scalar by its members."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return [_as_text(item) for item in value]
        case dict():
            return {str(name): _as_text(item) for name, item in value.items()}
        case _:
            return value


def _json_in(value: Any) -> Any:
    """The object that a text holds, references in it standing as texts; None for any other value."""
    parts = value.get("Fn::Join") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(parts, list) and len(parts) == 2 and parts[0] == "" and isinstance(parts[1], list):
        text = "".join(part if isinstance(part, str) else _quoted(part) for part in parts[1])
    elif isinstance(value, str):
        text = value
    else:
        return None
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _quoted(value: Any) -> str:
    """An expression inside a JSON text, which may stand within quotes."""
    return json.dumps(json.dumps(value, sort_keys=True, default=str))[1:-1]
