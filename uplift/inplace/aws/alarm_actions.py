"""Legacy's own alarms, switched off while it changes: they would only repeat what is announced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


@dataclass(frozen=True, slots=True)
class AlarmActions:
    """The actions of alarms named in the settings (`legacy.alarms_to_mute`)."""

    cloudwatch: CloudWatchClient
    alarms: tuple[str, ...] = ()

    def mute(self) -> None:
        """Keep the alarms from acting; their states go on being recorded."""
        if self.alarms:
            self.cloudwatch.disable_alarm_actions(AlarmNames=list(self.alarms))

    def unmute(self) -> None:
        """Let them act again; safe to call at any time."""
        if self.alarms:
            self.cloudwatch.enable_alarm_actions(AlarmNames=list(self.alarms))
