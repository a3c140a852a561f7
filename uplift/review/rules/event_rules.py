"""Rules of EventBridge: one with a pattern tells somebody of what happened, one with a schedule starts something."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.rules.judgement import follows_only, words
from uplift.review.rules.properties.told import matches_no_less
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, members
from uplift.review.templates.template import Resource, StackTemplate, Value
from uplift.review.wording.schedules import plan_of
from uplift.review.wording.values import flattened, shown

_NOT_TOLD = "Nobody is told any more of what it was for, such as failed runs."


def findings_of_event_rule(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Findings on one rule, whatever becomes of it."""
    before, after = change.before, change.after
    if after is None:
        if before is not None:
            yield _gone(change, before, base)
    elif before is None:
        plan = plan_of(after, head)
        yield finding_on(change, Impact.BEHAVIOUR if plan.is_on else Impact.HARMLESS, "a new rule of events", f"{plan}")
    else:
        yield from _switched(change, before, after, base, head)
        for name in ("EventPattern", "ScheduleExpression", "Targets", "RoleArn"):
            if change.changed(name) is not None:
                yield from _changed(change, name, before, after)


def _gone(change: Change, before: Resource, base: StackTemplate) -> Finding:
    plan = plan_of(before, base)
    if _tells(before):
        return finding_on(change, Impact.PROTECTION, "rule of events removed", _NOT_TOLD, "keep it")
    return finding_on(change, Impact.BEHAVIOUR, "rule of events removed", f"{plan.what} no longer runs {plan.when}")


def _tells(rule: Resource) -> bool:
    return rule.property("EventPattern") is not None


def _switched(change: Change, before: Resource, after: Resource, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    if change.changed("State") is None:
        return
    was, will = plan_of(before, base), plan_of(after, head)
    if was.is_on is will.is_on:
        impact = Impact.HARMLESS if will.is_certain else Impact.BEHAVIOUR
        yield finding_on(change, impact, "State written otherwise", words(change, "State"), about=["State"])
    elif will.is_on:
        yield finding_on(change, Impact.BEHAVIOUR, "rule of events on", f"{will}", "see what it starts", about=["State"])
    else:
        impact = Impact.PROTECTION if _tells(before) else Impact.BEHAVIOUR
        yield finding_on(change, impact, "rule of events off", _NOT_TOLD if _tells(before) else f"{will}", about=["State"])


def _changed(change: Change, name: str, before: Resource, after: Resource) -> Iterator[Finding]:
    if follows_only(change, name):
        yield finding_on(change, Impact.HARMLESS, f"{name} follows", words(change, name), about=[name])
    elif name == "EventPattern":
        less = not matches_no_less(before.property(name), after.property(name))
        more = not matches_no_less(after.property(name), before.property(name))
        impact = Impact.PROTECTION if less else Impact.BEHAVIOUR if more else Impact.HARMLESS
        yield finding_on(change, impact, "its pattern is another", words(change, name), "see that nothing goes unnoticed", about=[name])
    elif name == "Targets":
        yield from _targets(change, before, after)
    elif name == "RoleArn":
        yield finding_on(change, Impact.SECURITY, "another role", words(change, name), "compare what the roles may do", about=[name])
    else:
        yield finding_on(change, Impact.BEHAVIOUR, "it runs at another time", words(change, name), about=[name])


def _targets(change: Change, before: Resource, after: Resource) -> Iterator[Finding]:
    old, new = _by_arn(before), _by_arn(after)
    if gone := sorted(old.keys() - new.keys()):
        impact = Impact.PROTECTION if _tells(before) else Impact.BEHAVIOUR
        yield finding_on(change, impact, f"no longer told: {', '.join(gone)}", _NOT_TOLD, "keep it", about=["Targets"])
    if came := sorted(new.keys() - old.keys()):
        yield finding_on(change, Impact.BEHAVIOUR, f"told too: {', '.join(came)}", "", about=["Targets"])
    both = [name for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    if any(_lost_failures(old[name], new[name]) for name in both):
        yield finding_on(change, Impact.PROTECTION, "what cannot be delivered is kept nowhere", ", ".join(both), about=["Targets"])
    elif both:
        yield finding_on(change, Impact.BEHAVIOUR, "told otherwise", f"{', '.join(both)}: {shown(new[both[0]])}", about=["Targets"])
    elif not gone and not came:
        yield finding_on(change, Impact.HARMLESS, "Targets written otherwise", "", about=["Targets"])


def _by_arn(rule: Resource) -> dict[str, Value]:
    """Targets by what they are; their own ids say nothing."""
    found = {}
    for target in members(at(rule, "Targets")):
        known = isinstance(target, dict) and "Arn" in target
        found[flattened(target["Arn"] if known else target)] = {n: v for n, v in target.items() if n != "Id"} if known else target
    return found


def _lost_failures(before: Value, after: Value) -> bool:
    return isinstance(before, dict) and isinstance(after, dict) and "DeadLetterConfig" in before and "DeadLetterConfig" not in after
