"""The sections of a template as they are written: a section of another form than an object is taken for an empty one."""

from __future__ import annotations

from collections.abc import Mapping

from uplift.review.templates.expressions import Expressions
from uplift.review.templates.template import StackTemplate, Value

_SECTIONS = ("Parameters", "Mappings", "Conditions", "Outputs", "Resources")


def section(stack: StackTemplate, name: str) -> Mapping[str, Value]:
    """One section by its name."""
    found = stack.document.get(name)
    return found if isinstance(found, dict) else {}


def malformed_sections(stack: StackTemplate) -> list[str]:
    """Sections that are there and are no object."""
    return [name for name in _SECTIONS if name in stack.document and not isinstance(stack.document[name], dict)]


def expressions_of(stack: StackTemplate) -> Expressions:
    """What answers the expressions of this template."""
    return Expressions(section(stack, "Parameters"), section(stack, "Mappings"), section(stack, "Conditions"), known=stack.known)


def raw_resource(stack: StackTemplate, logical_id: str) -> Mapping[str, Value]:
    """A resource as it is written, with every attribute."""
    found = section(stack, "Resources").get(logical_id)
    return found if isinstance(found, dict) else {}
