"""Values that stand for somebody's own: they load, are tested and reviewed, and are never deployed.

An id is a placeholder where its digits begin with `0bad0bad`, an account where it is one digit twelve times. Each comes with the command
that finds the right value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from uplift.settings.environment import EnvironmentSettings
from uplift.settings.network import NetworkSettings

_DIGITS = "0bad0bad"
_ACCOUNT = re.compile(r"(\d)\1{11}")


def placeholders(settings: EnvironmentSettings) -> Iterator[str]:
    """One sentence for each field that still holds one: what it holds, and how the right value is found."""
    region, legacy = settings.region, settings.legacy
    network = settings.network if settings.deploys_upgrade else _without_functions(settings.network)
    if _ACCOUNT.fullmatch(settings.account):
        yield _said("account", settings.account, "aws sts get-caller-identity --query Account --output text")
    vpc_of = f"aws ec2 describe-security-groups --region {region} --group-ids {legacy.security_group_id}"
    fields: list[tuple[str, str | None, str]] = [
        ("legacy.security_group_id", legacy.security_group_id, _security_groups_of(settings)),
        ("network.vpc_id", network.vpc_id, f"{vpc_of} --query 'SecurityGroups[].VpcId' --output text"),
        (
            "network.s3_prefix_list_id",
            network.s3_prefix_list_id,
            f"aws ec2 describe-managed-prefix-lists --region {region} --filters Name=prefix-list-name,Values=com.amazonaws.{region}.s3"
            " --query 'PrefixLists[].PrefixListId' --output text",
        ),
        (
            "network.endpoint_security_group_id",
            network.endpoint_security_group_id,
            f"aws ec2 describe-vpc-endpoints --region {region} --filters Name=vpc-id,Values={network.vpc_id}"
            " --query 'VpcEndpoints[].[ServiceName,Groups[].GroupId]'",
        ),
    ]
    fields += [(f"network.subnet_ids[{number}]", one, _in_vpc(settings, "subnets")) for number, one in enumerate(network.subnet_ids)]
    fields += [
        (f"network.route_table_ids[{number}]", one, _in_vpc(settings, "route-tables")) for number, one in enumerate(network.route_table_ids)
    ]
    clients = network.client_security_group_ids.items()
    fields += [(f"network.client_security_group_ids.{name}", one, _in_vpc(settings, "security-groups")) for name, one in clients]
    for field, value, command in fields:
        if value is not None and value.partition("-")[2].startswith(_DIGITS):
            yield _said(field, value, command)


def _without_functions(network: NetworkSettings) -> NetworkSettings:
    """What the groups alone need."""
    return network.model_copy(update={"s3_prefix_list_id": "", "endpoint_security_group_id": None, "route_table_ids": ()})


def _said(field: str, value: str, command: str) -> str:
    return f"{field} is {value}, a placeholder; this finds yours: {command}"


def _in_vpc(settings: EnvironmentSettings, kind: str) -> str:
    return f"aws ec2 describe-{kind} --region {settings.region} --filters Name=vpc-id,Values={settings.network.vpc_id} --output table"


def _security_groups_of(settings: EnvironmentSettings) -> str:
    legacy = settings.legacy
    node = legacy.id if legacy.is_standalone else f"{legacy.id}-001"
    return (
        f"aws elasticache describe-cache-clusters --region {settings.region} --cache-cluster-id {node}"
        " --query 'CacheClusters[].SecurityGroups[].SecurityGroupId' --output text"
    )
