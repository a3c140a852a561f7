"""Accepting a finding of cdk-nag or of a CDK annotation, with the reason beside the resource."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
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
