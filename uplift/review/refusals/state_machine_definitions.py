"""The definition of a state machine as it is written in a template: JSON in which references stand for text that is not known."""

from __future__ import annotations

import json
import re
from typing import Any

from uplift.review.templates.known_values import is_expression
from uplift.review.templates.template import Resource, Value

# A character nobody writes: a text with it is not known here.
_UNKNOWN = "\ue000"
_PLACE = re.compile(r"\$\{[^}]*\}")


class NotJson(Exception):
    """The text of a definition is no JSON object; the message says where it ends to be."""


def definition_of(machine: Resource) -> dict[str, Any] | None:
    """The definition; None where the template does not have it. Raises NotJson."""
    whole = machine.property("Definition")
    if isinstance(whole, dict) and "Fn::Transform" not in whole:
        return whole
    parts = _parts(machine.property("DefinitionString"))
    if parts is None:
        return None
    try:
        read = json.loads(_joined(parts))
    except ValueError as problem:
        raise NotJson(str(problem).replace(_UNKNOWN, "…")) from None
    if not isinstance(read, dict):
        raise NotJson(f"it is {type(read).__name__}")
    return read


def is_known(value: Any) -> bool:
    """Whether a text of a definition is written out."""
    return not is_expression(value) and _UNKNOWN not in str(value)


def _parts(value: Value) -> list[Value] | None:
    match value:
        case str():
            return [value]
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return [piece for number, part in enumerate(parts) for piece in ([delimiter, part] if number else [part])]
        case _:
            return None


def _joined(parts: list[Value]) -> str:
    """Within a JSON text a reference is part of it; elsewhere it is a value of its own."""
    text = ""
    for part in parts:
        pieces = _PLACE.split(part) if isinstance(part, str) else ["", ""]
        for number, piece in enumerate(pieces):
            if number:
                text += _UNKNOWN if _in_text(text) else f'"{_UNKNOWN}"'
            text += piece
    return text


def _in_text(text: str) -> bool:
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text)) % 2 == 1
