"""The stack policy that keeps a deploy from replacing or deleting a Redis, whatever its template says.

It is the one stop that AWS itself enforces (CloudFormation user guide, "Prevent updates to stack resources"): a policy once set
stays, so the strict one is also in force between deploys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from uplift.review.finding import Impact
from uplift.review.review import Review
from uplift.review.templates.template import HOLDS_REDIS, StackTemplate

_STOPPED = ["Update:Replace", "Update:Delete"]


def needs_policy(stack: StackTemplate) -> bool:
    """Whether there is a Redis in it."""
    return any(resource.type in HOLDS_REDIS for resource in stack.resources.values())


def stack_policy(except_for: Iterable[str] = ()) -> str:
    """The policy's JSON: everything may be updated, and no Redis replaced or deleted, except for some logical ids."""
    exceptions = sorted(except_for)
    scope: dict[str, object] = {"NotResource": [f"LogicalResourceId/{one}" for one in exceptions]} if exceptions else {"Resource": "*"}
    stop = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": _STOPPED,
        **scope,
        "Condition": {"StringEquals": {"ResourceType": sorted(HOLDS_REDIS)}},
    }
    allow = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
    return json.dumps({"Statement": [allow, stop]})


def acknowledged_losses(review: Review, stack: str) -> frozenset[str]:
    """Logical ids of one stack whose replacement or deletion somebody has acknowledged as data loss."""
    return frozenset(
        one.finding.resource
        for one in review.judged
        if one.acknowledgement is not None and one.finding.impact is Impact.DATA_LOSS and one.finding.stack == stack
    )
