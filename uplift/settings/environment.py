"""All settings of one environment, and the checks that need more than one section."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from uplift.engines.changes import Change, change_between
from uplift.settings.arns import IAM_SIGNS, PATH_IN_WORDS, POLICY_ARN, Owner, why_elsewhere
from uplift.settings.base import FrozenSettings
from uplift.settings.consent import consent_problems
from uplift.settings.groups import GroupSettings
from uplift.settings.legacy import LegacySettings
from uplift.settings.lists import EachOnce
from uplift.settings.muted_alarms import muting_problems
from uplift.settings.network import NetworkSettings
from uplift.settings.node_types import node_type_problems
from uplift.settings.parameters import MEMORY_POLICY, REFUSES_WRITES
from uplift.settings.pipeline import PipelineSettings
from uplift.settings.regions import partition_of, region_that_exists
from uplift.settings.tags import TagKey, Tags, tag_problems
from uplift.settings.upgrade import UpgradeSettings
from uplift.settings.values import Choice, Text, Whole

# Lambda: all environment variables of a function together (Lambda guide, "Lambda quotas").
_MOST_ENVIRONMENT_BYTES = 4_096
# What the run settings hold beside the texts counted below, with the longest names of table, bucket, topic and parameter group.
_ENVIRONMENT_BYTES_OF_THE_REST = 2_000

# IAM API reference, CreateRole, takes 512; every ARN of a role or a policy of ours holds it, and policies have limits.
_ROLE_PATH = Text(
    f"/, or a path that begins and ends with a slash, such as /project/, of {PATH_IN_WORDS}", f"/(?:{IAM_SIGNS}+/)*", longest=100
)
# CloudWatch Logs API reference, PutRetentionPolicy: those of its values that are at least a month and at most five years.
_RETENTIONS = (30, 90, 180, 365, 731, 1827)


def _without_capitals(entry: object) -> object:
    return entry.lower() if isinstance(entry, str) else entry


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

    account: Annotated[str, Text("12 digits", "[0-9]{12}")]
    region: Annotated[str, Text("a region, such as us-gov-west-1")]
    stacks: Annotated[ChosenStacks, Choice(tuple(ChosenStacks))] = ChosenStacks.BOTH
    network: NetworkSettings
    legacy: LegacySettings
    app_cache: GroupSettings | None = None
    sidekiq: GroupSettings | None = None
    upgrade: UpgradeSettings
    pipeline: PipelineSettings | None = None
    role_path: Annotated[str, _ROLE_PATH] = "/"
    permissions_boundary_arn: Annotated[str, POLICY_ARN] | None = None
    log_retention_days: Annotated[Literal[30, 90, 180, 365, 731, 1827], Choice(_RETENTIONS)] = 365
    report_retention_days: Annotated[int, Whole(1, 36_500)] = 400
    tags: Tags = Field(default_factory=dict)
    required_tags: Annotated[tuple[TagKey, ...], EachOnce(key=_without_capitals)] = ()

    @field_validator("region")
    @classmethod
    def _region_exists(cls, value: str) -> str:
        return region_that_exists(value)

    @property
    def in_govcloud(self) -> bool:
        """Whether the region belongs to the aws-us-gov partition."""
        return self.region.startswith("us-gov-")

    @property
    def partition(self) -> str:
        """The partition of the region (AWS General Reference, "Amazon Resource Names"), which begins the ARNs of all that is in it."""
        return partition_of(self.region)

    @property
    def owner(self) -> Owner:
        """Whose ARNs are this environment's."""
        return Owner(self.partition, self.region, self.account)

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
        yield from self._arn_problems()
        yield from self.network.security_group_problems(self.legacy.security_group_id)
        yield from consent_problems(self.legacy, self.upgrade)
        yield from self._environment_size_problems()
        yield from muting_problems(self.legacy.alarms_to_mute, self.owner)
        if self.deploys_upgrade:
            yield from self.network.function_problems()
        yield from tag_problems(self.tags, self.required_tags)

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
        if self.sidekiq is not None and not self.sidekiq.refuses_when_full:
            policy = self.sidekiq.parameters.get(MEMORY_POLICY)
            found = "missing" if policy is None else repr(policy)
            yield f"sidekiq.parameters.{MEMORY_POLICY} is {found}, allowed: {REFUSES_WRITES} (an evicted key is a lost job)"

    def _node_problems(self) -> Iterator[str]:
        wanted = {name.field: (group.node_type, group.version) for name, group in self.groups.items()}
        if self.upgrade.recovery.node_type is not None:
            wanted["upgrade.recovery"] = (self.upgrade.recovery.node_type, self.upgrade.target)
        yield from node_type_problems(self.region, wanted)

    def _arn_problems(self) -> Iterator[str]:
        named = {
            "permissions_boundary_arn": (self.permissions_boundary_arn, "a policy"),
            "legacy.auth_secret_arn": (self.legacy.auth_secret_arn, "a secret"),
            "pipeline.oidc_provider_arn": (self.pipeline.oidc_provider_arn if self.pipeline else None, "the provider"),
            **{f"{name.field}.kms_key_arn": (group.kms_key_arn, "a key") for name, group in self.groups.items()},
        }
        for field, (arn, what) in named.items():
            why = why_elsewhere(arn, self.owner, what) if arn is not None else ""
            if why:
                yield f"{field} {why}"

    def _topic_problems(self) -> Iterator[str]:
        for topic in self.upgrade.receivers.topics_elsewhere(self.owner):
            yield f"upgrade.notify {topic}: allowed: a topic of account {self.account} in {self.region} (alarms reach no other)"

    def _operator_problems(self) -> Iterator[str]:
        for operator in self.pipeline.operators_elsewhere(self.partition) if self.pipeline else ():
            yield f"pipeline.operators {operator}: allowed: partition {self.partition}, which {self.region} is in"

    def _environment_size_problems(self) -> Iterator[str]:
        legacy, upgrade = self.legacy, self.upgrade
        texts: dict[str, tuple[str, ...]] = {
            "legacy.alarms_to_mute": legacy.alarms_to_mute,
            "legacy.managed_by": (legacy.managed_by,),
            "legacy.managed_by_line": (legacy.managed_by_line,),
            "legacy.auth_secret_arn": (legacy.auth_secret_arn or "",),
            "upgrade.notify": upgrade.receivers.topics,
            "upgrade.approved.by": (upgrade.approved.by if upgrade.approved else "",),
            "tags": tuple(text for pair in self.tags.items() for text in pair),
        }
        sizes = {field: sum(map(_bytes_in_environment, written)) for field, written in texts.items()}
        longest, size = max(sizes, key=sizes.__getitem__), sum(sizes.values()) + _ENVIRONMENT_BYTES_OF_THE_REST
        if size > _MOST_ENVIRONMENT_BYTES:
            yield (
                f"{longest} takes {sizes[longest]:,} bytes, other texts {sum(sizes.values()) - sizes[longest]:,} and "
                f"{_ENVIRONMENT_BYTES_OF_THE_REST:,} the rest, together {size:,}: a Lambda function's environment holds "
                f"{_MOST_ENVIRONMENT_BYTES:,}; write less there"
            )


def _bytes_in_environment(text: str) -> int:
    """Of a text in the run settings: JSON in a variable, and Lambda measures the JSON of all variables. And a comma."""
    return len(json.dumps(json.dumps(text))) - 2 + 1
