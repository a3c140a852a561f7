"""What the functions know of the settings: one object, written by the stack, read from one variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from uplift.engines.catalogue import Engine, EngineVersion, find_version
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.legacy import LegacyKind
from uplift.settings.upgrade import Acknowledgement

VARIABLE = "UPLIFT_RUN_SETTINGS"


class RunSettings(BaseModel):
    """Everything one run needs, from settings and from the stack that deployed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    legacy_kind: LegacyKind
    legacy_id: str
    legacy_tls: bool
    legacy_auth_secret_arn: str | None = None  # CDK's to_json_string leaves null out
    managed_by: str
    managed_by_line: str
    engine: Engine
    target_version: str
    attempt: int
    parameter_group: str
    not_after: datetime
    longest_minutes: int
    longest_snapshot_age_minutes: int
    largest_replica_lag_seconds: int
    largest_memory_percent: int
    largest_key_drop_percent: int
    cold_after_seconds: int
    settled_grace_seconds: int
    acknowledged: tuple[Acknowledgement, ...]
    approved_plan: str = ""
    approved_by: str = ""
    alarms_to_mute: tuple[str, ...] = ()
    recovery_node_type: str = ""
    recovery_tls: bool = False
    recovery_at_rest_encryption: bool = True
    lock_table: str
    report_bucket: str
    topic_arn: str
    more_topic_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = Field(default_factory=dict)

    @classmethod
    def of(
        cls,
        environment: str,
        settings: EnvironmentSettings,
        *,
        parameter_group: str,
        lock_table: str = "",
        report_bucket: str = "",
        topic_arn: str = "",
    ) -> RunSettings:
        """Take from an environment's settings what a run needs; names of resources come from whoever made them."""
        upgrade, legacy = settings.upgrade, settings.legacy
        return cls(
            environment=environment,
            legacy_kind=legacy.kind,
            legacy_id=legacy.id,
            legacy_tls=legacy.transit_encryption,
            legacy_auth_secret_arn=legacy.auth_secret_arn,
            managed_by=legacy.managed_by,
            managed_by_line=legacy.managed_by_line,
            engine=upgrade.engine,
            target_version=upgrade.target_version,
            attempt=upgrade.attempt,
            parameter_group=parameter_group,
            not_after=upgrade.not_after,
            longest_minutes=upgrade.longest_minutes,
            longest_snapshot_age_minutes=upgrade.longest_snapshot_age_minutes,
            largest_replica_lag_seconds=upgrade.largest_replica_lag_seconds,
            largest_memory_percent=upgrade.largest_memory_percent,
            largest_key_drop_percent=upgrade.largest_key_drop_percent,
            cold_after_seconds=upgrade.cold_after_seconds,
            settled_grace_seconds=upgrade.settled_grace_seconds,
            acknowledged=tuple(sorted(upgrade.acknowledged)),
            approved_plan=upgrade.approved.plan if upgrade.approved else "",
            approved_by=upgrade.approved.by if upgrade.approved else "",
            alarms_to_mute=legacy.alarms_to_mute,
            recovery_node_type=upgrade.recovery.node_type or "",
            recovery_tls=upgrade.recovery.transit_encryption or legacy.transit_encryption,
            recovery_at_rest_encryption=upgrade.recovery.at_rest_encryption,
            lock_table=lock_table,
            report_bucket=report_bucket,
            topic_arn=topic_arn,
            more_topic_arns=upgrade.receivers.topics,
            tags=settings.tags,
        )

    @property
    def topic_arns(self) -> tuple[str, ...]:
        """Every topic that hears of a run: our own first, then those of `upgrade.notify`."""
        return (self.topic_arn, *self.more_topic_arns)

    @property
    def target(self) -> EngineVersion:
        """The version legacy is to become."""
        return find_version(self.engine, self.target_version)

    @classmethod
    def from_environment(cls) -> RunSettings:
        """Read the variable the stack sets. Raises KeyError when the function was deployed without it."""
        return cls.model_validate_json(os.environ[VARIABLE])
