"""Which stack of head is which of base: a stack is known by its account, its region and its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from uplift.review.templates.template import Assembly, StackTemplate


@dataclass(frozen=True, slots=True)
class StackPair:
    """One stack on both sides; one of them is None where it is new, or no longer there."""

    base: StackTemplate | None
    head: StackTemplate | None


def stack_pairs(base: Assembly, head: Assembly) -> Iterator[StackPair]:
    """Every stack of both sides once. Where one side does not say account or region, the name decides, if it is the only one."""
    left = list(base.stacks.values())
    for after in head.stacks.values():
        before = _same(after, left)
        if before is not None:
            left.remove(before)
        yield StackPair(before, after)
    for before in left:
        yield StackPair(before, None)


def _same(stack: StackTemplate, among: list[StackTemplate]) -> StackTemplate | None:
    called = [one for one in among if one.stack_name == stack.stack_name]
    exact = [one for one in called if one.environment == stack.environment]
    agreeing = [one for one in called if one.environment.agrees_with(stack.environment)]
    found = exact or (agreeing if len(agreeing) == 1 else [])
    return found[0] if found else None
