"""Schedules that EventBridge refuses: expressions, time zones and windows. Nothing is compared with the clock.

Sources: EventBridge Scheduler user guide, "Schedule types" and "Flexible time windows"; EventBridge user guide, "Rate expressions
reference": rules take no at(), and the unit agrees with the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.known_values import known_number, known_text
from uplift.review.templates.template import Resource, StackTemplate
from uplift.review.wording.schedules import RULE, SCHEDULE
from uplift.settings.schedule_times import check_schedule
from uplift.settings.time_zones import check_time_zone

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)", re.ASCII)
_LONGEST_WINDOW = 1440
_FORMS = {
    SCHEDULE: "at(yyyy-mm-ddThh:mm:ss), rate(5 minutes) or cron(minute hour day-of-month month day-of-week year)",
    RULE: "rate(5 minutes) or cron(minute hour day-of-month month day-of-week year)",
}


def refused_schedules(stack: StackTemplate) -> Iterator[Refusal]:
    """Schedules of EventBridge Scheduler and scheduled rules of EventBridge."""
    for resource in stack.of_type(SCHEDULE, RULE):
        yield from _expression(resource)
    for schedule in stack.of_type(SCHEDULE):
        yield from _time_zone(schedule)
        yield from _window(schedule)
        yield from _ends_before_it_starts(schedule)
    for rule in stack.of_type(RULE):
        if rule.property("ScheduleExpression") is None and rule.property("EventPattern") is None:
            yield Refusal(
                rule.logical_id, "neither ScheduleExpression nor EventPattern", "a rule has to have one of them", "set one of them"
            )


def _expression(resource: Resource) -> Iterator[Refusal]:
    expression = known_text(resource.property("ScheduleExpression"))
    problem = _problem_with(expression, resource.type) if expression is not None else ""
    if problem:
        yield Refusal(
            resource.logical_id,
            f"ScheduleExpression: {expression}",
            problem,
            f"allowed: {_FORMS[resource.type]}",
            frozenset({"ScheduleExpression"}),
        )


def _problem_with(expression: str, kind: str) -> str:
    if expression.startswith("rate("):
        return _rate_problem(expression, kind)
    if kind == RULE and expression.startswith("at("):
        return "a rule takes no single time; that is for EventBridge Scheduler"
    try:
        check_schedule(expression)
    except ValueError as problem:
        return str(problem).partition(", allowed:")[0]
    return ""


def _rate_problem(expression: str, kind: str) -> str:
    match = _RATE.fullmatch(expression)
    if match is None:
        return "a rate is a whole number and minutes, hours or days"
    number, unit = int(match[1]), match[2]
    if number < 1:
        return "a rate is at least 1"
    if kind == RULE and (number == 1) == unit.endswith("s"):
        return f"the unit has to agree with the number: {number} {unit.rstrip('s')}{'' if number == 1 else 's'}"
    return ""


def _time_zone(schedule: Resource) -> Iterator[Refusal]:
    zone = known_text(schedule.property("ScheduleExpressionTimezone"))
    if zone is None:
        return
    try:
        check_time_zone(zone)
    except ValueError:
        yield Refusal(
            schedule.logical_id,
            f"ScheduleExpressionTimezone: {zone}",
            "there is no such time zone",
            "allowed: a name of the IANA time zone database, such as America/New_York",
            frozenset({"ScheduleExpressionTimezone"}),
        )


def _window(schedule: Resource) -> Iterator[Refusal]:
    window = schedule.property("FlexibleTimeWindow")
    mode = known_text(window.get("Mode")) if isinstance(window, dict) else None
    if mode not in {"OFF", "FLEXIBLE"} or not isinstance(window, dict):
        return
    about = frozenset({"FlexibleTimeWindow"})
    minutes = window.get("MaximumWindowInMinutes")
    number = known_number(minutes)
    if mode == "FLEXIBLE" and minutes is None:
        yield Refusal(
            schedule.logical_id, "a flexible window without MaximumWindowInMinutes", "it has to say how long", "set it, 1 to 1440", about
        )
    elif mode == "OFF" and minutes is not None:
        yield Refusal(
            schedule.logical_id, "MaximumWindowInMinutes with a window that is OFF", "only a flexible one has it", "take it out", about
        )
    elif number is not None and not 1 <= number <= _LONGEST_WINDOW:
        yield Refusal(
            schedule.logical_id, f"MaximumWindowInMinutes: {minutes}", "it is out of range", f"allowed: 1 to {_LONGEST_WINDOW}", about
        )


def _ends_before_it_starts(schedule: Resource) -> Iterator[Refusal]:
    """Both dates are of ISO 8601 (Scheduler API, CreateSchedule)."""
    start, end = (_moment(known_text(schedule.property(name))) for name in ("StartDate", "EndDate"))
    if start is not None and end is not None and end <= start:
        yield Refusal(
            schedule.logical_id,
            f"EndDate {schedule.property('EndDate')} with StartDate {schedule.property('StartDate')}",
            "it ends before it starts",
            "write a later EndDate",
            frozenset({"StartDate", "EndDate"}),
        )


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
