"""What CloudFormation may do with roles and policies, and that no deploy loosens its own limits."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.iam.statements import allow, deny
from uplift.settings.pipeline_names import PipelineNames

_RUNS_OUR_ROLES = ("lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com")
_BOUNDED = ("AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy")
_ROLE_READS = ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies", "ListRoleTags")
_ROLE_WRITES = ("DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription")


def identity_statements(prefix: str, role_path: str, boundary: str) -> list[iam.PolicyStatement]:
    """Roles under our path and name only, and each with the boundary: a deploy cannot make itself an administrator."""
    roles = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role{role_path}{prefix}*"
    policies = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:policy{role_path}{prefix}*"
    policy = (
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "GetPolicy",
        "GetPolicyVersion",
        "ListEntitiesForPolicy",
        "ListPolicyVersions",
    )
    return [
        iam.PolicyStatement(
            sid="RolesWithinTheBoundary",
            actions=[f"iam:{action}" for action in _BOUNDED],
            resources=[roles],
            conditions={"StringEquals": {"iam:PermissionsBoundary": boundary}},
        ),
        allow("Roles", "iam", [*_ROLE_READS, *_ROLE_WRITES], [roles]),
        allow("Policies", "iam", policy, [policies]),
        iam.PolicyStatement(
            sid="PassRoles",
            actions=["iam:PassRole"],
            resources=[roles],
            conditions={"StringEquals": {"iam:PassedToService": list(_RUNS_OUR_ROLES)}},
        ),
        iam.PolicyStatement(
            sid="ElastiCacheItself",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/elasticache.amazonaws.com/*"],
        ),
    ]


def keep_own_limits(names: PipelineNames, boundary: str) -> list[iam.PolicyStatement]:
    """Denials of every change of what limits a deploy, of this environment or another: the boundary, these policies, the deploy role.

    Their names match what is allowed; what CloudFormation names itself ends in letters of its own.
    """
    own = {boundary, *map(names.policy_arn, ("Uplift*-boundary", "Uplift*-execution-*"))}
    policy = ("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion")
    return [
        deny("KeepTheLimits", "iam", policy, sorted(own)),
        deny("KeepTheDeployRole", "iam", [*_BOUNDED, *_ROLE_WRITES, "PassRole"], [names.role_arn("Uplift*-deploy")]),
    ]
