"""Accepting a finding of cdk-nag or of a CDK annotation, with the reason beside the resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct


def acknowledge(construct: Construct, *, rule: str, reason: str) -> None:
    """Accept one rule on one construct and what is below it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_wildcards(role: iam.Role | iam.Policy | iam.ManagedPolicy, reasons: Mapping[str, str]) -> None:
    """Accept wildcards in a role's policy, each with its reason.

    `reasons` is keyed as cdk-nag names its findings, such as `Resource::*`. A finding holds two `::` in all, which
    Validations.acknowledge rejects, so the metadata it would write is written directly.
    """
    for finding, reason in reasons.items():
        role.node.add_metadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, {f"AwsSolutions::AwsSolutions-IAM5[{finding}]": reason})


def acknowledge_statements(holder: iam.Role | iam.ManagedPolicy, statements: Iterable[iam.PolicyStatement], reason: str) -> None:
    """Accept every wildcard of statements that are each commented where they are written."""
    findings: dict[str, str] = {}
    for statement in statements:
        document = Stack.of(holder).resolve(statement.to_statement_json())
        for kind in ("Action", "Resource"):
            values = document.get(kind, [])
            named = [_named(value) for value in (values if isinstance(values, list) else [values])]
            findings |= {f"{kind}::{name}": reason for name in named if "*" in name}
    acknowledge_wildcards(holder, findings)


def _named(value: Any) -> str:
    """A value of a template as cdk-nag writes it: references as `<Name>`."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    match function:
        case "Ref":
            return f"<{argument}>"
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case "Fn::Join":
            return str(argument[0]).join(_named(part) for part in argument[1])
        case _:
            raise ValueError(f"{function} in a policy's resource")
