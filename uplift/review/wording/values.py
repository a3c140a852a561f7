"""Values of templates in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from uplift.review.templates.differences import PropertyChange
from uplift.review.templates.known_values import is_expression, is_open
from uplift.review.templates.template import Absent, Value

_LONGEST = 80
_SECRET = ("token", "apikey")
_SECRET_ENDINGS = ("password", "passwords", "secretstring", "authtoken", "clientsecret", "secretkey", "secretaccesskey", "privatekey")
# Switches that only sound like one.
_NO_SECRET = ("managemasteruserpassword", "manageadminpassword")


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
    if isinstance(value, dict) and value.keys() == {"Fn::FindInMap", "Mapping"} and isinstance(value["Fn::FindInMap"], list):
        return f"<{'.'.join(flattened(step) for step in value['Fn::FindInMap'])}>"
    # What a person reads is "not set", whether it is left out or null.
    return Absent.ABSENT.value if value is None else json.dumps(value, default=str)


def _function(name: str, argument: Value) -> str | None:
    match name:
        case "Ref":
            return f"<{argument}>"
        case "Fn::GetAtt" if isinstance(argument, (list, str)):
            return f"<{argument if isinstance(argument, str) else '.'.join(map(flattened, argument))}>"
        case "Fn::Join" if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
            return str(argument[0]).join(flattened(part) for part in argument[1])
        case "Parameter" if isinstance(argument, dict) and argument.keys() >= {"Default", "Name"}:
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
    return f"{change}: {shown(without_secrets(change.before))} → {shown(without_secrets(change.after))}"


def all_said(changes: Iterable[PropertyChange]) -> str:
    """Several changes, one after the other."""
    return "; ".join(said(change) for change in changes)


def is_secret(path: tuple[str, ...]) -> bool:
    """Whether a property may hold a secret in the clear."""
    return any(map(_sounds_secret, path))


def _sounds_secret(name: str) -> bool:
    bare = name.lower().replace("_", "").replace("-", "")
    return bare not in _NO_SECRET and (bare in _SECRET or bare.endswith(_SECRET_ENDINGS))


def without_secrets(value: Value) -> Value:
    """A value in which what may be a secret is not shown, however deep it lies."""
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if isinstance(value, dict):
        return {name: _secret(item) if _sounds_secret(str(name)) else without_secrets(item) for name, item in value.items()}
    return value


def secrets_in_the_clear(value: Value, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Where a secret is written out in a value, and the secret itself; one that only a deploy knows is not."""
    if isinstance(value, list):
        for item in value:
            yield from secrets_in_the_clear(item, path)
    elif isinstance(value, dict) and not is_expression(value):
        for name, item in value.items():
            yield from secrets_in_the_clear(item, (*path, str(name)))
    elif isinstance(value, str) and value and not isinstance(value, Absent) and is_secret(path) and not is_open(value):
        yield ".".join(path), value


def _secret(value: Value) -> str:
    if isinstance(value, Absent):
        return value.value
    return "a secret (not shown)"
