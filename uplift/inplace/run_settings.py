"""What the functions know of the settings: one object, written by the stack, read from one variable."""

from __future__ import annotations

import os
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from uplift.engines.catalogue import Engine, EngineVersion, find_version
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
    acknowledged: tuple[Acknowledgement, ...]
    lock_table: str
    report_bucket: str
    topic_arn: str

    @property
    def target(self) -> EngineVersion:
        """The version legacy is to become."""
        return find_version(self.engine, self.target_version)

    @classmethod
    def from_environment(cls) -> RunSettings:
        """Read the variable the stack sets. Raises KeyError when the function was deployed without it."""
        return cls.model_validate_json(os.environ[VARIABLE])
