"""Parameters that decide something: a condition, or which entry of a mapping is taken; and the values they can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

Candidates = Mapping[str, tuple[Any, ...]]
"""From a parameter's name to its values; the first is its default, where it has one."""


class Other(StrEnum):
    """Stands for a parameter's value that no template names."""

    OTHER = "another value"


def deciding_parameters(documents: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> Candidates:
    """Every parameter that decides something in one of the templates; `known` are pseudo parameters, which leave nothing open."""
    found: dict[str, dict[str, None]] = {}
    keys: set[str] = set()
    for document in documents:
        mapped = list(_mapped(document, document.get("Mappings", {})))
        keys |= {name for name, _ in mapped}
        for name, literal in (*_compared(document.get("Conditions", {})), *mapped):
            values = found.setdefault(name, {})
            if literal is not None:
                values[literal] = None
    candidates = {}
    for name, literals in found.items():
        if name in known:
            continue
        definitions = [one for document in documents if isinstance(one := document.get("Parameters", {}).get(name), dict)]
        if definitions or name.startswith("AWS::"):
            candidates[name] = _values(definitions, literals, is_key=name in keys)
    return candidates


def _values(definitions: Sequence[Mapping[str, Any]], literals: Mapping[str, None], *, is_key: bool) -> tuple[Any, ...]:
    defaults = [str(one["Default"]) for one in definitions if "Default" in one and "SSM" not in str(one.get("Type"))]
    allowed = [str(value) for one in definitions for value in one.get("AllowedValues", [])]
    # A default that no literal names takes every branch that another value takes; a key that no mapping has is refused.
    rest = [] if allowed or is_key or set(defaults) - literals.keys() else [Other.OTHER]
    named = [] if allowed else list(literals)
    return tuple(dict.fromkeys([*defaults, *allowed, *named, *rest]))


def _compared(value: Any) -> Iterator[tuple[str, str | None]]:
    """Parameters under Fn::Equals, each with the text it is compared with."""
    for equals in _under("Fn::Equals", value):
        if not isinstance(equals, list) or len(equals) != 2:
            continue
        for one, other in (equals, equals[::-1]):
            for name in _parameters(one):
                literal = str(other) if _is_ref(one) and isinstance(other, (str, int, float)) else None
                yield name, literal


def _mapped(document: Any, mappings: Any) -> Iterator[tuple[str, str | None]]:
    """Parameters among the keys of Fn::FindInMap, each with every key there is."""
    for path in _under("Fn::FindInMap", document):
        if not isinstance(path, list) or not path or not isinstance(path[0], str) or not isinstance(mappings.get(path[0]), dict):
            continue
        mapping = mappings[path[0]]
        inner = {key: None for entry in mapping.values() if isinstance(entry, dict) for key in entry}
        for one, keys in zip(path[1:3], (mapping, inner), strict=False):
            for name in _parameters(one):
                yield from ((name, key) for key in (keys if _is_ref(one) else [None]))


def _under(function: str, value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _under(function, item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == function:
                yield item
            yield from _under(function, item)


def _is_ref(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("Ref"), str)


def _parameters(value: Any) -> Iterator[str]:
    for name in _under("Ref", value):
        if isinstance(name, str):
            yield name
