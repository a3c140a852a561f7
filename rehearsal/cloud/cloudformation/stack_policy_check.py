"""Stack policies: which resources an update may modify, replace or delete.

Source: CloudFormation user guide, "Prevent updates to stack resources": with a policy nothing is allowed that no statement allows,
a denial wins, and a policy can be replaced but never removed.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from rehearsal.cloud.errors import NotModelled, refused

_CONDITIONS = {"StringEquals", "StringLike"}


def check_policy(body: str) -> dict[str, Any]:
    """Read a policy as SetStackPolicy does; refused where it is none."""
    try:
        policy: dict[str, Any] = json.loads(body)
    except ValueError:
        raise refused("ValidationError", "Error validating stack policy: Policy is not valid JSON") from None
    if not isinstance(policy, dict) or not isinstance(policy.get("Statement"), list):
        raise refused("ValidationError", "Error validating stack policy: Statement is missing")
    for statement in policy["Statement"]:
        if statement.get("Principal") != "*":
            raise refused("ValidationError", "Error validating stack policy: Principal must be *")
        unknown = set(statement.get("Condition", {})) - _CONDITIONS
        if unknown:
            raise NotModelled(f"conditions {', '.join(sorted(unknown))} in a stack policy")
    return policy


def why_denied(policy: dict[str, Any] | None, action: str, logical_id: str, resource_type: str) -> str | None:
    """CloudFormation's reason for refusing `Update:Modify`, `Update:Replace` or `Update:Delete`; None where it is allowed."""
    if policy is None:
        return None
    allowed = False
    resource = f"resource [LogicalResourceId/{logical_id}]"
    for number, statement in enumerate(policy["Statement"], start=1):
        if not _applies(statement, action, logical_id, resource_type):
            continue
        if statement["Effect"] == "Deny":
            return f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for {resource}"
        allowed = True
    if allowed:
        return None
    return f"Action not allowed by stack policy: no statement allows [{action}] for {resource}"


def _applies(statement: dict[str, Any], action: str, logical_id: str, resource_type: str) -> bool:
    matches = any(fnmatchcase(action, pattern) for pattern in _listed(statement["Action"]))
    resource = f"LogicalResourceId/{logical_id}"
    if "NotResource" in statement:
        matches = matches and not any(fnmatchcase(resource, pattern) for pattern in _listed(statement["NotResource"]))
    else:
        matches = matches and any(fnmatchcase(resource, pattern) for pattern in _listed(statement["Resource"]))
    for operator, keys in statement.get("Condition", {}).items():
        patterns = _listed(keys.get("ResourceType", []))
        matches = matches and any(
            resource_type == one if operator == "StringEquals" else fnmatchcase(resource_type, one) for one in patterns
        )
    return matches


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
