"""What a deployed role may do: its policies, a denial, its boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rehearsal.cloud.platform.permissions import Call, Permissions

ACCOUNT, REGION = "123456789012", "us-west-2"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mine"
INVOKE, LISTED = Call("lambda", "InvokeFunction", {"FunctionArn": ARN}), Call("cloudwatch", "DisableAlarmActions", {})
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": "lambda:*", "Resource": ARN}


@pytest.fixture(scope="module")
def iam() -> Iterator[Any]:
    with mock_aws():
        make: Any = boto3.client
        yield make("iam", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")


def _text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class _Roles:
    """Makes roles and policies, each under a name of its own."""

    def __init__(self, iam: Any) -> None:
        self._iam, self._made = iam, 0

    def managed(self, *statements: dict[str, Any]) -> str:
        self._made += 1
        name = f"policy-{id(self)}-{self._made}"
        return str(self._iam.create_policy(PolicyName=name, PolicyDocument=_text(*statements))["Policy"]["Arn"])

    def role(self, *inline: dict[str, Any], managed: str | None = None, boundary: str | None = None) -> str:
        self._made += 1
        name = f"role-{id(self)}-{self._made}"
        bounded = {"PermissionsBoundary": boundary} if boundary else {}
        made = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=_text(), **bounded)["Role"]
        if inline:
            self._iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=_text(*inline))
        if managed:
            self._iam.attach_role_policy(RoleName=name, PolicyArn=managed)
        return str(made["Arn"])


@pytest.fixture(scope="module")
def roles(iam: Any) -> _Roles:
    return _Roles(iam)


@pytest.fixture(scope="module")
def permissions(iam: Any) -> Permissions:
    return Permissions("aws", REGION, ACCOUNT)


def test_what_a_role_may_do(roles: _Roles, permissions: Permissions) -> None:
    refusal = f"is not authorized to perform: lambda:InvokeFunction on resource: {ARN}"
    nothing = str(permissions.missing(roles.role(), INVOKE))
    assert nothing.endswith(f"{refusal} because no identity-based policy allows the lambda:InvokeFunction action")
    assert permissions.missing(roles.role(ALL), INVOKE) is None
    assert permissions.missing(roles.role(managed=roles.managed(ALL)), INVOKE) is None
    another = {"Effect": "Allow", "NotAction": "lambda:*", "Resource": "*"}
    assert permissions.missing(roles.role(another), INVOKE) is not None
    assert permissions.missing(roles.role(another), LISTED) is None
    elsewhere = {"Effect": "Allow", "Action": "lambda:*", "NotResource": ARN}
    assert permissions.missing(roles.role(elsewhere), INVOKE) is not None


@pytest.mark.parametrize("condition", [None, {"StringEquals": {"aws:RequestedRegion": "us-west-2"}}])
def test_a_denial_wins_unless_it_has_conditions_which_are_not_evaluated(
    roles: _Roles, permissions: Permissions, condition: dict[str, Any] | None
) -> None:
    denial = DENY | ({"Condition": condition} if condition else {})
    for role in (roles.role(ALL, denial), roles.role(ALL, managed=roles.managed(denial))):
        missing = permissions.missing(role, INVOKE)
        assert (missing is None) is (condition is not None), missing
        assert condition or str(missing).endswith("with an explicit deny in an identity-based policy")


def test_where_a_request_hides_its_resource_a_denial_of_one_is_not_applied(roles: _Roles, permissions: Permissions) -> None:
    denial = {"Effect": "Deny", "Action": "cloudwatch:*", "Resource": "arn:aws:cloudwatch:us-west-2:123456789012:alarm:one"}
    assert permissions.missing(roles.role(ALL, denial), LISTED) is None
    assert permissions.missing(roles.role(ALL, denial | {"Resource": "*"}), LISTED) is not None


def test_the_boundary_must_allow_as_well(roles: _Roles, permissions: Permissions) -> None:
    reads = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    missing = permissions.missing(roles.role(ALL, boundary=roles.managed(reads)), INVOKE)
    assert str(missing).endswith("because no permissions boundary allows the lambda:InvokeFunction action")
    assert permissions.missing(roles.role(ALL, boundary=roles.managed(ALL)), INVOKE) is None
    denied = permissions.missing(roles.role(ALL, boundary=roles.managed(ALL, DENY)), INVOKE)
    assert str(denied).endswith("with an explicit deny in a permissions boundary")
    assert permissions.missing(roles.role(boundary=roles.managed(ALL)), INVOKE) is not None, "a boundary grants nothing"
    unknown = f"arn:aws:iam::{ACCOUNT}:policy/not-here"
    assert permissions.missing(roles.role(ALL, boundary=unknown), INVOKE) is None


def test_a_boundary_that_was_updated_counts_in_its_new_version(iam: Any, roles: _Roles, permissions: Permissions) -> None:
    boundary = roles.managed(ALL)
    role = roles.role(ALL, boundary=boundary)
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=_text(ALL, DENY), SetAsDefault=True)
    assert permissions.missing(role, INVOKE) is not None
