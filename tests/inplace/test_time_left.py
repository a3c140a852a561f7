"""How long a run may go on towards its modify."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from uplift.inplace.decisions.time_left import why_out_of_time

BEGAN = datetime(2026, 12, 6, 2, 0, tzinfo=UTC)
NOT_AFTER = datetime(2026, 12, 6, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "says"),
    [(0, ""), (120, ""), (121, "this run began 121 minutes ago, allowed before the modify: 120"), (600, "past upgrade.not_after")],
)
def test_what_is_used_up_before_the_modify_would_be_missing_after_it(minutes: int, says: str) -> None:
    found = why_out_of_time(int(BEGAN.timestamp()), BEGAN + timedelta(minutes=minutes), NOT_AFTER)
    assert found.startswith(says)
    assert bool(found) is bool(says)
