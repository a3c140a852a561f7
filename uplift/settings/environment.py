"""All settings of one environment, and the checks that need more than one section."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from uplift.engines.changes import Change, change_between
from uplift.engines.nodes import family_of
from uplift.settings.base import FrozenSettings
from uplift.settings.groups import MEMORY_POLICY, REFUSES_WRITES, GroupSettings
from uplift.settings.legacy import LegacySettings
from uplift.settings.network import NetworkSettings
from uplift.settings.pipeline import PipelineSettings
from uplift.settings.tags import Tags, tag_problems
from uplift.settings.upgrade import UpgradeSettings

# Lambda: all environment variables of a function together (Lambda guide, "Lambda quotas").
_MOST_ENVIRONMENT_BYTES = 4_096
# What the run settings hold beside the texts counted below, with the longest names of table, bucket, topic and parameter group.
_ENVIRONMENT_BYTES_OF_THE_REST = 2_000

# By what its regions are called; every other region is in aws.
_PARTITIONS = {
    "cn": "aws-cn",
    "gov": "aws-us-gov",
    "iso": "aws-iso",
    "isob": "aws-iso-b",
    "isoe": "aws-iso-e",
    "isof": "aws-iso-f",
}


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

    @classmethod
    def of_group(cls, name: GroupName) -> StackName:
        """The stack of one group."""
        return cls.APP_CACHE if name is GroupName.APP_CACHE else cls.SIDEKIQ


class GroupName(StrEnum):
    """The two groups legacy is split into."""

    APP_CACHE = "app-cache"
    SIDEKIQ = "sidekiq"

    @property
    def field(self) -> str:
        """As its section in config/NAME.yaml is called."""
        return self.value.replace("-", "_")


class ChosenStacks(StrEnum):
    """What an environment deploys: the upgrade of legacy and the new groups know nothing of each other."""

    BOTH = "both"
    UPGRADE = "upgrade"
    GROUPS = "groups"


class EnvironmentSettings(FrozenSettings):
    """One environment, as config/NAME.yaml writes it."""

    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d$")]
    stacks: ChosenStacks = ChosenStacks.BOTH
    network: NetworkSettings
    legacy: LegacySettings
    app_cache: GroupSettings | None = None
    sidekiq: GroupSettings | None = None
    upgrade: UpgradeSettings
    pipeline: PipelineSettings | None = None
    role_path: Annotated[str, StringConstraints(pattern=r"^/(?:[!-.0-~]+/)*$")] = "/"
    permissions_boundary_arn: Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:iam::\d{12}:policy/.+$")] | None = None
    log_retention_days: Literal[30, 90, 180, 365, 731, 1827] = 365
    report_retention_days: Annotated[int, Field(ge=1)] = 400
    tags: Tags = Field(default_factory=dict)
    required_tags: tuple[str, ...] = ()

    @property
    def in_govcloud(self) -> bool:
        """Whether the region belongs to the aws-us-gov partition."""
        return self.region.startswith("us-gov-")

    @property
    def partition(self) -> str:
        """The partition of the region (AWS General Reference, "Amazon Resource Names"), which begins the ARNs of all that is in it."""
        name = self.region.split("-")
        special = name[1] if name[1].startswith(("gov", "iso")) else name[0]
        return _PARTITIONS.get(special, "aws")

    @property
    def deploys_upgrade(self) -> bool:
        """Whether the upgrade of legacy is among the chosen stacks."""
        return self.stacks is not ChosenStacks.GROUPS

    @property
    def groups(self) -> Mapping[GroupName, GroupSettings]:
        """The groups that are written down, whether they are among the chosen stacks or not."""
        written = {GroupName.APP_CACHE: self.app_cache, GroupName.SIDEKIQ: self.sidekiq}
        return {name: group for name, group in written.items() if group is not None}

    @property
    def deployed_groups(self) -> Mapping[GroupName, GroupSettings]:
        """The groups among the chosen stacks."""
        return {} if self.stacks is ChosenStacks.UPGRADE else self.groups

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        change = change_between(self.legacy.version, self.upgrade.target, standalone=self.legacy.is_standalone)
        if change.change is Change.IMPOSSIBLE:
            yield f"upgrade.target_version: {change.reason}"
        yield from self._node_problems()
        yield from self._group_problems()
        yield from self._topic_problems()
        yield from self._operator_problems()
        yield from self._environment_size_problems()
        yield from tag_problems(self.tags, self.required_tags)
        boundary = self.permissions_boundary_arn
        if boundary is not None and boundary.split(":")[1:5] != [self.partition, "iam", "", self.account]:
            yield f"permissions_boundary_arn is {boundary}, allowed: a policy of account {self.account} in partition {self.partition}"

    def _group_problems(self) -> Iterator[str]:
        if self.stacks is not ChosenStacks.UPGRADE:
            for name in GroupName:
                if name not in self.groups:
                    yield f"{name.field} is missing, but stacks is {self.stacks}; allowed without it: stacks: {ChosenStacks.UPGRADE}"
        for name, group in self.groups.items():
            if group.kms_key_arn and self.in_govcloud:
                yield f"{name.field}.kms_key_arn is set, but GovCloud encrypts ElastiCache with its own key only: leave the field out"
            if group.multi_az and len(self.network.subnet_ids) == 1:
                yield f"{name.field}.multi_az needs subnets in two zones, found one in network.subnet_ids"
            if group.parameters.get("cluster-enabled") == "yes":
                why = "Sidekiq and breakers use several keys in one command"
                yield f"{name.field}.parameters.cluster-enabled is 'yes', allowed: no ({why})"
        if self.sidekiq is not None and not self.sidekiq.refuses_when_full:
            policy = self.sidekiq.parameters.get(MEMORY_POLICY)
            yield f"sidekiq.parameters.{MEMORY_POLICY} is {policy!r}, allowed: {REFUSES_WRITES} (an evicted key is a lost job)"

    def _node_problems(self) -> Iterator[str]:
        named = {name.field: group.node_type for name, group in self.groups.items()}
        for place, node_type in {**named, "upgrade.recovery": self.upgrade.recovery.node_type}.items():
            family = family_of(node_type) if node_type else None
            if self.in_govcloud and family is not None and not family.in_govcloud:
                yield f"{place}.node_type {node_type} is not offered in {self.region}"

    def _topic_problems(self) -> Iterator[str]:
        for topic in self.upgrade.receivers.topics_elsewhere(self.account, self.region):
            yield f"upgrade.notify {topic}: allowed: a topic of account {self.account} in {self.region} (alarms reach no other)"

    def _operator_problems(self) -> Iterator[str]:
        for operator in self.pipeline.operators_elsewhere(self.partition) if self.pipeline else ():
            yield f"pipeline.operators {operator}: allowed: partition {self.partition}, which {self.region} is in"

    def _environment_size_problems(self) -> Iterator[str]:
        legacy, upgrade = self.legacy, self.upgrade
        alarms = sum(map(_bytes_in_environment, legacy.alarms_to_mute))
        topics = sum(map(_bytes_in_environment, upgrade.receivers.topics))
        approved_by = upgrade.approved.by if upgrade.approved else ""
        tags = tuple(text for pair in self.tags.items() for text in pair)
        texts = sum(
            map(_bytes_in_environment, (legacy.managed_by, legacy.managed_by_line, legacy.auth_secret_arn or "", approved_by, *tags))
        )
        size = alarms + topics + texts + _ENVIRONMENT_BYTES_OF_THE_REST
        if size > _MOST_ENVIRONMENT_BYTES:
            yield (
                f"legacy.alarms_to_mute: {len(legacy.alarms_to_mute)} names of {alarms:,} bytes, other texts of {topics + texts:,} and "
                f"{_ENVIRONMENT_BYTES_OF_THE_REST:,} for the rest make {size:,} bytes, a Lambda function's environment holds "
                f"{_MOST_ENVIRONMENT_BYTES:,}: name fewer alarms, topics or tags, or shorten managed_by_line"
            )


def _bytes_in_environment(text: str) -> int:
    """Of a text in the run settings: JSON in a variable, and Lambda measures the JSON of all variables. And a comma."""
    return len(json.dumps(json.dumps(text))) - 2 + 1
