"""What the steps of one execution work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from uplift.inplace.aws.alarm_actions import AlarmActions
from uplift.inplace.aws.elasticache import LegacyCache
from uplift.inplace.aws.engine_change import EngineChange
from uplift.inplace.aws.executions import Executions
from uplift.inplace.aws.notifications import Notifications
from uplift.inplace.aws.report_store import ReportStore
from uplift.inplace.aws.run_lock import RunLock
from uplift.inplace.records.run_settings import RunSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class ControlAdapters:
    """What one execution works with. `now` gives seconds since 1970."""

    settings: RunSettings
    cache: LegacyCache
    engine_change: EngineChange
    lock: RunLock
    s3: S3Client
    notifications: Notifications
    alarm_actions: AlarmActions
    executions: Executions
    execution: str
    now: Callable[[], float]

    def seconds(self) -> int:
        """Now, in whole seconds since 1970."""
        return int(self.now())

    def now_utc(self) -> datetime:
        """Now, as a date."""
        return datetime.fromtimestamp(self.now(), UTC)

    def store(self, run_id: str) -> ReportStore:
        """Where one run's documents are kept."""
        return ReportStore(self.s3, self.settings.report_bucket, run_id or "no-run")
