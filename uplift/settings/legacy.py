"""Settings of the legacy Redis: what it is, how it is reached, who else manages it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import field_validator

from uplift.engines.catalogue import CATALOGUE, Engine, EngineVersion, find_version, why_not_taken
from uplift.settings.arns import SECRET_ARN
from uplift.settings.base import FrozenSettings
from uplift.settings.lists import EachOnce
from uplift.settings.muted_alarms import name_problems
from uplift.settings.values import Choice, Text, TrueOrFalse, Whole

# EC2 writes 8 digits, or 17 since 2016 (EC2 user guide, "Longer IDs").
DIGITS = r"([0-9a-f]{8}|[0-9a-f]{17})"
_NAME = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
_NAME_IN_WORDS = "small letters and digits with single hyphens between, beginning with a letter"


def ec2_id(prefix: str) -> Text:
    """An id as EC2 writes it."""
    return Text(f"{prefix}- and 8 or 17 hexadecimal digits in small letters", f"{prefix}-{DIGITS}")


SecurityGroupId = Annotated[str, ec2_id("sg")]
SubnetId = Annotated[str, ec2_id("subnet")]
ParameterGroupName = Annotated[str, Text(f"{_NAME_IN_WORDS}, or default.FAMILY", rf"default\.[a-z0-9.]+|{_NAME}", longest=255)]
# ElastiCache API reference, CreateCacheCluster and CreateReplicationGroup.
_LONGEST_ID, _LONGEST_GROUP_ID = 50, 40
CacheId = Annotated[str, Text(_NAME_IN_WORDS, _NAME, longest=_LONGEST_ID)]
# CloudWatch API reference, PutMetricAlarm.
AlarmName = Annotated[str, Text("the name of an alarm", longest=255)]


class LegacyKind(StrEnum):
    """The two shapes a legacy Redis has in ElastiCache."""

    REPLICATION_GROUP = "replication-group"
    STANDALONE = "standalone-cluster"


class LegacySettings(FrozenSettings):
    """The existing shared Redis. It stays outside our stacks: whoever manages it now goes on doing so.

    `parameter_group` is the one it uses now; a pipeline is denied every change of it.
    """

    kind: Annotated[LegacyKind, Choice(tuple(LegacyKind))]
    id: CacheId
    engine_version: Annotated[str, Text("a version of Redis, such as 3.2.4")]
    security_group_id: SecurityGroupId
    parameter_group: ParameterGroupName | None = None
    port: Annotated[int, Whole(1, 65_535)] = 6379
    managed_by: Annotated[str, Text("who manages it, such as Terraform")]
    managed_by_line: Annotated[str, Text("the line that they must change")]
    transit_encryption: TrueOrFalse = False
    auth_secret_arn: Annotated[str, SECRET_ARN] | None = None
    alarms_to_mute: Annotated[tuple[AlarmName, ...], EachOnce(most=100)] = ()

    @property
    def is_standalone(self) -> bool:
        """Whether this is a single cache cluster without a replication group around it."""
        return self.kind is LegacyKind.STANDALONE

    @property
    def version(self) -> EngineVersion:
        """What legacy runs today as far as this file knows; the run reads the truth from ElastiCache."""
        return find_version(Engine.REDIS, self.engine_version)

    @field_validator("engine_version")
    @classmethod
    def _version_is_known(cls, value: str) -> str:
        known = [version.requested for version in CATALOGUE if version.engine is Engine.REDIS]
        if value not in known:
            why = why_not_taken(Engine.REDIS, value) or "is no version of ElastiCache"
            raise ValueError(f"{value!r} {why}, allowed: {', '.join(known)}")
        return value

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        if len(self.id) > _LONGEST_GROUP_ID and not self.is_standalone:
            yield f"id is {self.id!r} of {len(self.id)} characters, allowed: {_LONGEST_GROUP_ID} at most for a replication group"
        if self.auth_secret_arn and not self.transit_encryption:
            yield "auth_secret_arn needs transit_encryption: true (ElastiCache has AUTH only with TLS)"
        if self.transit_encryption and not _has_tls(self.version):
            yield f"transit_encryption is true, but {self.version} has no TLS; allowed: false (TLS came with 3.2.6, and again with 4.0.10)"
        own = f"default.{self.version.family}"
        if self.parameter_group is not None and self.parameter_group.startswith("default.") and self.parameter_group != own:
            yield f"parameter_group is {self.parameter_group}, which {self.version} cannot use; allowed: {own}, or a group of its own"
        yield from name_problems(self.alarms_to_mute)


def _has_tls(version: EngineVersion) -> bool:
    """ElastiCache user guide, "In-transit encryption (TLS)"."""
    return version.number == (3, 2, 6) or version.number >= (4, 0, 10)
