from collections.abc import Callable
from typing import Any

import pytest

from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import load_settings
from uplift.settings.warnings import settings_warnings

Load = Callable[[str, Any], EnvironmentSettings]


def test_redis_5_costs_more_and_stops_sidekiq_7() -> None:
    warnings = settings_warnings(load_settings("prod"))
    assert warnings == [
        "redis 5.0.6 is in paid Extended Support: +80 % from 2026-02-01, +160 % from 2028-02-01; it ends on 2029-01-31, "
        "then AWS upgrades it by itself",
        "Sidekiq 7 needs Redis 6.2: redis 5.0.6 does not run it",
        "Sidekiq 8 needs Redis 7.0: redis 5.0.6 does not run it",
    ]


@pytest.mark.parametrize(
    ("field", "value", "warning"),
    [
        ("upgrade.target_version", "7.1", "upgrade.target_version redis 7.1 is not rehearsed here"),
        ("app_cache.engine_version", "6.2", "redis 6.2 is in paid Extended Support: +80 % from 2027-02-01"),
        ("app_cache.parameters.notify-keyspace-events", "", "app_cache.parameters.notify-keyspace-events is off"),
        ("upgrade.notify", [], "upgrade.notify is empty: nobody is notified"),
        ("legacy.parameter_group", None, "legacy.parameter_group is missing: a pipeline is not denied"),
        (
            "sidekiq.snapshot_window",
            "12:00-13:00",
            "sidekiq.snapshot_window 12:00-13:00 UTC begins at 07:00 in America/New_York: move it to the night there",
        ),
        # At night in winter, and past six in summer.
        ("app_cache.snapshot_window", "09:30-10:30", "app_cache.snapshot_window 09:30-10:30 UTC begins at 05:30 in America/New_York"),
    ],
)
def test_warnings(load_changed: Load, field: str, value: Any, warning: str) -> None:
    assert any(found.startswith(warning) for found in settings_warnings(load_changed(field, value)))
