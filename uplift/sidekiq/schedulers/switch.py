"""Whether a scheduled job is switched on, as its gem reads it at every firing."""

from __future__ import annotations

import json
from enum import Enum

from uplift.sidekiq.schedulers.scheduled_job import ScheduledJob, SchedulerGem

Switch = bytes | None
"""The raw value of a switch; None where nothing is written: then the job is as its configuration says."""


class SwitchState(Enum):
    """UNREADABLE: the gem raises when it reads it, and fires nothing."""

    ON = "on"
    OFF = "off"
    UNREADABLE = "unreadable"


def switch_state(job: ScheduledJob, switch: Switch) -> SwitchState:
    """What a raw switch says; survives any bytes."""
    if switch is None:
        return SwitchState.ON
    if job.gem is not SchedulerGem.SCHEDULER:
        # Whatever is not "enabled" is not fired (sidekiq-cron job.rb, should_enque?).
        return SwitchState.ON if switch == b"enabled" else SwitchState.OFF
    try:
        state = json.loads(switch)
    except (ValueError, RecursionError):
        return SwitchState.UNREADABLE
    if not isinstance(state, dict):
        return SwitchState.UNREADABLE
    enabled = state.get("enabled", True)
    # In Ruby nil and false are the two values that are not true.
    return SwitchState.OFF if enabled is None or enabled is False else SwitchState.ON


def is_off(job: ScheduledJob, switch: Switch) -> bool:
    """Whether it fires nothing."""
    return switch_state(job, switch) is not SwitchState.ON


def is_as(job: ScheduledJob, switch: Switch, wanted: Switch) -> bool:
    """Whether a switch is as wanted. sidekiq-cron writes "enabled" itself where nothing is written."""
    if job.gem is not SchedulerGem.SCHEDULER and wanted is None:
        return switch in {None, b"enabled"}
    return switch == wanted
