"""What is allowed in settings but worth a sentence: warnings, never refusals."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.engines.catalogue import EngineVersion
from uplift.engines.support import support_warnings
from uplift.settings.environment import EnvironmentSettings


def settings_warnings(settings: EnvironmentSettings) -> list[str]:
    """Every warning on one environment, each once, in a stable order."""
    return list(dict.fromkeys(_warnings(settings)))


def _warnings(settings: EnvironmentSettings) -> Iterator[str]:
    for field, version in (
        ("upgrade.target_version", settings.upgrade.target),
        ("app_cache.engine_version", settings.app_cache.version),
        ("sidekiq.engine_version", settings.sidekiq.version),
    ):
        yield from support_warnings(version)
        yield from _not_rehearsed(field, version)
    for name, group in (("app_cache", settings.app_cache), ("sidekiq", settings.sidekiq)):
        if not group.parameters.get("notify-keyspace-events"):
            yield f"{name}.parameters.notify-keyspace-events is off: following this group for a rollback will not be possible"
        if group.replicas == 0:
            yield f"{name}.replicas is 0: every engine change and node failure is an outage, and an unplanned one loses data"
    if not settings.upgrade.notify:
        yield "upgrade.notify is empty: nobody is notified when an upgrade fails, and no run begins until somebody subscribes by hand"
    elif not settings.upgrade.receivers.mail and not settings.upgrade.receivers.https:
        yield "upgrade.notify has topics only: ElastiCache's own events of the new groups go to mail and https entries, so to nobody"


def _not_rehearsed(field: str, version: EngineVersion) -> Iterator[str]:
    if not version.rehearsed:
        yield f"{field} {version} is not rehearsed here: no server of that version is built on this machine"
