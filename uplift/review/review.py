"""The review: every rule over every change, what is acknowledged, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from uplift.review.acknowledgements import Acknowledgement, Judged, judge
from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.group.refusals import parameter_refusals
from uplift.review.group.rules import concerns_redis, findings_of_redis
from uplift.review.group.view import group_view, parameter_group_view
from uplift.review.rules.all_rules import findings_of_resource
from uplift.review.rules.behaviour import SETTINGS_CHANGED
from uplift.review.rules.properties.table import impact_of_property
from uplift.review.templates.differences import Change, Fate, PropertyChange, compare_stacks
from uplift.review.templates.template import HOLDS_REDIS, PARAMETER_GROUP, REPLICATION_GROUP, STACK, Assembly, StackTemplate
from uplift.review.wording.values import all_said

_OPEN = {"open to everybody", "open to the internet"}


@dataclass(frozen=True, slots=True)
class Review:
    """All findings, worst first, each with the acknowledgement that covers it; `allowed` is the level nobody need acknowledge."""

    base: str
    head: str
    allowed: Impact
    judged: tuple[Judged, ...]

    @property
    def unacknowledged(self) -> tuple[Judged, ...]:
        """Findings above the allowed level that nobody has acknowledged."""
        return tuple(one for one in self.judged if one.acknowledgement is None and one.finding.impact.is_above(self.allowed))

    @property
    def worst(self) -> Impact:
        """The worst class found; harmless where nothing was."""
        return min((one.finding.impact for one in self.judged), key=lambda impact: impact.rank, default=Impact.HARMLESS)


def review(
    base: Assembly, head: Assembly, acknowledgements: Sequence[Acknowledgement] = (), *, today: date, allowed: Impact = Impact.HARMLESS
) -> Review:
    """Compare two assemblies. `today` decides which acknowledgements have expired."""
    findings = sorted(findings_of(base, head), key=lambda one: (one.impact.rank, one.stack, one.resource, one.what))
    return Review(base.source, head.source, allowed, tuple(judge(findings, acknowledgements, today=today)))


def findings_of(base: Assembly, head: Assembly) -> Iterator[Finding]:
    """Every finding of every stack, in no order."""
    for name in base.stacks.keys() | head.stacks.keys():
        before, after = base.stacks.get(name), head.stacks.get(name)
        if before is not None and after is not None:
            yield from _of_stack(before, after)
        elif after is not None:
            yield from _new_stack(after)
        elif before is not None:
            yield from _left_stack(before)


def _of_stack(base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    if base.termination_protection and not head.termination_protection:
        yield Finding(
            Impact.PROTECTION,
            head.name,
            head.name,
            STACK,
            "termination protection off",
            "Anybody may delete the whole stack.",
            "keep it on",
        )
    elif head.termination_protection and not base.termination_protection:
        yield Finding(Impact.HARMLESS, head.name, head.name, STACK, "termination protection on", "")
    changes = compare_stacks(base, head)
    said: set[tuple[str, str]] = set()
    for change in [*changes, *_groups_whose_parameters_changed(base, head, {change.logical_id for change in changes})]:
        for finding in _of_change(change, base, head):
            # All functions of a stack have the same settings: it is said, and acknowledged, once.
            if finding.what != SETTINGS_CHANGED or (finding.what, finding.meaning) not in said:
                said.add((finding.what, finding.meaning))
                yield finding


def _of_change(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    if change.fate is Fate.RETYPED:
        yield finding_on(
            change, Impact.FAILS, "given another type", "CloudFormation refuses to change a resource's type.", "use a new logical id"
        )
    if concerns_redis(change):
        yield from findings_of_redis(change, base, head)
        return
    found = [*findings_of_resource(change, base, head), *_unused_parameter_group(change, head)]
    yield from found
    yield from _unspoken(change, found)


def _unspoken(change: Change, found: Sequence[Finding]) -> Iterator[Finding]:
    """Every differing property that no finding is about."""
    spoken = {name for one in found for name in one.about}
    left: dict[Impact, list[PropertyChange]] = {}
    for one in change.properties if change.before is not None and change.after is not None else ():
        if one.name not in spoken:
            left.setdefault(impact_of_property(change, one)[0], []).append(one)
    for impact, differing in left.items():
        names = dict.fromkeys(one.name for one in differing)
        yield finding_on(change, impact, ", ".join(names), all_said(differing), about=names)


def _unused_parameter_group(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """What is wrong with a parameter group that no group here uses, such as the one for legacy."""
    if change.type != PARAMETER_GROUP or change.after is None:
        return
    if head.users_of(change.logical_id):
        return
    for one in parameter_refusals(parameter_group_view(change.after)):
        yield finding_on(change, Impact.FAILS, one.what, f"ElastiCache refuses: {one.why}.", one.action)


def _groups_whose_parameters_changed(base: StackTemplate, head: StackTemplate, changed: set[str]) -> Iterator[Change]:
    """A group is concerned as well where only the parameter group it uses has changed."""
    for after in head.of_type(REPLICATION_GROUP):
        before = base.resources.get(after.logical_id)
        if before is None or before.type != REPLICATION_GROUP or after.logical_id in changed:
            continue
        if group_view(before, base).parameters != group_view(after, head).parameters:
            yield Change(head.name, Fate.CHANGED, before, after)


def _new_stack(stack: StackTemplate) -> Iterator[Finding]:
    empty = StackTemplate(stack.name, {}, stack.termination_protection, stack.region)
    yield Finding(Impact.HARMLESS, stack.name, stack.name, STACK, "a new stack", f"It makes {len(stack.resources)} resources.")
    findings = [one for change in compare_stacks(empty, stack) for one in _of_change(change, empty, stack)]
    yield from (one for one in findings if one.impact not in {Impact.SECURITY, Impact.HARMLESS} or one.what in _OPEN)
    # A new stack's permissions are one finding: they are read together, and acknowledged once.
    allowed = [one for one in findings if one.impact is Impact.SECURITY and one.what not in _OPEN]
    if allowed:
        meaning = "; ".join(f"{one.resource}: {one.meaning}" for one in allowed)
        yield Finding(Impact.SECURITY, stack.name, stack.name, STACK, "a new stack with permissions", meaning, "see that each is needed")


def _left_stack(stack: StackTemplate) -> Iterator[Finding]:
    holds_redis = any(resource.type in HOLDS_REDIS for resource in stack.resources.values())
    yield Finding(
        Impact.DATA_LOSS if holds_redis else Impact.PROTECTION,
        stack.name,
        stack.name,
        STACK,
        "the stack is no longer in the assembly",
        "A deploy leaves it as it is, unmanaged; a group of the same name in another stack is a new, empty one, and whoever"
        " tidies up deletes this one's data."
        if holds_redis
        else "A deploy leaves it as it is, unmanaged.",
        "keep the stack, or destroy it on purpose with `cdk destroy`",
    )
