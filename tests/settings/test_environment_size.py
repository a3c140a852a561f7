"""Whatever the settings accept fits into a Lambda function's environment, with the longest names AWS can give."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from uplift.errors import BadInput
from uplift.inplace.records.run_settings import VARIABLE, RunSettings
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.upgrade import Acknowledgement

LIMIT = 4_096
Load = Callable[[str, Any], EnvironmentSettings]


def _bytes(settings: EnvironmentSettings) -> int:
    run = RunSettings.of(
        "a-rather-long-environment",
        settings,
        parameter_group="p" * 255,
        lock_table="t" * 255,
        report_bucket="b" * 63,
        topic_arn="arn:aws-us-gov:sns:us-gov-west-1:333333333333:" + "t" * 256,
    )
    run = run.model_copy(update={"acknowledged": tuple(Acknowledgement), "approved_plan": "0" * 16, "legacy_id": "l" * 50})
    # As Lambda measures: the JSON of all variables, in which this one is a text.
    return len(json.dumps({VARIABLE: run.model_dump_json()}))


def test_the_most_alarms_that_are_accepted_fit(load_changed: Load) -> None:
    for count in range(1, 101):
        try:
            settings = load_changed("legacy.alarms_to_mute", [f"vets-api-legacy-node-001-alarm-{number:03}" for number in range(count)])
        except BadInput:
            break
        fitting = _bytes(settings)
    assert LIMIT * 0.8 < fitting <= LIMIT
    assert count > 40


@pytest.mark.parametrize("field", ["legacy.managed_by_line", "legacy.managed_by"])
@pytest.mark.parametrize(("text", "too_many"), [("x", 2_100), ('"', 600), ("\\", 600), ("ä", 350)])
def test_a_long_text_is_counted_as_it_is_written_there(load_changed: Load, field: str, text: str, too_many: int) -> None:
    with pytest.raises(BadInput, match="a Lambda function's environment holds 4,096"):
        load_changed(field, text * too_many)
    assert _bytes(load_changed(field, text * (too_many * 2 // 3))) <= LIMIT
