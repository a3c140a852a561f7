"""Checks the calls of the deployed roles against their policies: action, resource ARN, nothing else.

Conditions are not evaluated. An action without a line here cannot be checked and is refused by name.
Resources of each action: Service Authorization Reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

import moto.backends


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
        resources = self._resources[name](call.params)
        if not resources and not any(_allows(statement, name, None) for statement in self._statements(role_arn)):
            return f"User: {role_arn} is not authorized to perform: {name}"
        for resource in resources:
            if not any(_allows(statement, name, resource) for statement in self._statements(role_arn)):
                return f"User: {role_arn} is not authorized to perform: {name} on resource: {resource}"
        return None

    def _statements(self, role_arn: str) -> list[dict[str, Any]]:
        backend: Any = moto.backends.get_backend("iam")[self._account][self._partition]
        role = backend.get_role_by_arn(role_arn)
        statements: list[dict[str, Any]] = []
        for document in role.policies.values():
            found = _loaded(document)["Statement"]
            statements += found if isinstance(found, list) else [found]
        return statements

    def _arn(self, service: str, resource: str) -> str:
        region, account = ("", "") if service == "s3" else (self._region, self._account)
        return f"arn:{self._partition}:{service}:{region}:{account}:{resource}"


def _loaded(document: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(unquote(document)) if isinstance(document, str) else document
    return loaded


def _allows(statement: dict[str, Any], action: str, resource: str | None) -> bool:
    """Whether a statement allows an action; on which resource is not looked at where the request hides it (None)."""
    if statement["Effect"] != "Allow":
        return False
    actions, resources = statement["Action"], statement["Resource"]
    actions = [actions] if isinstance(actions, str) else actions
    resources = [resources] if isinstance(resources, str) else resources
    return any(fnmatchcase(action.lower(), wanted.lower()) for wanted in actions) and any(
        resource is None or fnmatchcase(resource, wanted) for wanted in resources
    )


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
        return lambda params: [
            arn("elasticache", f"{kind}:{params[parameter]}"),
            arn("elasticache", f"parametergroup:{params['CacheParameterGroupName']}"),
        ]

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
        "secretsmanager:GetSecretValue": lambda params: [params["SecretId"]],
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
