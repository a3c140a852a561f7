"""Alarms and who is notified: removed or loosened, nobody is woken."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.templates.differences import Change, Fate, PropertyChange
from uplift.review.templates.template import Resource, Value
from uplift.review.wording.values import all_said, said

ALARM_TYPES = frozenset({"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::SNS::Subscription"})
_HARMLESS = {"AlarmDescription", "Tags", "OKActions", "AlarmName"}
_LATER = {"EvaluationPeriods", "DatapointsToAlarm", "Period"}
_WAKES_WHEN_SILENT = "breaching"


def findings_of_alarm(change: Change) -> Iterator[Finding]:
    """Findings of one alarm or subscription."""
    kind = "subscription" if change.type == "AWS::SNS::Subscription" else "alarm"
    match change.fate:
        case Fate.ADDED:
            yield finding_on(change, Impact.HARMLESS, f"a new {kind}", "")
        case Fate.REMOVED if change.renamed_to:
            yield finding_on(change, Impact.HARMLESS, f"{kind} renamed to {change.renamed_to}", "")
        case Fate.REMOVED:
            yield finding_on(change, Impact.PROTECTION, f"{kind} removed", "Nobody is notified any more when this happens.", "keep it")
        case _ if change.type == "AWS::SNS::Subscription":
            yield finding_on(
                change, Impact.PROTECTION, "subscription changed", all_said(change.properties), "see that somebody confirms the new one"
            )
        case _ if change.before is not None and change.after is not None:
            yield from _changed(change, change.before, change.after)
        case _:
            raise AssertionError(change.fate)


def _changed(change: Change, before: Resource, after: Resource) -> Iterator[Finding]:
    for one in change.properties:
        loosened = _is_loosened(one, before, after)
        if one.name in _HARMLESS or loosened == "":
            yield finding_on(change, Impact.HARMLESS, f"alarm: {one.name}", said(one))
        elif loosened:
            yield finding_on(change, Impact.PROTECTION, f"alarm loosened: {said(one)}", loosened, "keep it as tight as it was")
        elif not one.follows:
            yield finding_on(
                change, Impact.PROTECTION, f"alarm watches something else: {said(one)}", "What it rang for may now go unnoticed.", ""
            )
        else:
            yield finding_on(change, Impact.HARMLESS, f"alarm: {one.name} follows", said(one))


def _is_loosened(one: PropertyChange, before: Resource, after: Resource) -> str | None:
    """Why this makes the alarm ring later or not at all; empty for a change that does not; None where that is not known."""
    match one.name:
        case "Threshold":
            return _threshold(one, before, after)
        case name if name in _LATER:
            old, new = _number(one.before), _number(one.after)
            return None if old is None or new is None else ("It rings later." if new > old else "")
        case "TreatMissingData":
            was, will = str(one.before), str(one.after)
            return (
                "It no longer rings when nothing is measured."
                if was == _WAKES_WHEN_SILENT
                else ("" if will == _WAKES_WHEN_SILENT else None)
            )
        case "AlarmActions":
            fewer = _count(one.after) < _count(one.before)
            return "Fewer are notified." if fewer else (None if not one.follows else "")
        case "ActionsEnabled":
            return "It notifies nobody." if str(one.after).lower() == "false" else ""
        case _:
            return None


def _threshold(one: PropertyChange, before: Resource, after: Resource) -> str | None:
    old, new = _number(one.before), _number(one.after)
    comparison = str(after.property("ComparisonOperator"))
    if old is None or new is None or comparison != str(before.property("ComparisonOperator")):
        return None
    later = new > old if comparison.startswith("Greater") else new < old
    return "It rings later." if later else ""


def _number(value: Value) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _count(value: Value) -> int:
    return len(value) if isinstance(value, list) else 0
