"""The roles of people and jobs: who may take each, where its ARN is printed, and that none may do another's work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stacks.template_parts import Template, actions_of, of_type, statements_of
from tests.stacks.variants import Synthesised, named, synthesise
from tools.operate import COMMANDS
from uplift.inplace.records.run_record import RunKey
from uplift.settings.environment import EnvironmentSettings, GroupName
from uplift.settings.load import load_settings

Synthesise = Callable[[str], Synthesised]
_SUBJECT, _AUDIENCE = "token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:aud"
_REPOSITORY = "repo:OWNER/NAME:environment:"
_PEOPLE = (
    "arn:aws-us-gov:iam::333333333333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_UpliftOperator_*",
    "arn:aws-us-gov:iam::333333333333:user/break-glass",
    "arn:aws-us-gov:iam::444444444444:role/on-call",
)
_ROTATES = {
    "elasticache:ModifyReplicationGroup",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecretVersionStage",
}
# What each role may change, by GitHub environment; all else of it is reading.
_WORK: dict[str, set[str]] = {
    "read": set(),
    "upgrade": {"states:StartExecution", "states:StopExecution"},
    "recover": {"states:StartExecution"},
    "snapshots": {"elasticache:DeleteSnapshot"},
    "rotate-app-cache": _ROTATES,
    "rotate-sidekiq": _ROTATES,
}


def _trust(role: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    statements: list[dict[str, Any]] = role["AssumeRolePolicyDocument"]["Statement"]
    return tuple(statements)


def _operators(one: Synthesised) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """What it is for, stack, logical id and properties of each role that a job may take; its GitHub environment is ENVIRONMENT-WORK."""
    for stack, template in one.stacks.items():
        for name, role in of_type(template, "AWS::IAM::Role").items():
            if (first := _trust(role)[0])["Action"] == "sts:AssumeRoleWithWebIdentity":
                subject: str = first["Condition"]["StringEquals"][_SUBJECT]
                yield subject.rpartition(":")[2].removeprefix(f"{one.names.environment}-"), stack, name, role


def _statements(template: Template, role: str) -> list[dict[str, Any]]:
    policies = [one for one in of_type(template, "AWS::IAM::Policy").values() if {"Ref": role} in one["Roles"]]
    return [statement for policy in policies for statement in statements_of(policy)]


@pytest.mark.parametrize("name", named())
def test_each_role_is_taken_by_its_own_github_environment_and_the_people_named(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    pipeline = one.settings.pipeline
    assert pipeline is not None
    roles = list(_operators(one))
    assert sorted(work for work, *_ in roles) == sorted(_WORK)
    for work, _stack, _id, role in roles:
        github, *people = _trust(role)
        subject = f"repo:{pipeline.repository}:environment:{one.names.environment}-{work}"
        assert github["Condition"] == {"StringEquals": {_AUDIENCE: "sts.amazonaws.com", _SUBJECT: subject}}
        assert [statement["Condition"]["ArnLike"]["aws:PrincipalArn"] for statement in people] == [
            list(named_here) for named_here in pipeline.operators_by_account.values()
        ]
        assert role["MaxSessionDuration"] == 6 * 3600


@pytest.mark.parametrize("name", named())
def test_deploying_prints_the_arn_of_each_role_for_its_github_environment(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    for work, stack, logical_id, _role in _operators(one):
        assert one.stacks[stack]["Outputs"][f"{work.partition('-')[0].title()}RoleArn"] == {
            "Description": f"ROLE_ARN of the GitHub environment {one.names.environment}-{work}",
            "Value": {"Fn::GetAtt": [logical_id, "Arn"]},
        }


@pytest.mark.parametrize("name", named())
def test_no_role_may_do_another_ones_work(synthesised: Synthesise, name: str) -> None:
    one = synthesised(name)
    unmutes = {"cloudwatch:EnableAlarmActions"} if one.settings.legacy.alarms_to_mute else set()
    for work, stack, logical_id, _role in _operators(one):
        statements = _statements(one.stacks[stack], logical_id)
        actions = actions_of(statements)
        changes = {action for action in actions if not action.split(":")[1].startswith(("Describe", "Get", "List"))}
        assert changes == _WORK[work] | (unmutes if work == "upgrade" else set()), work
        assert "names/" not in json.dumps(statements)
        starts = json.dumps([statement["Resource"] for statement in statements if "states:StartExecution" in actions_of([statement])])
        assert ("InPlaceUpgradeMachine" in starts, "RecoveryRecoverMachine" in starts) == (work == "upgrade", work == "recover")


@pytest.mark.parametrize("name", GroupName)
def test_a_token_is_rotated_in_one_group_alone(synthesised: Synthesise, name: GroupName) -> None:
    ((stack, logical_id),) = [(stack, role) for github, stack, role, _ in _operators(synthesised("prod")) if github == f"rotate-{name}"]
    found = {statement["Sid"]: statement for statement in _statements(synthesised("prod").stacks[stack], logical_id)}
    assert set(found) == {"ReadFacts", "ChangeToken", "KeepToken", "DrawToken"}
    facts = [resource["Fn::Join"][1][-1] for resource in found["ReadFacts"]["Resource"]]
    assert facts == [f":parameter/uplift/prod/{name}/group-id", f":parameter/uplift/prod/{name}/secret-arn"]
    assert found["ChangeToken"]["Resource"]["Fn::Join"][1][-2:] == [":replicationgroup:", {"Ref": "RedisGroup88ACAA33"}]
    assert found["KeepToken"]["Resource"] == {"Ref": "RedisAuthToken9E34F6A5"}
    assert (found["DrawToken"]["Action"], found["DrawToken"]["Resource"]) == ("secretsmanager:GetRandomPassword", "*")


def test_snapshots_of_this_legacy_alone_are_deleted(synthesised: Synthesise) -> None:
    ((stack, logical_id),) = [(stack, role) for name, stack, role, _ in _operators(synthesised("prod")) if name == "snapshots"]
    (deleting,) = [one for one in _statements(synthesised("prod").stacks[stack], logical_id) if one["Sid"] == "DeleteSnapshots"]
    pattern = deleting["Resource"]["Fn::Join"][1][-1].removeprefix(":snapshot:")
    assert fnmatchcase(RunKey("vets-api-prod", "3.2.4", "redis-5.0.6", 1).snapshot_name, pattern)
    for other in (RunKey("vets-api-prod-two", "3.2.4", "redis-5.0.6", 1).snapshot_name, "automatic.vets-api-prod-001-2026-12-05-09-00"):
        assert not fnmatchcase(other, pattern), other


# Whose work a command of `make operate` is; all others only read.
_WORK_OF = {
    "stop": "upgrade",
    "recover": "recover",
    "delete-snapshots": "snapshots",
    "rotate-token": "rotate-{GROUP}",
    "finish-rotation": "rotate-{GROUP}",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_form_takes_the_role_that_may_do_its_command_and_no_more(synthesised: Synthesise, command: str) -> None:
    job = yaml.safe_load(Path(".github/workflows/operate.yml").read_text())["jobs"]["operate"]
    chosen = re.search(r"format\(fromJSON\('(.*)'\)\[inputs\.command\], inputs\.environment, inputs\.group\)", job["environment"])
    assert chosen is not None
    by_command = json.loads(chosen[1])
    assert set(by_command) == set(COMMANDS)
    there = {name for name, *_ in _operators(synthesised("prod"))}
    for group in GroupName:
        name = by_command[command].format("prod", group).removeprefix("prod-")
        assert name in there
        assert name == _WORK_OF.get(command, "read").format(GROUP=group)


def _with_people() -> EnvironmentSettings:
    settings = load_settings("prod")
    assert settings.pipeline is not None
    return settings.model_copy(update={"pipeline": settings.pipeline.model_copy(update={"operators": _PEOPLE})})


@pytest.fixture(scope="module")
def trust_with_people(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], ...]:
    """The trust of one role."""
    stacks = synthesise("prod", _with_people(), tmp_path_factory.mktemp("people")).stacks
    (role,) = [one for one in of_type(stacks["UpliftProdSidekiq"], "AWS::IAM::Role").values() if len(_trust(one)) > 1]
    return _trust(role)


def test_people_are_trusted_by_name_beside_the_jobs(trust_with_people: tuple[dict[str, Any], ...]) -> None:
    github, ours, others = trust_with_people
    assert github["Condition"]["StringEquals"][_SUBJECT] == f"{_REPOSITORY}prod-rotate-sidekiq"
    for statement, account, people in ((ours, "333333333333", list(_PEOPLE[:2])), (others, "444444444444", [_PEOPLE[2]])):
        assert statement == {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws-us-gov:iam::{account}:root"},
            "Condition": {"ArnLike": {"aws:PrincipalArn": people}},
        }


def test_a_trust_is_no_longer_than_the_settings_say(trust_with_people: tuple[dict[str, Any], ...]) -> None:
    pipeline = _with_people().pipeline
    assert pipeline is not None
    provider = "arn:aws-us-gov:iam::333333333333:oidc-provider/token.actions.githubusercontent.com"
    statements = [trust_with_people[0] | {"Principal": {"Federated": provider}}, *trust_with_people[1:]]
    text = json.dumps({"Statement": statements, "Version": "2012-10-17"}, separators=(",", ":"))
    # Room for an environment with a longer name.
    assert pipeline.trust_characters - 60 < len(text) < pipeline.trust_characters - 20
