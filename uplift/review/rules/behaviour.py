"""What the upgrade itself will do differently: schedules, state machines, functions and their settings."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.templates.differences import Change
from uplift.review.templates.template import StackTemplate
from uplift.review.wording.schedules import RULE, SCHEDULE, plan_of, run_settings
from uplift.review.wording.state_machines import STATE_MACHINE, differences
from uplift.review.wording.values import all_said, shown

FUNCTION = "AWS::Lambda::Function"
SETTINGS_CHANGED = "function settings changed"
SPOKEN_FOR = {
    SCHEDULE: frozenset({"ScheduleExpression", "ScheduleExpressionTimezone", "State"}),
    RULE: frozenset({"ScheduleExpression", "State", "EventPattern"}),
    STATE_MACHINE: frozenset({"DefinitionString", "Definition", "DefinitionS3Location", "DefinitionSubstitutions"}),
    FUNCTION: frozenset({"Code", "Environment"}),
}


def findings_of_behaviour(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    """Findings on the properties this file has words for."""
    match change.type:
        case "AWS::Scheduler::Schedule" | "AWS::Events::Rule":
            yield from _schedule(change, base, head)
        case "AWS::StepFunctions::StateMachine" if change.before is not None and change.after is not None:
            if any(one.name in SPOKEN_FOR[STATE_MACHINE] and not one.follows for one in change.properties):
                lines = differences(change.before, change.after)
                yield finding_on(
                    change, Impact.BEHAVIOUR, "state machine changed", "; ".join(lines) or "in form only", "rehearse it: make rehearse"
                )
        case "AWS::Lambda::Function" if change.before is not None and change.after is not None:
            yield from _function(change)
        case _:
            return


def _schedule(change: Change, base: StackTemplate, head: StackTemplate) -> Iterator[Finding]:
    before = plan_of(change.before, base) if change.before is not None else None
    after = plan_of(change.after, head) if change.after is not None else None
    if after is None or before is None:
        if after is None and before is not None and not change.renamed_to:
            yield finding_on(change, Impact.BEHAVIOUR, "schedule removed", f"{before.what} no longer runs {before.when}")
        elif after is not None:
            impact = Impact.BEHAVIOUR if after.is_on else Impact.HARMLESS
            yield finding_on(change, impact, "a new schedule", f"{after}", "see that somebody is awake then" if after.is_on else "")
        return
    if after != before:
        what = (
            "schedule on"
            if after.is_on and not before.is_on
            else "schedule off"
            if before.is_on and not after.is_on
            else "schedule changed"
        )
        yield finding_on(
            change, Impact.BEHAVIOUR, what, f"{after}; before: {before}", "see that somebody is awake then" if after.is_on else ""
        )


def _function(change: Change) -> Iterator[Finding]:
    if change.changed("Code") is not None:
        yield finding_on(change, Impact.HARMLESS, "other code", "The asset differs; its tests say whether it is right.")
    environment = [one for one in change.properties if one.name == "Environment"]
    if not environment:
        return
    old, new = run_settings(change.before), run_settings(change.after)
    changed = [
        f"{name}: {shown(old.get(name, 'not set'))} → {shown(new.get(name, 'not set'))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    if changed:
        yield finding_on(change, Impact.BEHAVIOUR, SETTINGS_CHANGED, "; ".join(changed), "rehearse it: make rehearse")
    elif any(not one.follows for one in environment):
        yield finding_on(change, Impact.BEHAVIOUR, "another environment", all_said(environment))
