"""The resource types our templates use, each made by calling the API of this same server.

A type that is not here is refused by name.
"""

from __future__ import annotations

import json
import random
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.cloud.errors import NotModelled

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]


class HalfMade(Exception):
    """A resource that is there and could not be finished: what CloudFormation shows as CREATE_FAILED with a physical id."""

    def __init__(self, physical_id: str, problem: ClientError) -> None:
        super().__init__(str(problem))
        self.physical_id, self.problem = physical_id, problem


@dataclass(frozen=True)
class ResourceType:
    """What can be done with one type. Without `update` a change is refused; without `delete` there is nothing to do."""

    create: Callable[[str, Properties], Made]
    update: Callable[[str, Properties, Properties], dict[str, Any]] | None = None
    delete: Callable[[str, Properties], None] | None = None


class Providers:
    """All types, over one server."""

    def __init__(
        self, endpoint_url: str, region: str, account: str, tables: Sequence[Callable[[Providers], dict[str, ResourceType]]]
    ) -> None:
        self._session = boto3.Session(aws_access_key_id="cloudformation", aws_secret_access_key="none", region_name=region)
        self._url, self.region, self.account = endpoint_url, region, account
        self.partition = "aws-us-gov" if region.startswith("us-gov-") else "aws"
        self._clients: dict[str, Any] = {}
        self._types = {kind: made for table in tables for kind, made in table(self).items()}

    def client(self, service: str) -> Any:
        """A client of this server."""
        if service not in self._clients:
            make: Any = self._session.client
            self._clients[service] = make(service, endpoint_url=self._url)
        return self._clients[service]

    def create(self, kind: str, stack: str, logical_id: str, properties: Properties) -> Made:
        """Make one resource; returns its physical id and its attributes."""
        return self._type(kind).create(_generated_name(stack, logical_id), properties)

    def update(self, kind: str, physical_id: str, before: Properties, after: Properties) -> dict[str, Any]:
        """Change one resource in place; returns the attributes that are new."""
        update = self._type(kind).update
        if {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= {"Tags"}:
            return {}  # Tags given later are read by nobody here.
        if update is None:
            raise NotModelled(f"update of {kind}")
        return update(physical_id, before, after)

    def delete(self, kind: str, physical_id: str, properties: Properties, *, with_snapshot: bool) -> None:
        """Delete one resource."""
        if with_snapshot and kind == "AWS::ElastiCache::ReplicationGroup":
            self.client("elasticache").delete_replication_group(
                ReplicationGroupId=physical_id, FinalSnapshotIdentifier=f"final-{physical_id}"[:40]
            )
            return
        delete = self._type(kind).delete
        if delete is not None:
            delete(physical_id, properties)

    def read_secret(self, secret_id: str, json_key: str) -> str:
        """The value behind a dynamic reference."""
        text: str = self.client("secretsmanager").get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")["SecretString"]
        return str(json.loads(text)[json_key]) if json_key else text

    def read_parameter(self, name: str) -> str:
        """The value of an SSM parameter, for parameters of a template with an SSM type."""
        value: str = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        return value

    def _type(self, kind: str) -> ResourceType:
        if kind not in self._types:
            raise NotModelled(f"resource type {kind}")
        return self._types[kind]

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for a status to change, as CloudFormation stabilises a resource."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true in {seconds} s")
        time.sleep(0.1)


def _generated_name(stack: str, logical_id: str) -> str:
    suffix = "".join(random.choices(string.ascii_uppercase + string.digits, k=12))
    return f"{stack[:20]}-{logical_id[:24]}-{suffix}"


def named(name: str, _properties: Properties) -> Made:
    """A policy document that nothing here reads: TLS-only rules and cross-service trust are not modelled."""
    return name, {}


def keep(_physical_id: str, _before: Properties, _after: Properties) -> dict[str, Any]:
    """An update without effect on what the rehearsal models."""
    return {}
