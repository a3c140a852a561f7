"""What is allowed in settings but worth a sentence: warnings, never refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from uplift.engines.catalogue import EngineVersion
from uplift.engines.support import support_warnings
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.windows import MINUTES_A_DAY, Window

_WORKING_DAY = Window(6 * 60, 16 * 60, MINUTES_A_DAY)


def settings_warnings(settings: EnvironmentSettings) -> list[str]:
    """Every warning on one environment, each once, in a stable order."""
    return list(dict.fromkeys(_warnings(settings)))


def _warnings(settings: EnvironmentSettings) -> Iterator[str]:
    groups = {name.field: group for name, group in settings.groups.items()}
    versions = [("upgrade.target_version", settings.upgrade.target)]
    for field, version in versions + [(f"{name}.engine_version", group.version) for name, group in groups.items()]:
        yield from support_warnings(version)
        yield from _not_rehearsed(field, version)
    for name, group in groups.items():
        if not group.parameters.get("notify-keyspace-events"):
            yield f"{name}.parameters.notify-keyspace-events is off: following this group for a rollback will not be possible"
        if group.replicas == 0:
            yield f"{name}.replicas is 0: every engine change and node failure is an outage, and an unplanned one loses data"
        yield from _backup_by_day(f"{name}.snapshot_window", group.snapshot_window, settings.upgrade.schedule.time_zone)
    yield from _who_is_told(settings)
    if settings.pipeline is not None and settings.legacy.parameter_group is None:
        yield "legacy.parameter_group is missing: a pipeline is not denied changing the parameter group that legacy uses"


def _who_is_told(settings: EnvironmentSettings) -> Iterator[str]:
    if not settings.upgrade.notify:
        yield "upgrade.notify is empty: nobody is notified when an upgrade fails, and no run begins until somebody subscribes by hand"
    elif not settings.upgrade.receivers.mail and not settings.upgrade.receivers.https:
        yield "upgrade.notify has topics only: ElastiCache's own events of the new groups go to mail and https entries, so to nobody"


def _backup_by_day(field: str, window: str, time_zone: str) -> Iterator[str]:
    """A backup forks the process of a node and fills its network: at night nobody notices. Offsets are those of January and July."""
    zone, backup = ZoneInfo(time_zone), Window.daily(window)
    for month in (1, 7):
        offset = int((datetime(2027, month, 1, tzinfo=zone).utcoffset() or timedelta()).total_seconds() // 60)
        if backup.moved(offset).overlaps(_WORKING_DAY):
            begins = backup.moved(offset).start
            yield (
                f"{field} {window} UTC begins at {begins // 60:02}:{begins % 60:02} in {time_zone}: move it to the night there, "
                f"outside 06:00 to 22:00"
            )
            return


def _not_rehearsed(field: str, version: EngineVersion) -> Iterator[str]:
    if not version.rehearsed:
        yield f"{field} {version} is not rehearsed here: no server of that version is built on this machine"
