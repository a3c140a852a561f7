"""The pipeline's rights: CloudFormation may do what our types' handlers need and no more, roles stay below the boundary and apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

import pipeline
from uplift.settings.load import load_settings

Template = dict[str, Any]
_MOST_CHARACTERS = 6_144

# What a handler names and our templates never ask for: by action, with the property that would need it.
_NOT_NEEDED = {
    "cloudwatch:*": "nothing",
    "dynamodb:*Replica*": "global tables",
    "dynamodb:*Item": "moving items of a replica, or importing them",
    "dynamodb:BatchWriteItem": "importing",
    "dynamodb:Query": "importing",
    "dynamodb:Scan": "importing",
    "dynamodb:*ImportTable": "ImportSourceSpecification",
    "dynamodb:DescribeImport": "ImportSourceSpecification",
    "dynamodb:*KinesisStreamingDestination": "KinesisStreamSpecification",
    "dynamodb:*ResourcePolicy": "ResourcePolicy",
    "dynamodb:UpdateContributorInsights": "ContributorInsightsSpecification",
    "kinesis:*": "KinesisStreamSpecification",
    "iam:*User*": "policies of users",
    "iam:*Group*": "policies of groups",
    "iam:DeleteRolePermissionsBoundary": "every role keeps its boundary",
    "kms:*Grant": "a customer key of another service",
    "kms:Decrypt": "a customer key of another service",
    "kms:Encrypt": "a customer key of another service",
    "kms:GenerateDataKey": "a customer key of another service",
    "kms:ListAliases": "an alias",
    "kms:DisableKey*": "a disabled key",
    "kms:EnableKey": "a disabled key",
    "logs:*KmsKey": "a customer key for logs",
    "logs:*DataProtectionPolicy": "DataProtectionPolicy",
    "logs:*Index*": "FieldIndexPolicies",
    "logs:PutBearerTokenAuthentication": "BearerTokenAuthenticationEnabled",
    "logs:PutLogGroupDeletionProtection": "DeletionProtectionEnabled",
    "logs:*LogStream*": "delivering logs of a group itself",
    "logs:PutLogEvents": "delivering logs of a group itself",
    "logs:DeleteResourcePolicy": "ResourcePolicyDocument",
    "firehose:*": "slow logs, which begin with 6.0",
    "s3:*": "what a bucket without that property never asks",
    "s3tables:*": "journals of a bucket",
    "s3files:*": "file systems of a function",
    "elasticfilesystem:*": "file systems of a function",
    "ec2:DescribeInstances": "a rule that names an instance",
    "elasticache:ModifyReplicationGroupShardConfiguration": "shards",
    "lambda:AssociateRuntimeAlias": "a runtime's version",
    "lambda:*CodeSigning*": "CodeSigningConfigArn",
    "lambda:*Concurrency": "ReservedConcurrentExecutions",
    "lambda:*RecursionConfig": "RecursiveLoop",
    "lambda:*ScalingConfig": "FunctionScalingConfig",
    "lambda:GetLayerVersion": "Layers",
    "lambda:PassCapacityProvider": "CapacityProviderConfig",
    "lambda:Publish*": "versions",
    "lambda:PutRuntimeManagementConfig": "RuntimeManagementConfig",
    "sns:*DataProtectionPolicy": "DataProtectionPolicy",
    "secretsmanager:*Replic*": "ReplicaRegions",
}


@pytest.fixture(scope="module")
def rights(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("pipeline")
    application = cdk.App(context=json.loads(Path("cdk.json").read_text())["context"], outdir=str(folder))
    pipeline.build(application, environment="prod", settings=load_settings("prod")).synth()
    loaded: Template = json.loads((folder / "UpliftProdPipeline.template.json").read_text())
    return loaded


def _of_type(template: Template, kind: str, contains: str = "") -> dict[str, Any]:
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind and contains in name}


def _statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties["PolicyDocument"]["Statement"]
    return found


def _actions(statements: list[dict[str, Any]], effect: str = "Allow") -> set[str]:
    of_effect = [one["Action"] for one in statements if one["Effect"] == effect]
    return {action for actions in of_effect for action in ([actions] if isinstance(actions, str) else actions)}


def _execution(rights: Template) -> list[dict[str, Any]]:
    return [one for policy in _of_type(rights, "AWS::IAM::ManagedPolicy", "Execution").values() for one in _statements(policy)]


def _handlers(templates: dict[str, Template]) -> Iterator[tuple[str, str]]:
    types = {one["Type"] for template in templates.values() for one in template["Resources"].values()} - {"AWS::CDK::Metadata"}
    for resource_type in sorted(types):
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema["handlers"]
        for verb in ("create", "read", "update", "delete"):
            for action in handlers.get(verb, {}).get("permissions", []):
                yield resource_type, action


def test_cloudformation_may_do_what_our_types_need(rights: Template, templates: dict[str, Template]) -> None:
    allowed = _actions(_execution(rights))
    for resource_type, action in _handlers(templates):
        if action not in allowed:
            assert any(fnmatchcase(action, pattern) for pattern in _NOT_NEEDED), f"{resource_type} needs {action}"


def test_cloudformation_may_do_no_more(rights: Template, templates: dict[str, Template]) -> None:
    needed = {action for _, action in _handlers(templates)}
    # S3 calls these otherwise than the registry: the tags of a bucket, and the code a function is made from.
    assert _actions(_execution(rights)) - needed - {"s3:PutBucketTagging"} == set()
    assert not any("*" in action for action in _actions(_execution(rights)))


def test_a_deploy_keeps_off_legacy(rights: Template) -> None:
    (deny,) = [one for one in _execution(rights) if one["Effect"] == "Deny"]
    assert {"elasticache:ModifyReplicationGroup", "elasticache:DeleteReplicationGroup", "elasticache:DeleteCacheCluster"} <= set(
        deny["Action"]
    )
    assert "replicationgroup:vets-api-prod" in json.dumps(deny["Resource"])


def test_every_role_a_deploy_makes_has_the_boundary_and_a_name_of_ours(rights: Template) -> None:
    (bounded,) = [one for one in _execution(rights) if one["Sid"] == "RolesWithinTheBoundary"]
    assert {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(bounded["Action"])
    boundary = bounded["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
    assert boundary == load_settings("prod").permissions_boundary_arn
    for one in _execution(rights):
        if "iam:PassRole" in json.dumps(one["Action"]):
            assert "role/project/UpliftProd*" in json.dumps(one["Resource"])
            assert one["Condition"]["StringEquals"]["iam:PassedToService"]


def test_a_policy_fits_into_what_iam_takes(rights: Template) -> None:
    for name, policy in _of_type(rights, "AWS::IAM::ManagedPolicy").items():
        text = json.dumps(policy["PolicyDocument"]).replace(" ", "").replace('{"Ref":"AWS::AccountId"}', "333333333333")
        assert len(text) < _MOST_CHARACTERS, (name, len(text))


def test_the_boundary_lets_every_role_of_ours_do_its_work(rights: Template, templates: dict[str, Template]) -> None:
    (boundary,) = _of_type(rights, "AWS::IAM::ManagedPolicy", "Boundary").values()
    at_most = _actions(_statements(boundary))
    assert not any(action.startswith(("iam:", "sts:", "*")) for action in at_most)
    for template in templates.values():
        for name, policy in _of_type(template, "AWS::IAM::Policy").items():
            for action in _actions(_statements(policy)):
                assert any(fnmatchcase(action, pattern) for pattern in at_most), (name, action)


def _trust(properties: dict[str, Any]) -> dict[str, str]:
    (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    found: dict[str, str] = statement["Condition"]["StringEquals"]
    return found


def test_each_role_is_taken_by_its_own_github_environment_only(rights: Template, templates: dict[str, Template]) -> None:
    subject = "token.actions.githubusercontent.com:sub"
    repository = "repo:department-of-veterans-affairs/vets-api-redis:environment:"
    (deploy,) = _of_type(rights, "AWS::IAM::Role").values()
    assert _trust(deploy)[subject] == f"{repository}prod"
    operators = _of_type(templates["UpliftProdUpgrade"], "AWS::IAM::Role", "Operators")
    assert {_trust(role)[subject].removeprefix(repository) for role in operators.values()} == {"prod-read", "prod-upgrade", "prod-recover"}
    assert {_trust(role)["token.actions.githubusercontent.com:aud"] for role in (deploy, *operators.values())} == {"sts.amazonaws.com"}


def test_no_role_may_do_another_ones_work(templates: dict[str, Template]) -> None:
    policies = _of_type(templates["UpliftProdUpgrade"], "AWS::IAM::Policy", "Operators")
    started = {
        name: json.dumps([one["Resource"] for one in _statements(policy) if "states:StartExecution" in json.dumps(one["Action"])])
        for name, policy in policies.items()
    }
    (reads,) = [one for name, one in started.items() if "Read" in name]
    (upgrades,) = [one for name, one in started.items() if "Upgrade" in name]
    (recovers,) = [one for name, one in started.items() if "Recover" in name]
    assert reads == "[]"
    assert "InPlaceUpgradeMachine" in upgrades
    assert "Recover" not in upgrades
    assert "RecoveryRecoverMachine" in recovers
    assert "InPlaceUpgrade" not in recovers
    for name, policy in policies.items():
        writes = {action for action in _actions(_statements(policy)) if not action.split(":")[1].startswith(("Describe", "Get", "List"))}
        assert writes <= {"states:StartExecution", "states:StopExecution"}, name
        assert "names/" not in json.dumps(policy)
