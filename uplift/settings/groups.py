"""Settings of one new replication group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from uplift.engines.catalogue import Engine, EngineVersion, find_version
from uplift.settings.arns import KEY_ARN
from uplift.settings.base import FrozenSettings, checked_version
from uplift.settings.parameters import MEMORY_POLICY, REFUSES_WRITES, Parameters, cluster_mode_problems, parameter_problems
from uplift.settings.values import Choice, Text, TrueOrFalse, Whole
from uplift.settings.windows import Window

# ElastiCache itself keeps two to four connections to a node (user guide, "Which metrics should I monitor?").
FEWEST_THAT_RING = 5
# More than any node has; CloudWatch's thresholds are floating point numbers.
_MOST_BYTES = 1_000_000_000_000
Percent = Annotated[int, Whole(1, 100)]
NodeType = Annotated[str, Text("a node type, such as cache.r5.large")]


class AlarmThresholds(FrozenSettings):
    """When a node of the group wakes somebody up.

    `memory_percent` and `evictions_in_five_minutes` follow the group's maxmemory-policy where they are left out: a group that evicts is
    full by design, so its memory rings nothing, and its evictions where they leave the band of what is usual for them
    (`evictions_band_width` standard deviations). `fewest_connections` counts the node with most of them: replicas have no clients.
    """

    cpu_percent: Percent = 90
    engine_cpu_percent: Percent = 90
    memory_percent: Percent | None = None
    freeable_memory_bytes: Annotated[int, Whole(1, _MOST_BYTES)] = 100_000_000
    swap_usage_bytes: Annotated[int, Whole(1, _MOST_BYTES)] = 50_000_000
    connections: Annotated[int, Whole(1, 65_000)] = 20_000
    fewest_connections: Annotated[int, Whole(FEWEST_THAT_RING, 65_000)] | None = None
    replication_lag_seconds: Annotated[int, Whole(1, 86_400)] = 5
    evictions_in_five_minutes: Annotated[int, Whole(0, 1_000_000_000)] | None = None
    evictions_band_width: Annotated[int, Whole(1, 10)] = 3

    def problems(self) -> Iterator[str]:
        """Limits that would always ring, or never."""
        if self.fewest_connections is not None and self.fewest_connections >= self.connections:
            yield f"fewest_connections is {self.fewest_connections}, allowed: less than connections, {self.connections}"


class GroupSettings(FrozenSettings):
    """One new replication group: app-cache or sidekiq."""

    engine: Annotated[Engine, Choice(tuple(Engine))] = Engine.REDIS
    engine_version: Annotated[str, Text("a version, such as 5.0.6"), Field(validate_default=True)] = "5.0.6"
    parameter_group_family: Annotated[str, Text("a family, such as redis5.0")] | None = None
    node_type: NodeType
    replicas: Annotated[int, Whole(0, 5)]
    multi_az: TrueOrFalse = True
    parameters: Parameters
    maintenance_window: Annotated[str, Text("ddd:hh:mm-ddd:hh:mm in UTC")]
    snapshot_window: Annotated[str, Text("hh:mm-hh:mm in UTC")]
    snapshot_retention_days: Annotated[int, Whole(1, 35)]
    kms_key_arn: Annotated[str, KEY_ARN] | None = None
    alarms: AlarmThresholds = AlarmThresholds()

    @property
    def version(self) -> EngineVersion:
        """The engine version as the catalogue knows it."""
        return find_version(self.engine, self.engine_version)

    @property
    def node_count(self) -> int:
        """The primary and its replicas."""
        return self.replicas + 1

    @property
    def refuses_when_full(self) -> bool:
        """Whether a write that finds no room is refused; else keys are thrown out for it."""
        return self.parameters.get(MEMORY_POLICY) == REFUSES_WRITES

    @field_validator("engine_version")
    @classmethod
    def _version_can_be_created(cls, value: str, info: ValidationInfo) -> str:
        return checked_version(info.data.get("engine", Engine.REDIS), value, "created")

    @field_validator("maintenance_window")
    @classmethod
    def _maintenance_window_is_weekly(cls, value: str) -> str:
        Window.weekly(value)
        return value

    @field_validator("snapshot_window")
    @classmethod
    def _snapshot_window_is_daily(cls, value: str) -> str:
        Window.daily(value)
        return value

    def problems(self) -> Iterator[str]:
        """Fields that do not go together."""
        family = self.version.family
        if self.parameter_group_family not in (None, family):
            yield f"parameter_group_family is {self.parameter_group_family!r}, but {self.version} owns {family!r}: leave the field out"
        yield from parameter_problems(family, self.parameters)
        yield from cluster_mode_problems(self.parameters)
        if self.multi_az and self.replicas == 0:
            yield "multi_az needs a node to fail over to: replicas is 0, allowed: 1 to 5 (or multi_az: false)"
        if Window.daily(self.snapshot_window).overlaps(Window.weekly(self.maintenance_window)):
            yield (
                f"snapshot_window {self.snapshot_window} overlaps maintenance_window {self.maintenance_window}: "
                "ElastiCache refuses that, move one of them"
            )
