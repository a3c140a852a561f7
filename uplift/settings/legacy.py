"""Settings of the legacy Redis: what it is, how it is reached, who else manages it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from uplift.engines.catalogue import CATALOGUE, Engine, EngineVersion, find_version
from uplift.settings.base import FrozenSettings

# EC2 writes 8 digits, or 17 since 2016 (EC2 user guide, "Longer IDs").
DIGITS = r"([0-9a-f]{8}|[0-9a-f]{17})"
SecurityGroupId = Annotated[str, StringConstraints(pattern=f"^sg-{DIGITS}$")]
SubnetId = Annotated[str, StringConstraints(pattern=f"^subnet-{DIGITS}$")]
ParameterGroupName = Annotated[str, StringConstraints(pattern=r"^(default\.[a-z0-9.]+|[a-z][a-z0-9]*(-[a-z0-9]+)*)$", max_length=255)]
CacheId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class LegacyKind(StrEnum):
    """The two shapes a legacy Redis has in ElastiCache."""

    REPLICATION_GROUP = "replication-group"
    STANDALONE = "standalone-cluster"


class LegacySettings(FrozenSettings):
    """The existing shared Redis. It stays outside our stacks: whoever manages it now goes on doing so.

    `parameter_group` is the one it uses now; a pipeline is denied every change of it.
    """

    kind: LegacyKind
    id: CacheId
    engine_version: str
    security_group_id: SecurityGroupId
    parameter_group: ParameterGroupName | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] = 6379
    managed_by: Annotated[str, Field(min_length=1)]
    managed_by_line: Annotated[str, Field(min_length=1)]
    transit_encryption: bool = False
    auth_secret_arn: str | None = None
    alarms_to_mute: Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=255)], ...], Field(max_length=100)] = ()

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
            raise ValueError(f"{value!r} is no version of ElastiCache, allowed: {', '.join(known)}")
        return value

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        if self.auth_secret_arn and not self.transit_encryption:
            yield "auth_secret_arn needs transit_encryption: true (ElastiCache has AUTH only with TLS)"
