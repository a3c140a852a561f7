"""All settings of one environment, and the checks that need more than one section."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from uplift.engines.changes import Change, change_between
from uplift.engines.nodes import family_of
from uplift.settings.base import FrozenSettings
from uplift.settings.groups import GroupSettings
from uplift.settings.legacy import LegacySettings, SecurityGroupId, SubnetId
from uplift.settings.pipeline import PipelineSettings
from uplift.settings.upgrade import UpgradeSettings

_KEEPS_JOBS = "noeviction"
# Lambda: all environment variables of a function together (Lambda guide, "Lambda quotas").
_MOST_ENVIRONMENT_BYTES = 4_096
# What the run settings hold beside the texts counted below, with the longest names of table, bucket, topic and parameter group.
_ENVIRONMENT_BYTES_OF_THE_REST = 2_000


def environment_prefix(environment: str) -> str:
    """What the names of an environment's stacks begin with."""
    return f"Uplift{environment.title().replace('-', '')}"


class StackName(StrEnum):
    """The stacks of an environment, as their names end."""

    APP_CACHE = "AppCache"
    SIDEKIQ = "Sidekiq"
    UPGRADE = "Upgrade"

    def of(self, environment: str) -> str:
        """The whole name in one environment."""
        return f"{environment_prefix(environment)}{self}"


class GroupName(StrEnum):
    """The two groups legacy is split into."""

    APP_CACHE = "app-cache"
    SIDEKIQ = "sidekiq"


class NetworkSettings(FrozenSettings):
    """Where everything is. Ids only: synthesis never looks anything up."""

    vpc_id: Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=1, max_length=20)]
    client_security_group_ids: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")], SecurityGroupId]
    create_vpc_endpoints: bool = False
    endpoint_security_group_id: SecurityGroupId | None = None
    route_table_ids: tuple[Annotated[str, StringConstraints(pattern=r"^rtb-[0-9a-f]{8,17}$")], ...] = ()
    s3_prefix_list_id: Annotated[str, StringConstraints(pattern=r"^pl-[0-9a-f]{8,17}$")]

    def problems(self) -> Iterator[str]:
        """Ways in which the functions would not reach what they need."""
        if not self.client_security_group_ids:
            yield "client_security_group_ids is empty, allowed: at least one name: sg-id, such as api: sg-0123456789abcdef0"
        if self.create_vpc_endpoints and not self.route_table_ids:
            yield "route_table_ids is empty, but create_vpc_endpoints needs the route tables of the subnets for S3"
        if not self.create_vpc_endpoints and self.endpoint_security_group_id is None:
            yield (
                "endpoint_security_group_id is missing: name the security group of the VPC's endpoints, or set create_vpc_endpoints: true"
            )


class EnvironmentSettings(FrozenSettings):
    """One environment, as config/NAME.yaml writes it."""

    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d$")]
    network: NetworkSettings
    legacy: LegacySettings
    app_cache: GroupSettings
    sidekiq: GroupSettings
    upgrade: UpgradeSettings
    pipeline: PipelineSettings | None = None
    role_path: Annotated[str, StringConstraints(pattern=r"^/(?:[!-.0-~]+/)*$")] = "/"
    permissions_boundary_arn: Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:iam::\d{12}:policy/.+$")] | None = None
    log_retention_days: Literal[30, 90, 180, 365, 731, 1827] = 365
    report_retention_days: Annotated[int, Field(ge=1)] = 400

    @property
    def in_govcloud(self) -> bool:
        """Whether the region belongs to the aws-us-gov partition."""
        return self.region.startswith("us-gov-")

    def group(self, name: GroupName) -> GroupSettings:
        """The settings of one of the two new groups."""
        return self.app_cache if name is GroupName.APP_CACHE else self.sidekiq

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        change = change_between(self.legacy.version, self.upgrade.target, standalone=self.legacy.is_standalone)
        if change.change is Change.IMPOSSIBLE:
            yield f"upgrade.target_version: {change.reason}"
        yield from self._node_problems()
        for name, group in (("app_cache", self.app_cache), ("sidekiq", self.sidekiq)):
            if group.kms_key_arn and self.in_govcloud:
                yield f"{name}.kms_key_arn is set, but GovCloud encrypts ElastiCache with its own key only: leave the field out"
            if group.multi_az and len(self.network.subnet_ids) == 1:
                yield f"{name}.multi_az needs subnets in two zones, found one in network.subnet_ids"
            if "cluster-enabled" in group.parameters and group.parameters["cluster-enabled"] == "yes":
                yield f"{name}.parameters.cluster-enabled is 'yes', allowed: no (Sidekiq and breakers use several keys in one command)"
        yield from self._topic_problems()
        yield from self._environment_size_problems()
        policy = self.sidekiq.parameters.get("maxmemory-policy")
        if policy != _KEEPS_JOBS:
            yield f"sidekiq.parameters.maxmemory-policy is {policy!r}, allowed: {_KEEPS_JOBS} (an evicted key is a lost job)"

    def _node_problems(self) -> Iterator[str]:
        named = {
            "app_cache": self.app_cache.node_type,
            "sidekiq": self.sidekiq.node_type,
            "upgrade.recovery": self.upgrade.recovery.node_type,
        }
        for place, node_type in named.items():
            family = family_of(node_type) if node_type else None
            if self.in_govcloud and family is not None and not family.in_govcloud:
                yield f"{place}.node_type {node_type} is not offered in {self.region}"

    def _topic_problems(self) -> Iterator[str]:
        for topic in self.upgrade.receivers.topics_elsewhere(self.account, self.region):
            yield f"upgrade.notify {topic}: allowed: a topic of account {self.account} in {self.region} (alarms reach no other)"

    def _environment_size_problems(self) -> Iterator[str]:
        legacy, upgrade = self.legacy, self.upgrade
        alarms = sum(map(_bytes_in_environment, legacy.alarms_to_mute))
        topics = sum(map(_bytes_in_environment, upgrade.receivers.topics))
        approved_by = upgrade.approved.by if upgrade.approved else ""
        texts = sum(map(_bytes_in_environment, (legacy.managed_by, legacy.managed_by_line, legacy.auth_secret_arn or "", approved_by)))
        size = alarms + topics + texts + _ENVIRONMENT_BYTES_OF_THE_REST
        if size > _MOST_ENVIRONMENT_BYTES:
            yield (
                f"legacy.alarms_to_mute: {len(legacy.alarms_to_mute)} names of {alarms:,} bytes, other texts of {topics + texts:,} and "
                f"{_ENVIRONMENT_BYTES_OF_THE_REST:,} for the rest make {size:,} bytes, a Lambda function's environment holds "
                f"{_MOST_ENVIRONMENT_BYTES:,}: name fewer alarms or topics, or shorten managed_by_line"
            )


def _bytes_in_environment(text: str) -> int:
    """Of a text in the run settings: JSON in a variable, and Lambda measures the JSON of all variables. And a comma."""
    return len(json.dumps(json.dumps(text))) - 2 + 1
