"""How long a handover waits between pieces: what is owed is jobs, whatever the throttle was when they were moved."""

from __future__ import annotations

import pytest

from tests.sidekiq.handover_pair import Clock
from uplift.cli.handover.chunk_size import limits_under
from uplift.sidekiq.handover.pace import Pace


def test_it_waits_as_long_as_so_many_jobs_take() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.wait_after(200, 1) == 200
    clock.now += 200
    assert pace.wait_after(0, 1) == 0


def test_what_is_owed_is_paid_at_the_throttle_that_is_set_now() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.wait_after(200, 1) == 200
    assert pace.wait_after(0, 100) == 2
    assert pace.wait_after(0, 0) == 0
    assert pace.wait_after(10, 10) == 1


def test_what_was_not_used_is_credit_for_a_second_at_most() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.wait_after(1, 10)
    clock.now += 3_600
    assert pace.wait_after(20, 10) == 1


@pytest.mark.parametrize(("throttle", "jobs"), [(0.1, 1), (1, 1), (50, 25), (200, 100), (10_000, 100), (0, 100)])
def test_what_is_taken_in_one_go_is_a_second_of_the_throttle(throttle: float, jobs: int) -> None:
    assert limits_under(throttle).jobs == jobs
