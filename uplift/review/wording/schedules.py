"""What a schedule will do, in words: when, in which time zone, and whether it is on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from uplift.review.templates.known_values import is_open
from uplift.review.templates.template import Resource, StackTemplate, referred_to
from uplift.review.wording.state_machines import STATE_MACHINE, functions_of
from uplift.review.wording.values import flattened

SCHEDULE = "AWS::Scheduler::Schedule"
RULE = "AWS::Events::Rule"
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)\)")
_RUN_SETTINGS = "UPLIFT_RUN_SETTINGS"


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule in words."""

    is_on: bool
    when: str
    what: str
    is_certain: bool = True

    def __str__(self) -> str:
        if not self.is_on:
            return f"{self.what} will not run by itself (switched off; it says {self.when})"
        return f"{self.what} {'will' if self.is_certain else 'may'} run {self.when}"


def plan_of(schedule: Resource, stack: StackTemplate) -> Plan:
    """What a schedule starts, and when."""
    expression = flattened(schedule.property("ScheduleExpression") or schedule.property("EventPattern") or "")
    zone = flattened(schedule.property("ScheduleExpressionTimezone") or "UTC")
    state = schedule.property("State") or "ENABLED"
    # One that only a deploy knows may be on.
    is_certain = isinstance(state, str) and not is_open(state)
    return Plan(state != "DISABLED", _when(expression, zone), _what(schedule, stack), is_certain)


def _when(expression: str, zone: str) -> str:
    """`at(...)` as a day a person can find in a calendar; `cron` and `rate` as they are written."""
    match = _AT.fullmatch(expression)
    if match is None:
        return f"{expression} {zone}"
    try:
        at = datetime.fromisoformat(match[1])
    except ValueError:
        return f"{expression} {zone}"
    return f"{at:%a %Y-%m-%d %H:%M} {zone}"


def _what(schedule: Resource, stack: StackTemplate) -> str:
    """`upgrade of legacy ID to VERSION` where the target is our machine, else the target's name."""
    for logical_id in referred_to(schedule.property("Target")):
        machine = stack.resources.get(logical_id)
        if machine is None or machine.type != STATE_MACHINE:
            continue
        for function in functions_of(machine):
            settings = run_settings(stack.resources.get(function))
            if settings:
                return f"upgrade of legacy {settings.get('legacy_id')} to {settings.get('target_version')}"
        return f"state machine {logical_id}"
    return f"the target of {schedule.logical_id}"


def run_settings(function: Resource | None) -> dict[str, object]:
    """The settings of a function of ours, from its environment; empty for any other function."""
    environment = function.property("Environment") if function is not None else None
    variables = environment.get("Variables", {}) if isinstance(environment, dict) else {}
    try:
        settings = json.loads(flattened(variables.get(_RUN_SETTINGS, "{}")))
    except (ValueError, AttributeError):
        return {}
    return settings if isinstance(settings, dict) else {}
