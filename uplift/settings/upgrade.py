"""Settings of the scheduled in-place upgrade of legacy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from uplift.engines.catalogue import Engine, EngineVersion, find_version
from uplift.engines.nodes import usable_families, why_not_creatable
from uplift.engines.parameters import parameter_family
from uplift.settings.base import FrozenSettings, checked_version
from uplift.settings.receivers import Receivers
from uplift.settings.schedule_times import check_schedule

# Step Functions: at most 25,000 events in the history of an execution (Step Functions guide, "Service quotas").
_MOST_EVENTS = 25_000
# Entering and leaving a Wait, a Task with its function scheduled, started and done, and a Choice.
_EVENTS_A_LOOK = 9
# What a run may take beside its engine change, until the state machine gives up.
MINUTES_AROUND_THE_UPGRADE = 240
# Of these before the modify; the comparison afterwards lasts about as long as what was counted before.
MINUTES_BEFORE_THE_MODIFY = 120
# The busiest wait in that time is the one for a backup: each minute a Wait, two Tasks and a Choice. And each step once.
_EVENTS_OF_THE_REST = MINUTES_AROUND_THE_UPGRADE * 14 + 200


class Acknowledgement(StrEnum):
    """What somebody must have read and accepted in a pull request before an upgrade may run."""

    NO_ENGINE_ROLLBACK = "no-engine-rollback"
    OUTAGE_FOR_THE_WHOLE_UPGRADE = "outage-for-the-whole-upgrade"
    PARAMETERS_ARE_LOST = "parameters-are-lost"
    MANAGER_MUST_CHANGE_A_LINE = "manager-must-change-a-line"


class ScheduleSettings(FrozenSettings):
    """When the upgrade starts by itself. Off unless somebody turns it on."""

    enabled: bool = False
    expression: str | None = None
    time_zone: str = "UTC"

    @field_validator("expression")
    @classmethod
    def _is_cron_or_at(cls, value: str | None) -> str | None:
        if value is not None:
            check_schedule(value)
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no time zone, allowed: an IANA name such as America/New_York") from None
        return value

    def problems(self) -> Iterator[str]:
        """What an enabled schedule needs."""
        if self.enabled and self.expression is None:
            yield "expression is missing, but enabled: allowed at(yyyy-mm-ddThh:mm:ss) or cron(…)"


class Approval(FrozenSettings):
    """Who approved which plan, as `uplift plan` prints it."""

    plan: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    by: Annotated[str, StringConstraints(min_length=1)]


class RecoverySettings(FrozenSettings):
    """How a group that `uplift recover` restores is encrypted, and its node type where legacy's own can no longer be created.

    A token of legacy's is kept.
    """

    node_type: str | None = None
    transit_encryption: bool = False
    at_rest_encryption: bool = True


class UpgradeSettings(FrozenSettings):
    """What legacy becomes, when, and who has agreed to it."""

    engine: Engine = Engine.REDIS
    target_version: str = "5.0.6"
    attempt: Annotated[int, Field(ge=1, le=999)] = 1
    schedule: ScheduleSettings = ScheduleSettings()
    not_after: datetime
    longest_minutes: Annotated[int, Field(ge=10, le=1440)] = 240
    observe_every_seconds: Annotated[int, Field(ge=5, le=300)] = 30
    longest_snapshot_age_minutes: Annotated[int, Field(ge=5, le=1440)] = 120
    largest_replica_lag_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    largest_memory_percent: Annotated[int, Field(ge=1, le=100)] = 75
    largest_key_drop_percent: Annotated[int, Field(ge=0, le=100)] = 5
    cold_after_seconds: Annotated[int, Field(ge=0, le=86_400)] = 3_600
    settled_grace_seconds: Annotated[int, Field(ge=60, le=3_600)] = 600
    recovery: RecoverySettings = RecoverySettings()
    keep_snapshot_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    parameters: Mapping[str, str] = Field(default_factory=dict)
    acknowledged: frozenset[Acknowledgement] = frozenset()
    acknowledged_by: str = ""
    approved: Approval | None = None
    runbooks_url: Annotated[str, StringConstraints(pattern=r"^https://\S+[^/]$")] | None = None
    notify: tuple[str, ...] = ()

    @property
    def target(self) -> EngineVersion:
        """The version legacy is to become, as the catalogue knows it."""
        return find_version(self.engine, self.target_version)

    @property
    def receivers(self) -> Receivers:
        """`notify` by kind."""
        return Receivers.of(self.notify)

    @field_validator("notify")
    @classmethod
    def _can_be_notified(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Receivers.of(value)
        return value

    @field_validator("target_version")
    @classmethod
    def _target_can_be_asked_for(cls, value: str, info: ValidationInfo) -> str:
        return checked_version(info.data.get("engine", Engine.REDIS), value, "asked for")

    @field_validator("not_after")
    @classmethod
    def _has_a_time_zone(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()!r} has no time zone, allowed: 2026-12-05T06:00:00Z")
        return value

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        for name, problem in parameter_family(self.target.family).problems_with(self.parameters):
            yield f"parameters.{name} {problem}"
        yield from self._history_problems()
        yield from self.receivers.problems()
        if self.recovery.node_type and (problem := why_not_creatable(self.recovery.node_type, self.target.number)):
            yield f"recovery.node_type: {problem}, allowed families for {self.target}: {', '.join(usable_families(self.target.number))}"
        if self.acknowledged and not self.acknowledged_by:
            yield "acknowledged_by is empty: write who acknowledged"
        if self.schedule.enabled and self.approved is None:
            yield "approved is missing, but schedule.enabled: allowed {plan: DIGEST, by: NAME}, the digest as `uplift plan ENV` prints it"

    def _history_problems(self) -> Iterator[str]:
        looks = ceil(self.longest_minutes * 60 / self.observe_every_seconds)
        events = looks * _EVENTS_A_LOOK + _EVENTS_OF_THE_REST
        if events > _MOST_EVENTS:
            most = (_MOST_EVENTS - _EVENTS_OF_THE_REST) // _EVENTS_A_LOOK
            yield (
                f"longest_minutes is {self.longest_minutes} at observe_every_seconds {self.observe_every_seconds}: {looks:,} looks of "
                f"{_EVENTS_A_LOOK} history events and {_EVENTS_OF_THE_REST:,} for the rest make {events:,}, Step Functions keeps "
                f"{_MOST_EVENTS:,}; allowed: at most {most * self.observe_every_seconds // 60} minutes, or a look every "
                f"{ceil(self.longest_minutes * 60 / most)} s"
            )
