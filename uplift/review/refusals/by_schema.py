"""What the registry's schemas refuse, as cfn-lint reads them for the region of the stack: in head, and not yet in base.

Source: CloudFormation registry schemas and the additions of cfn-lint, both in its package. A region that cfn-lint does not know, or that
nothing says, is judged by us-east-1, the region with the most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from uplift.review.refusals.linter import Objection, objections
from uplift.review.refusals.objection_words import refusal_of
from uplift.review.refusals.reduced_template import Selection, alike_in_tags, reduced, selection_of
from uplift.review.refusals.references import conditions_in, targets_in
from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.schemas import schema_region
from uplift.review.templates.template import StackTemplate, Value


def schema_refusals(base: StackTemplate | None, head: StackTemplate) -> Iterator[Refusal]:
    """Each refusal once. What base has as well is deployed, so AWS took it, whatever a schema says."""
    selection = selection_of(base, head)
    if not selection:
        return
    document = reduced(head, selection)
    found = list(_objected(head, document, selection))
    if found and base is not None:
        known = {_kind(one) for one in _objected(base, reduced(base, selection), selection)}
        found = [one for one in found if _kind(one) not in known]
    alike = alike_in_tags(head, selection)
    for one in dict.fromkeys(refusal_of(one, document) for one in found):
        yield from (replace(one, resource=logical_id) for logical_id in alike.get(one.resource, [one.resource]))


def _objected(stack: StackTemplate, document: dict[str, Value], selection: Selection) -> Iterator[Objection]:
    """Objections on what is selected; what stands only for its type has none."""
    dangling = _dangling(stack)
    for one in objections(document, schema_region(stack.region)):
        if one.subject not in dangling and _is_selected(one.path, selection):
            yield one


def _is_selected(path: tuple[str | int, ...], selection: Selection) -> bool:
    if path[:1] != ("Resources",) or len(path) < 2:
        return True
    return path[1] in selection.whole or (path[1] in selection.tags_only and path[2:4] == ("Properties", "Tags"))


def _dangling(stack: StackTemplate) -> set[str]:
    """Names that are referred to and are not there: said by `references.py`, over the whole template."""
    names = stack.section("Resources").keys() | stack.section("Parameters").keys() | stack.section("Conditions").keys()
    return (targets_in(stack.document) | set(conditions_in(stack.document))) - names


def _kind(one: Objection) -> tuple[str, tuple[str, ...], str]:
    """The same objection on another item of the same list is none that is new."""
    return one.rule, tuple(part for part in one.path if isinstance(part, str)), one.message
