"""Checks the calls of the deployed roles against their policies: action, resource ARN, nothing else.

A role's inline and managed policies count, a denial wins, and a permissions boundary must allow as well (IAM user guide, "Policy
evaluation logic"). Conditions are not evaluated: an Allow counts as if it had none, and a Deny with conditions is not applied.
An action without a line here cannot be checked and is refused by name. Resources of each action: Service Authorization Reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

import moto.backends

Statement = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One API call, as far as authorisation and the log need it."""

    service: str
    action: str
    params: dict[str, str]


class Permissions:
    """Knows which access key belongs to which role, and what that role may do."""

    def __init__(self, partition: str, region: str, account: str) -> None:
        self._partition, self._region, self._account = partition, region, account
        self._roles: dict[str, str] = {}
        self._resources = _resource_table(self._arn)

    def know(self, access_key: str, role_arn: str) -> None:
        """Remember whose key this is."""
        self._roles[access_key] = role_arn

    def role_of(self, access_key: str) -> str | None:
        """The deployed role behind a key; None for the CDK's own and the operator's."""
        return self._roles.get(access_key)

    def missing(self, role_arn: str, call: Call) -> str | None:
        """What the role lacks for this call, as AWS words it; None when it may."""
        name = f"{call.service}:{call.action}"
        if name not in self._resources:
            return f"NotModelled: authorisation of {name}"
        resources: Sequence[str | None] = self._resources[name](call.params) or [None]
        role = self._iam().get_role_by_arn(role_arn)
        policies, boundary = self._policies(role), self._boundary(role)
        for resource in resources:
            reason = _why_not(policies, boundary, name, resource)
            if reason is not None:
                where = f" on resource: {resource}" if resource is not None else ""
                return f"User: {role_arn} is not authorized to perform: {name}{where} {reason}"
        return None

    def _iam(self) -> Any:
        backends: Any = moto.backends.get_backend("iam")
        return backends[self._account][self._partition]

    def _policies(self, role: Any) -> list[Statement]:
        managed = [_default_document(policy) for policy in role.managed_policies.values()]
        return [statement for document in [*role.policies.values(), *managed] for statement in _statements(document)]

    def _boundary(self, role: Any) -> list[Statement] | None:
        """What the role's boundary says; None without one, and where nobody here knows the policy."""
        policy = self._iam().managed_policies.get(role.permissions_boundary_arn)
        return _statements(_default_document(policy)) if policy is not None else None

    def _arn(self, service: str, resource: str) -> str:
        region, account = ("", "") if service == "s3" else (self._region, self._account)
        return f"arn:{self._partition}:{service}:{region}:{account}:{resource}"


def _default_document(policy: Any) -> str:
    (document,) = [version.document for version in policy.versions if version.version_id == policy.default_version_id]
    return str(document)


def _statements(document: Any) -> list[Statement]:
    loaded: dict[str, Any] = json.loads(unquote(document)) if isinstance(document, str) else document
    found = loaded["Statement"]
    return found if isinstance(found, list) else [found]


def _why_not(policies: list[Statement], boundary: list[Statement] | None, action: str, resource: str | None) -> str | None:
    """The end of AWS's sentence (IAM user guide, "Troubleshoot access denied error messages"); None where it is allowed."""
    if _denies(policies, action, resource):
        return "with an explicit deny in an identity-based policy"
    if boundary is not None and _denies(boundary, action, resource):
        return "with an explicit deny in a permissions boundary"
    if not _allows(policies, action, resource):
        return f"because no identity-based policy allows the {action} action"
    if boundary is not None and not _allows(boundary, action, resource):
        return f"because no permissions boundary allows the {action} action"
    return None


def _allows(statements: list[Statement], action: str, resource: str | None) -> bool:
    """Whether one allows it; on which resource is not looked at where the request hides it (None)."""
    return any(one["Effect"] == "Allow" and _is_about(one, "Action", action) for one in statements if _covers(one, resource, hidden=True))


def _denies(statements: list[Statement], action: str, resource: str | None) -> bool:
    """Whether one denies it; where the request hides the resource, only one that denies it on every resource."""
    denials = [one for one in statements if one["Effect"] == "Deny" and not one.get("Condition")]
    return any(_is_about(one, "Action", action) for one in denials if _covers(one, resource, hidden=one.get("Resource") in ("*", ["*"])))


def _covers(statement: Statement, resource: str | None, *, hidden: bool) -> bool:
    return hidden if resource is None else _is_about(statement, "Resource", resource)


