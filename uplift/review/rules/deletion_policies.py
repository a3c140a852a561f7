"""DeletionPolicy and UpdateReplacePolicy: what stays of a resource when it is deleted or replaced."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.templates.differences import Change
from uplift.review.templates.template import HOLDS_DATA

LOG_GROUP = "AWS::Logs::LogGroup"
# What is told of what was, or waits to be read: kept like data, though the application does not live on it.
KEEPS_RECORDS = frozenset({LOG_GROUP, "AWS::SQS::Queue", "AWS::CloudTrail::EventDataStore", "AWS::Events::Archive"})
# User guide, "DeletionPolicy attribute".
_SAME_FOR_WHAT_EXISTS = "Both keep what exists; they differ only where the very creation of a resource is rolled back."


def policy_findings(change: Change) -> Iterator[Finding]:
    """Findings on the policies of a resource that is there on both sides."""
    before, after = change.before, change.after
    if before is None or after is None:
        return
    for name, event, old, new in (
        ("DeletionPolicy", "deleted", before.deletion_policy, after.deletion_policy),
        ("UpdateReplacePolicy", "replaced", before.replace_policy, after.replace_policy),
    ):
        if old == new:
            continue
        impact, meaning, action = _judged(change.type, name, event, old, new)
        yield finding_on(change, impact, f"{name} {old} → {new}", meaning, action, about=[name])


def _judged(kind: str, name: str, event: str, old: str, new: str) -> tuple[Impact, str, str]:
    if old.startswith("Retain") and new.startswith("Retain"):
        return Impact.HARMLESS, _SAME_FOR_WHAT_EXISTS, ""
    if new.startswith("Retain") or old == "Delete":
        return Impact.HARMLESS, f"More stays when it is {event}.", ""
    if new == "Delete" and kind in HOLDS_DATA | KEEPS_RECORDS:
        return Impact.PROTECTION, f"When it is {event}, nothing of its data stays.", f"keep {name}: {old}"
    if kind in HOLDS_DATA | KEEPS_RECORDS:
        return Impact.PROTECTION, f"When it is {event}, a snapshot stays in place of the thing itself.", f"keep {name}: {old}"
    return Impact.BEHAVIOUR, f"When it is {event}, it no longer stays.", ""
