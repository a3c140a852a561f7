"""Everything that AWS refuses of head and has not taken in base already."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from uplift.review.finding import Finding, Impact
from uplift.review.refusals.by_schema import schema_refusals
from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.template import STACK, StackTemplate

# Each judges one template.
_OF_ONE: tuple[Callable[[StackTemplate], Iterator[Refusal]], ...] = ()
# Each judges what the step from base to head does.
_OF_BOTH: tuple[Callable[[StackTemplate | None, StackTemplate], Iterator[Refusal]], ...] = (schema_refusals,)


def refused(base: StackTemplate | None, head: StackTemplate) -> Iterator[Finding]:
    """Findings of one stack; `base` None: the stack is new."""
    found = dict.fromkeys(refusal for rule in _OF_BOTH for refusal in rule(base, head))
    found |= dict.fromkeys(_new(base, head))
    for one in found:
        yield _finding(one, head)


def _new(base: StackTemplate | None, head: StackTemplate) -> Iterator[Refusal]:
    """What a rule says of head and not of base: what base has is deployed, so AWS took it."""
    for rule in _OF_ONE:
        taken = set(rule(base)) if base is not None else set()
        yield from (one for one in rule(head) if one not in taken)


def _finding(one: Refusal, stack: StackTemplate) -> Finding:
    resource = stack.resources.get(one.resource)
    kind = resource.type if resource is not None else STACK
    where = one.resource or stack.name
    return Finding(Impact.FAILS, stack.name, where, kind, one.what, f"AWS refuses: {one.why}.", one.action, about=one.about)