def _is_about(statement: Statement, element: str, value: str) -> bool:
    """Whether Action or Resource names a value, or NotAction or NotResource does not. Actions are the same in either case."""
    patterns = _listed(statement[element] if element in statement else statement[f"Not{element}"])
    if element == "Action":
        value, patterns = value.lower(), [pattern.lower() for pattern in patterns]
    return any(fnmatchcase(value, pattern) for pattern in patterns) is (element in statement)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _resource_table(arn: Callable[[str, str], str]) -> dict[str, Callable[[dict[str, str]], list[str]]]:
    def cache(kind: str, parameter: str) -> Callable[[dict[str, str]], list[str]]:
        return lambda params: [arn("elasticache", f"{kind}:{params.get(parameter, '*')}")]

    def update_actions(params: dict[str, str]) -> list[str]:
        for name, value in params.items():
            if name.startswith("ReplicationGroupIds"):
                return [arn("elasticache", f"replicationgroup:{value}")]
            if name.startswith("CacheClusterIds"):
                return [arn("elasticache", f"cluster:{value}")]
        return ["*"]

    def snapshots(params: dict[str, str]) -> list[str]:
        if "CacheClusterId" in params:
            return [arn("elasticache", f"cluster:{params['CacheClusterId']}")]
        return [arn("elasticache", f"snapshot:{params.get('SnapshotName', '*')}")]

    def create_snapshot(params: dict[str, str]) -> list[str]:
        return [
            arn("elasticache", f"snapshot:{params['SnapshotName']}"),
            arn("elasticache", f"cluster:{params['CacheClusterId']}"),
        ]

    def modify(kind: str, parameter: str) -> Callable[[dict[str, str]], list[str]]:
        def named(params: dict[str, str]) -> list[str]:
            # The parameter group is asked for where the call names one.
            groups = [params["CacheParameterGroupName"]] if "CacheParameterGroupName" in params else []
            return [arn("elasticache", f"{kind}:{params[parameter]}"), *(arn("elasticache", f"parametergroup:{name}") for name in groups)]

        return named

    def create_group(params: dict[str, str]) -> list[str]:
        named = {"ReplicationGroupId": "replicationgroup", "SnapshotName": "snapshot", "CacheParameterGroupName": "parametergroup"}
        named["CacheSubnetGroupName"] = "subnetgroup"
        return [arn("elasticache", f"{kind}:{params[name]}") for name, kind in named.items() if name in params]

    def item_table(params: dict[str, str]) -> list[str]:
        return [arn("dynamodb", f"table/{params['TableName']}")]

    def s3_object(params: dict[str, str]) -> list[str]:
        return [f"arn:{arn('s3', '').split(':')[1]}:s3:::{params['Bucket']}/{params['Key']}"]

    def alarms(params: dict[str, str]) -> list[str]:
        # CloudWatch's requests come in CBOR, which is not read here: then the action alone is checked.
        return [arn("cloudwatch", f"alarm:{name}") for key, name in params.items() if key.startswith("AlarmNames")]

    return {
        "elasticache:DescribeReplicationGroups": cache("replicationgroup", "ReplicationGroupId"),
        "elasticache:DescribeCacheClusters": cache("cluster", "CacheClusterId"),
        "elasticache:DescribeCacheParameters": cache("parametergroup", "CacheParameterGroupName"),
        "elasticache:DescribeUpdateActions": update_actions,
        "elasticache:DescribeSnapshots": snapshots,
        "elasticache:DescribeEvents": lambda _params: ["*"],
        "elasticache:CreateSnapshot": create_snapshot,
        "elasticache:DeleteSnapshot": lambda params: [arn("elasticache", f"snapshot:{params['SnapshotName']}")],
        "elasticache:CreateReplicationGroup": create_group,
        "elasticache:ModifyReplicationGroup": modify("replicationgroup", "ReplicationGroupId"),
        "elasticache:ModifyCacheCluster": modify("cluster", "CacheClusterId"),
        "dynamodb:GetItem": item_table,
        "dynamodb:UpdateItem": item_table,
        "dynamodb:DeleteItem": item_table,
        "s3:PutObject": s3_object,
        "s3:GetObject": s3_object,
        "sns:Publish": lambda params: [params["TopicArn"]],
        "sns:ListSubscriptionsByTopic": lambda params: [params["TopicArn"]],
        "cloudwatch:PutMetricData": lambda _params: ["*"],
        "cloudwatch:DisableAlarmActions": alarms,
        "cloudwatch:EnableAlarmActions": alarms,
        **{f"secretsmanager:{action}": lambda params: [params["SecretId"]] for action in _ON_A_SECRET},
        "secretsmanager:GetRandomPassword": lambda _params: ["*"],
        "lambda:InvokeFunction": lambda params: [params["FunctionArn"]],
        "states:StartExecution": lambda params: [params["stateMachineArn"]],
        "states:DescribeExecution": lambda params: [params["executionArn"]],
        "states:GetExecutionHistory": lambda params: [params["executionArn"]],
        "states:ListExecutions": lambda params: [params["stateMachineArn"]],
        "states:StopExecution": lambda params: [params["executionArn"]],
        "ssm:GetParameter": lambda params: [arn("ssm", f"parameter{params['Name']}")],
        "s3:ListBucket": lambda params: [f"arn:{arn('s3', '').split(':')[1]}:s3:::{params['Bucket']}"],
        "sqs:SendMessage": lambda params: [params["QueueArn"]],
    }


# Named by ARN: a bare name, which Secrets Manager takes as well, would be refused here.
_ON_A_SECRET = (
    "DescribeSecret",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutSecretValue",
    "TagResource",
    "UpdateSecretVersionStage",
)
SERVICE_NAMES = {"monitoring": "cloudwatch"}
_S3_ACTIONS = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject", "POST": "PostObject"}
_OPERATION = re.compile(r"/operation/(\w+)")


def s3_call(method: str, path: str) -> Call:
    """An S3 request as a call."""
    bucket, _, key = path.lstrip("/").partition("/")
    action = _S3_ACTIONS.get(method, method) if key else "ListBucket" if method == "GET" else f"{method.title()}Bucket"
    return Call("s3", action, {"Bucket": bucket, "Key": unquote(key)})


def operation_in_path(path: str) -> str | None:
    """The action of a request in the RPC protocols that carry it in the path."""
    match = _OPERATION.search(path)
    return match[1] if match else None
