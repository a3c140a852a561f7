"""Settings of the scheduled in-place upgrade of legacy."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from math import ceil
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from uplift.engines.catalogue import Engine, EngineVersion, find_version
from uplift.settings.base import FrozenSettings, checked_version
from uplift.settings.groups import NodeType
from uplift.settings.lists import EachOnce
from uplift.settings.parameters import MEMORY_POLICY, Parameters, cluster_mode_problems, parameter_problems
from uplift.settings.receivers import Receivers, as_subscribed
from uplift.settings.schedule_checks import is_past_for_everybody, why_never
from uplift.settings.schedule_times import check_schedule
from uplift.settings.time_zones import check_time_zone
from uplift.settings.values import Choice, Moment, Text, TrueOrFalse, Whole

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


# Redis's own documentation, "Key eviction": these take any key; those that begin with volatile- only keys with a TTL.
_EVICTS_ANY_KEY = "allkeys-"


# It is part of every alarm's description, of 1,024 characters (CloudWatch API reference, PutMetricAlarm).
_RUNBOOKS = Text("https://…, of ASCII characters and without a slash at its end", "https://[A-Za-z0-9]([!-~]*[!-.0-~])?", longest=800)
Receiver = Annotated[str, Text("a mail address, https://…, or the ARN of an SNS topic")]


class Acknowledgement(StrEnum):
    """What somebody must have read and accepted in a pull request before an upgrade may run."""

    NO_ENGINE_ROLLBACK = "no-engine-rollback"
    OUTAGE_FOR_THE_WHOLE_UPGRADE = "outage-for-the-whole-upgrade"
    PARAMETERS_ARE_LOST = "parameters-are-lost"
    MANAGER_MUST_CHANGE_A_LINE = "manager-must-change-a-line"


class ScheduleSettings(FrozenSettings):
    """When the upgrade starts by itself. Off unless somebody turns it on."""

    enabled: TrueOrFalse = False
    expression: Annotated[str, Text("at(yyyy-mm-ddThh:mm:ss) or cron(…)", longest=256)] | None = None
    time_zone: Annotated[str, Text("the name of a time zone, such as America/New_York")] = "UTC"

    @field_validator("expression")
    @classmethod
    def _is_cron_or_at(cls, value: str | None) -> str | None:
        if value is not None:
            check_schedule(value)
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        check_time_zone(value)
        return value

    def problems(self) -> Iterator[str]:
        """What an enabled schedule needs."""
        if self.enabled and self.expression is None:
            yield "expression is missing, but enabled: allowed at(yyyy-mm-ddThh:mm:ss) or cron(…)"


class Approval(FrozenSettings):
    """Who approved which plan, as `uplift plan` prints it."""

    plan: Annotated[str, Text("the 16 hexadecimal digits that `uplift plan` prints", "[0-9a-f]{16}")]
    by: Annotated[str, Text("who approved it")]


class RecoverySettings(FrozenSettings):
    """How a group that `uplift recover` restores is encrypted, and its node type where legacy's own can no longer be created.

    A token of legacy's is kept.
    """

    node_type: NodeType | None = None
    transit_encryption: TrueOrFalse = False
    at_rest_encryption: TrueOrFalse = True


class UpgradeSettings(FrozenSettings):
    """What legacy becomes, when, and who has agreed to it."""

    engine: Annotated[Engine, Choice(tuple(Engine))] = Engine.REDIS
    target_version: Annotated[str, Text("a version, such as 5.0.6"), Field(validate_default=True)] = "5.0.6"
    attempt: Annotated[int, Whole(1, 999)] = 1
    schedule: ScheduleSettings = ScheduleSettings()
    not_after: Moment
    longest_minutes: Annotated[int, Whole(10, 1440)] = 240
    observe_every_seconds: Annotated[int, Whole(5, 300)] = 30
    longest_snapshot_age_minutes: Annotated[int, Whole(5, 1440)] = 120
    largest_replica_lag_seconds: Annotated[int, Whole(0, 3600)] = 10
    largest_memory_percent: Annotated[int, Whole(1, 100)] = 75
    largest_key_drop_percent: Annotated[int, Whole(0, 100)] = 5
    cold_after_seconds: Annotated[int, Whole(0, 86_400)] = 3_600
    settled_grace_seconds: Annotated[int, Whole(60, 3_600)] = 600
    recovery: RecoverySettings = RecoverySettings()
    keep_snapshot_days: Annotated[int, Whole(1, 3_650)] = 30
    parameters: Parameters = Field(default_factory=dict)
    acknowledged: Annotated[frozenset[Annotated[Acknowledgement, Choice(tuple(Acknowledgement))]], EachOnce()] = frozenset()
    acknowledged_by: Annotated[str, Text("who acknowledged", may_be_empty=True)] = ""
    approved: Approval | None = None
    runbooks_url: Annotated[str, _RUNBOOKS] | None = None
    notify: Annotated[tuple[Receiver, ...], EachOnce(most=50, key=as_subscribed)] = ()

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

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        yield from parameter_problems(self.target.family, self.parameters)
        yield from cluster_mode_problems(self.parameters)
        policy = self.parameters.get(MEMORY_POLICY, "")
        if policy.startswith(_EVICTS_ANY_KEY):
            yield (
                f"parameters.{MEMORY_POLICY} is {policy!r}, which evicts any key, and legacy holds Sidekiq's jobs; allowed: noeviction, or "
                "one that evicts only keys with a TTL, which jobs do not have, such as volatile-lru"
            )
        yield from self._history_problems()
        yield from self.receivers.problems()
        yield from self._schedule_problems()
        if self.acknowledged and not self.acknowledged_by:
            yield "acknowledged_by is empty: write who acknowledged"

    def _schedule_problems(self) -> Iterator[str]:
        if is_past_for_everybody(self.not_after):
            yield f"not_after is {self.not_after.isoformat()}, which is past; allowed: a time to come"
        elif self.schedule.expression is not None:
            problem = why_never(self.schedule.expression, self.schedule.time_zone, self.not_after)
            if problem:
                yield f"schedule.expression is {self.schedule.expression}, {problem}"

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
