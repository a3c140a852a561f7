"""The pipeline's rights: CloudFormation may do what our types' handlers need and no more, roles stay below the boundary and apart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.stacks.handler_actions import NOT_NEEDED, NOT_READ, handlers
from tests.stacks.template_parts import Template, actions_of, of_type, statements_of
from tests.stacks.variants import Synthesised, named
from uplift.settings.pipeline_names import ExecutionPart

_MOST_CHARACTERS = 6_144

Synthesise = Callable[[str], Synthesised]


def _execution(rights: Template) -> list[dict[str, Any]]:
    return [one for policy in of_type(rights, "AWS::IAM::ManagedPolicy", "Execution").values() for one in statements_of(policy)]


def _denials(rights: Template) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in _execution(rights) if one["Effect"] == "Deny"}


@pytest.mark.parametrize("name", named())
def test_cloudformation_may_do_what_our_types_need(synthesised: Synthesise, name: str) -> None:
    allowed = actions_of(_execution(synthesised(name).rights))
    for resource_type, verb, action in handlers(synthesised(name)):
        excused = NOT_READ if verb in {"read", "tags"} else NOT_NEEDED
        if action not in allowed:
            assert any(fnmatchcase(action, pattern) for pattern in excused), f"{resource_type} needs {action} to {verb}"


@pytest.mark.parametrize("name", named())
def test_cloudformation_may_do_no_more(synthesised: Synthesise, name: str) -> None:
    """Beside what other settings of the same environment would need, so that switching one on asks for no administrator."""
    needed = {action for other in named() for kind, _, action in handlers(synthesised(other)) if kind not in _OPTIONAL}
    needed |= {action for _, _, action in handlers(synthesised(name))}
    allowed = actions_of(_execution(synthesised(name).rights))
    assert allowed - needed == set()
    assert not any("*" in action for action in allowed)


_OPTIONAL = {"AWS::EC2::VPCEndpoint", "AWS::Route53::RecordSet"}


@pytest.mark.parametrize("name", named())
def test_a_deploy_keeps_off_legacy(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    legacy, denials = one.settings.legacy, _denials(one.rights)
    of_cache, of_rules = denials["KeepOffLegacy"], denials["KeepOffItsRules"]
    writes = {action for action in actions_of(_execution(one.rights)) if re.match(r"elasticache:(?!Describe|List)", action)}
    assert writes == set(of_cache["Action"])
    on = json.dumps(of_cache["Resource"])
    assert f"replicationgroup:{legacy.id}" in on
    assert f"cluster:{legacy.id}-*" in on
    assert (f"parametergroup:{legacy.parameter_group}" in on) is (legacy.parameter_group is not None)
    # The data function's own rule is made and taken away by the upgrade stack.
    rules = {action for action in actions_of(_execution(one.rights)) if "SecurityGroup" in action and "Describe" not in action}
    assert {*rules, "ec2:CreateTags", "ec2:DeleteTags"} - set(of_rules["Action"]) == {
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    }
    assert f"security-group/{legacy.security_group_id}" in json.dumps(of_rules["Resource"])


@pytest.mark.parametrize("name", named())
def test_a_deploy_cannot_loosen_its_own_limits(synthesised: Synthesise, name: str) -> None:
    """Whatever is allowed on a name of ours is denied on the boundary, on these very policies, and on the deploy role."""
    one = synthesised(name)
    limits, role = _denials(one.rights)["KeepTheLimits"], _denials(one.rights)["KeepTheDeployRole"]
    own = {properties["ManagedPolicyName"] for properties in of_type(one.rights, "AWS::IAM::ManagedPolicy").values()}
    assert len(own) == 1 + len(ExecutionPart)
    denied_policies = [arn.partition(":policy")[2] for arn in limits["Resource"]]
    theirs = (one.names.boundary_arn or "").partition(":policy")[2]
    others = {f"{one.settings.role_path}UpliftProduction-boundary", f"{one.settings.role_path}UpliftProduction-execution-identity"}
    for policy in (theirs, *others, *(f"{one.settings.role_path}{name}" for name in own)):
        assert any(fnmatchcase(policy, denied) for denied in denied_policies), policy
    generated = f"{one.settings.role_path}{one.names.prefix}AppCache-ApplicationPolicy0A1B2C3D-abcdefghijkl"
    assert not any(fnmatchcase(generated, denied) for denied in denied_policies)
    (deploy,) = of_type(one.rights, "AWS::IAM::Role").values()
    assert fnmatchcase(f"{deploy['Path']}{deploy['RoleName']}", role["Resource"].partition(":role")[2])
    assert deploy["Path"] == one.settings.role_path
    assert deploy.get("PermissionsBoundary") == one.settings.permissions_boundary_arn
    writes = {action for action in actions_of(_execution(one.rights)) if re.match(r"iam:(?!Get|List|CreateServiceLinkedRole)", action)}
    denied = actions_of([limits, role], "Deny")
    assert writes - denied == set()


@pytest.mark.parametrize("name", named())
def test_the_bootstrap_is_our_own(synthesised: Synthesise, name: str) -> None:
    """The default one is shared: whoever bootstraps it again changes the rights of every CDK application of the account."""
    one = synthesised(name)
    qualifier = one.names.qualifier
    assert re.fullmatch(r"up[a-z0-9]{1,8}", qualifier)
    for stack in one.stacks.values():
        assert stack["Parameters"]["BootstrapVersion"]["Default"] == f"/cdk-bootstrap/{qualifier}/version"
    text = json.dumps(one.rights)
    assert set(re.findall(r"cdk-([^-]+)-(?:deploy|file-publishing|lookup)-role", text)) == {qualifier}
    assert set(re.findall(r"cdk-([^-]+)-assets", text)) == {qualifier}
    assert set(re.findall(r"cdk-bootstrap/([^/]+)/", text)) == {qualifier}
    assert "cdk-*" not in text


@pytest.mark.parametrize("name", named())
def test_every_role_a_deploy_makes_has_the_boundary_and_a_name_of_ours(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    (bounded,) = [statement for statement in _execution(one.rights) if statement["Sid"] == "RolesWithinTheBoundary"]
    assert {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(bounded["Action"])
    boundary = bounded["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
    assert boundary == one.names.boundary_arn
    roles = [role for template in one.stacks.values() for role in of_type(template, "AWS::IAM::Role").values()]
    assert {(role["PermissionsBoundary"], role.get("Path", "/")) for role in roles} == {(boundary, one.settings.role_path)}
    own = one.settings.permissions_boundary_arn or f"{one.settings.role_path}{one.names.prefix}-boundary"
    assert boundary.endswith(own)
    for statement in _execution(one.rights):
        if statement["Effect"] == "Allow" and "iam:PassRole" in json.dumps(statement["Action"]):
            assert f"role{one.settings.role_path}{one.names.prefix}*" in json.dumps(statement["Resource"])
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"]


@pytest.mark.parametrize("name", named())
def test_a_policy_fits_into_what_iam_takes(synthesised: Synthesise, name: str) -> None:
    for policy, properties in of_type(synthesised(name).rights, "AWS::IAM::ManagedPolicy").items():
        text = json.dumps(properties["PolicyDocument"]).replace(" ", "").replace('{"Ref":"AWS::AccountId"}', "333333333333")
        assert len(text) < _MOST_CHARACTERS, (policy, len(text))


@pytest.mark.parametrize("name", named())
def test_the_boundary_lets_every_role_of_ours_do_its_work(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    (boundary,) = of_type(one.rights, "AWS::IAM::ManagedPolicy", "Boundary").values()
    at_most = actions_of(statements_of(boundary))
    assert not any(action.startswith(("iam:", "sts:", "*")) for action in at_most)
    for template in one.stacks.values():
        for policy, properties in of_type(template, "AWS::IAM::Policy").items():
            for action in actions_of(statements_of(properties)):
                assert any(fnmatchcase(action, pattern) for pattern in at_most), (policy, action)


def _trust(properties: dict[str, Any]) -> dict[str, str]:
    (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    found: dict[str, str] = statement["Condition"]["StringEquals"]
    return found


def test_a_deploy_is_made_by_its_own_github_environment_only(synthesised: Synthesise) -> None:
    """Not by people either: `pipeline.operators` operate, a pipeline deploys."""
    rights = synthesised("prod").rights
    (deploy,) = of_type(rights, "AWS::IAM::Role").values()
    assert _trust(deploy) == {
        "token.actions.githubusercontent.com:sub": "repo:OWNER/NAME:environment:prod",
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
    }
    assert rights["Outputs"]["DeployRoleArn"]["Description"] == "ROLE_ARN of the GitHub environment prod"


@pytest.mark.parametrize("name", named())
def test_the_deploy_role_lifts_the_protection_of_its_own_stacks_only(synthesised: Synthesise, name: str) -> None:
    """Not that of the administrator's stack, whose name begins like theirs."""
    statements = [
        statement
        for one in synthesised(name).rights["Resources"].values()
        if one["Type"] == "AWS::IAM::Policy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        if "cloudformation:UpdateTerminationProtection" in statement["Action"]
    ]
    (lifting,) = statements
    assert lifting["Action"] == "cloudformation:UpdateTerminationProtection"
    assert sorted(one["Fn::Join"][1][-1].partition(":stack/")[2] for one in lifting["Resource"]) == sorted(
        f"{stack}/*" for stack in synthesised(name).stacks
    )
