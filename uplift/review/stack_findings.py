"""What a change does to one stack: in every world of what it leaves open, one entry for each cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from uplift.review.finding import PERMISSIONS, Finding, Impact, worst_of
from uplift.review.group.view import group_view
from uplift.review.in_every_world import in_every_world
from uplift.review.refusals.all_refusals import refused_by_rule, refused_by_schema
from uplift.review.resource_findings import findings_of_change
from uplift.review.section_findings import findings_of_place, findings_of_sections
from uplift.review.stack_pairs import StackPair
from uplift.review.templates.differences import Change, Fate, compare_stacks
from uplift.review.templates.template import HOLDS_REDIS, REPLICATION_GROUP, STACK, StackTemplate
from uplift.review.under_their_causes import under_their_causes


def findings_of_pair(pair: StackPair) -> Iterator[Finding]:
    """Every finding of one stack."""
    if pair.head is None:
        yield from _left(pair.base)
        return
    if pair.base is not None:
        yield from findings_of_place(pair.base, pair.head)
    by_schema = refused_by_schema(pair.base, pair.head)
    yield from under_their_causes([*by_schema, *in_every_world(pair, partial(_in_one_world, by_schema))])


def _in_one_world(by_schema: Sequence[Finding], pair: StackPair) -> list[Finding]:
    base, head = pair.base, pair.head
    if head is None:
        return []
    # The two are compared once: what refuses, what is said of sections and what of resources all go by it.
    changes = compare_stacks(base or replace(head, resources={}, sections={}, document={}), head)
    by_rule = refused_by_rule(base, head, changes)
    if base is None:
        return [*by_rule, *_new(head, changes)]
    renamed = {change.logical_id for change in changes if change.renamed_to}
    return [*by_rule, *findings_of_sections(base, head, renamed), *_of_resources(base, head, changes, [*by_schema, *by_rule])]


def _of_resources(base: StackTemplate, head: StackTemplate, changes: Sequence[Change], refused: Sequence[Finding]) -> Iterator[Finding]:
    about: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in refused:
        about[one.resource] |= one.about
    for change in [*changes, *_groups_whose_parameters_changed(base, head, {change.resource.logical_id for change in changes})]:
        yield from findings_of_change(change, base, head, about[change.resource.logical_id])


def _groups_whose_parameters_changed(base: StackTemplate, head: StackTemplate, changed: set[str]) -> Iterator[Change]:
    """A group is concerned as well where only the parameter group it uses has changed."""
    for after in head.of_type(REPLICATION_GROUP):
        before = base.resources.get(after.logical_id)
        if before is None or before.type != REPLICATION_GROUP or after.logical_id in changed:
            continue
        if group_view(before, base).parameters != group_view(after, head).parameters:
            yield Change(head.name, Fate.CHANGED, before, after)


def _new(stack: StackTemplate, changes: Sequence[Change]) -> Iterator[Finding]:
    yield Finding(Impact.HARMLESS, stack.name, stack.name, STACK, "a new stack", f"It makes {len(stack.resources)} resources.")
    nothing = replace(stack, resources={}, sections={}, document={})
    findings = [one for change in changes for one in findings_of_change(change, nothing, stack)]
    # What a new stack may do, and does, is one finding: it is read together, and acknowledged once.
    allowed = [one for one in findings if one.what in PERMISSIONS or one.impact is Impact.BEHAVIOUR]
    yield from (one for one in findings if one.impact is not Impact.HARMLESS and one not in allowed)
    if allowed:
        worst = worst_of(one.impact for one in allowed)
        what = "a new stack with permissions" if worst is Impact.SECURITY else "a new stack that does something"
        meaning = "; ".join(f"{one.resource}: {one.meaning}" for one in allowed)
        yield Finding(worst, stack.name, stack.name, STACK, what, meaning, "see that each is needed")


def _left(stack: StackTemplate | None) -> Iterator[Finding]:
    if stack is None:
        return
    holds_redis = any(resource.type in HOLDS_REDIS for resource in stack.resources.values())
    yield Finding(
        Impact.DATA_LOSS if holds_redis else Impact.PROTECTION,
        stack.name,
        stack.name,
        STACK,
        "the stack is no longer in the assembly",
        "A deploy leaves it as it is, unmanaged; a group of the same name in another stack, region or account is a new, empty one, and"
        " whoever tidies up deletes this one's data."
        if holds_redis
        else "A deploy leaves it as it is, unmanaged.",
        "keep the stack, or destroy it on purpose with `cdk destroy`",
    )
