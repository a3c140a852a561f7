"""What a template refers to, as it is written: logical ids, parameters, conditions and mappings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from uplift.review.templates.template import Value

_PLACE = re.compile(r"\$\{([^!}][^}]*)\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: by which function, and to what."""

    function: str
    target: str


def targets_in(value: Value) -> set[str]:
    """Logical ids and parameters that are referred to anywhere in a value, pseudo parameters left out."""
    return {one.target for one in references_in(value) if not one.target.startswith("AWS::")}


def references_in(value: Value) -> Iterator[Reference]:
    """Ref, Fn::GetAtt, Fn::Sub and DependsOn, anywhere in a value."""
    if isinstance(value, list):
        for item in value:
            yield from references_in(item)
        return
    if not isinstance(value, dict):
        return
    for name, argument in value.items():
        match name:
            case "Ref" if isinstance(argument, str) and len(value) == 1:
                yield Reference("Ref", argument)
            case "Fn::GetAtt" if isinstance(argument, (str, list)) and argument and len(value) == 1:
                first = argument.split(".", 1)[0] if isinstance(argument, str) else argument[0]
                if isinstance(first, str):
                    yield Reference("Fn::GetAtt", first)
            case "Fn::Sub" if len(value) == 1:
                yield from _in_sub(argument)
            case "DependsOn" if "Type" in value:
                yield from (Reference("DependsOn", one) for one in _listed(argument) if isinstance(one, str))
            case _:
                yield from references_in(argument)


def conditions_in(value: Value) -> Iterator[str]:
    """Names of conditions that Fn::If and Condition ask for, anywhere in a value."""
    if isinstance(value, list):
        for item in value:
            yield from conditions_in(item)
        return
    if not isinstance(value, dict):
        return
    for name, argument in value.items():
        if name == "Fn::If" and isinstance(argument, list) and argument and isinstance(argument[0], str):
            yield argument[0]
            yield from conditions_in(argument[1:])
        elif name == "Condition" and isinstance(argument, str) and len(value) == 1:
            yield argument
        else:
            yield from conditions_in(argument)


def _in_sub(argument: Value) -> Iterator[Reference]:
    text, local = (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    yield from references_in(local)
    if not isinstance(text, str):
        return
    for place in _PLACE.findall(text):
        name = place.strip()
        if isinstance(local, dict) and name in local:
            continue
        target, dot, _ = name.partition(".")
        yield Reference("Fn::GetAtt" if dot else "Ref", target)


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]
