"""DeletionPolicy and UpdateReplacePolicy: what stays of a resource when it is deleted or replaced."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.review.finding import Finding, Impact, finding_on
from uplift.review.templates.differences import Change
from uplift.review.templates.template import HOLDS_DATA

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
        what = f"{name} {old} → {new}"
        if old.startswith("Retain") and new.startswith("Retain"):
            yield finding_on(change, Impact.HARMLESS, what, _SAME_FOR_WHAT_EXISTS)
            continue
        if new == "Delete" and change.type in HOLDS_DATA:
            yield finding_on(change, Impact.PROTECTION, what, f"When it is {event}, nothing of its data stays.", f"keep {name}: {old}")
        else:
            yield finding_on(change, Impact.BEHAVIOUR, what, "What stays of its data when it goes is another thing.")
