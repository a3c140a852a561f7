"""Values that stand for somebody's own: they load, are tested and reviewed, and are never deployed.

An id is a placeholder where its digits begin with `0bad0bad`, an account where it is one digit twelve times. Each comes with the command
that finds the right value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from uplift.settings.environment import EnvironmentSettings

_DIGITS = "0bad0bad"
_REPOSITORY = "OWNER/NAME"
_ACCOUNT = re.compile(r"([0-9])\1{11}")


class _Field(NamedTuple):
    """One value, and the AWS CLI's command that finds it, without region and output."""

    name: str
    value: str | None
    command: str


def placeholders(settings: EnvironmentSettings) -> Iterator[str]:
    """One sentence for each field that still holds one: what it holds, and how the right value is found."""
    if _ACCOUNT.fullmatch(settings.account):
        yield _said(_Field("account", settings.account, "sts get-caller-identity --query Account"), settings.region)
    if settings.pipeline is not None and settings.pipeline.repository == _REPOSITORY:
        yield f"pipeline.repository is {_REPOSITORY}, a placeholder; write the one whose workflows may deploy"
    for field in (*_of_redis(settings), *(_of_functions(settings) if settings.deploys_upgrade else ())):
        if field.value is not None and field.value.partition("-")[2].startswith(_DIGITS):
            yield _said(field, settings.region)


def _of_redis(settings: EnvironmentSettings) -> Iterator[_Field]:
    network, legacy = settings.network, settings.legacy
    node = legacy.id if legacy.is_standalone else f"{legacy.id}-001"
    of_node = f"elasticache describe-cache-clusters --cache-cluster-id {node} --query 'CacheClusters[].SecurityGroups[].SecurityGroupId'"
    of_group = f"ec2 describe-security-groups --group-ids {legacy.security_group_id} --query 'SecurityGroups[].VpcId'"
    yield _Field("legacy.security_group_id", legacy.security_group_id, of_node)
    yield _Field("network.vpc_id", network.vpc_id, of_group)
    for number, subnet in enumerate(network.subnet_ids):
        yield _Field(f"network.subnet_ids[{number}]", subnet, _in_vpc(settings, "subnets", "Subnets[].[SubnetId,AvailabilityZone]"))
    for name, client in network.client_security_group_ids.items():
        command = _in_vpc(settings, "security-groups", "SecurityGroups[].[GroupId,GroupName]")
        yield _Field(f"network.client_security_group_ids.{name}", client, command)


def _of_functions(settings: EnvironmentSettings) -> Iterator[_Field]:
    network, service = settings.network, f"com.amazonaws.{settings.region}.s3"
    lists = f"ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values={service} --query 'PrefixLists[].PrefixListId'"
    endpoints = _in_vpc(settings, "vpc-endpoints", "VpcEndpoints[].[ServiceName,Groups[].GroupId]")
    yield _Field("network.s3_prefix_list_id", network.s3_prefix_list_id, lists)
    yield _Field("network.endpoint_security_group_id", network.endpoint_security_group_id, endpoints)
    for number, table in enumerate(network.route_table_ids):
        command = _in_vpc(settings, "route-tables", "RouteTables[].[RouteTableId,Associations[].SubnetId]")
        yield _Field(f"network.route_table_ids[{number}]", table, command)


def _in_vpc(settings: EnvironmentSettings, kind: str, query: str) -> str:
    return f"ec2 describe-{kind} --filters Name=vpc-id,Values={settings.network.vpc_id} --query '{query}'"


def _said(field: _Field, region: str) -> str:
    return f"{field.name} is {field.value}, a placeholder; this finds yours: aws {field.command} --output text --region {region}"
