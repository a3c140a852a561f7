"""What the upgrade itself will do differently: schedules, state machines, functions and their settings."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.rules.event_rules import findings_of_event_rule
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, holds_open
from uplift.review.templates.template import StackTemplate
from uplift.review.wording import schedules, state_machines
from uplift.review.wording.machine_differences import Line, Weight, differences
from uplift.review.wording.schedules import plan_of, run_settings
from uplift.review.wording.values import all_said, shown

_DEFINITION = frozenset({"DefinitionString", "Definition", "DefinitionS3Location", "DefinitionSubstitutions"})
_WHEN = frozenset({"ScheduleExpression", "ScheduleExpressionTimezone", "State"})
# All functions of a stack have the same settings.
SETTINGS_CHANGED = "function settings changed"


def findings_of_behaviour(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Findings on the properties this file has words for."""
    match change.type:
        case schedules.SCHEDULE:
            yield from _schedule(change, base, head)
        case schedules.RULE:
            yield from findings_of_event_rule(change, base, head)
        case state_machines.STATE_MACHINE if change.before is not None and change.after is not None:
            yield from _machine(change)
        case "AWS::Lambda::Function" if change.before is not None and change.after is not None:
            yield from _function(change)
        case _:
            return


def _machine(change: Change) -> Iterator[Finding]:
    differing = [one for one in change.properties if one.name in _DEFINITION]
    about = {one.name for one in differing}
    if not differing or change.before is None or change.after is None:
        return
    if all(one.follows for one in differing):
        yield finding_on(change, Impact.HARMLESS, "the definition follows what it refers to", all_said(differing), about=about)
        return
    lines = differences(change.before, change.after)
    if not lines:
        yield finding_on(change, Impact.HARMLESS, "state machine written otherwise", "Its steps are the same.", about=about)
    for weight, impact, what, action in (
        (Weight.SAFETY, Impact.PROTECTION, "state machine: failures are met with less", "keep it"),
        (Weight.STEPS, Impact.BEHAVIOUR, "state machine changed", "rehearse it: make rehearse"),
        (Weight.WORDS, Impact.HARMLESS, "state machine: comments", ""),
    ):
        of_weight = [line for line in lines if line.weight is weight]
        if of_weight:
            yield finding_on(change, impact, what, "; ".join(map(_text, of_weight)), action, about=about)


def _text(line: Line) -> str:
    return line.text


def _schedule(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    before = plan_of(change.before, base) if change.before is not None else None
    after = plan_of(change.after, head) if change.after is not None else None
    about = {one.name for one in change.properties} & _WHEN
    awake = "see that somebody is awake then"
    if after is None:
        if before is not None:
            yield finding_on(change, Impact.BEHAVIOUR, "schedule removed", f"{before.what} no longer runs {before.when}")
        return
    if before is None:
        impact = Impact.BEHAVIOUR if after.is_on else Impact.HARMLESS
        yield finding_on(change, impact, "a new schedule", f"{after}", awake if after.is_on else "")
    elif after != before:
        what = f"schedule {_switched(was=before.is_on, will=after.is_on)}"
        yield finding_on(change, Impact.BEHAVIOUR, what, f"{after}; before: {before}", awake if after.is_on else "", about=about)
    elif about:
        impact = Impact.BEHAVIOUR if any(holds_open(at(change.after, name)) for name in about) else Impact.HARMLESS
        yield finding_on(
            change, impact, "schedule written otherwise", all_said(one for one in change.properties if one.name in about), about=about
        )
    elif change.is_replaced:
        yield finding_on(change, Impact.HARMLESS, "the same schedule, made anew", f"{after}")


def _switched(*, was: bool, will: bool) -> str:
    if was is will:
        return "changed"
    return "on" if will else "off"


def _function(change: Change) -> Iterator[Finding]:
    if change.changed("Code") is not None:
        yield finding_on(change, Impact.HARMLESS, "other code", "The asset differs; its tests say whether it is right.", about=["Code"])
    environment = [one for one in change.properties if one.name == "Environment"]
    if not environment:
        return
    old, new = run_settings(change.before), run_settings(change.after)
    changed = [
        f"{name}: {shown(old.get(name, 'not set'))} → {shown(new.get(name, 'not set'))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    # What is no setting of ours is another environment beside them.
    others = [one for one in environment if not one.follows and one.path[-1] != "UPLIFT_RUN_SETTINGS"]
    if changed:
        yield finding_on(
            change, Impact.BEHAVIOUR, SETTINGS_CHANGED, "; ".join(changed), "rehearse it: make rehearse", about=["Environment"]
        )
    if others or (not changed and any(not one.follows for one in environment)):
        yield finding_on(change, Impact.BEHAVIOUR, "another environment", all_said(others or environment), about=["Environment"])
    elif not changed:
        yield finding_on(change, Impact.HARMLESS, "its environment follows", all_said(environment), about=["Environment"])
