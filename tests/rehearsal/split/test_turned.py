"""When the last process of a side that fires cron may end."""

from __future__ import annotations

import pytest

from rehearsal.split.turned import cron_has_turned

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("stage", "direction", "phase", "instant", "has_turned"),
    [
        ("new", "forward", "closing", NOW + 5, False),
        ("new", "forward", "closing", NOW - 0.5, False),
        ("new", "forward", "closing", NOW - 2, True),
        ("new", "forward", "held", NOW - 2, False),
        ("new", "forward", "returning", NOW - 2, True),
        ("new", "back", "turned", NOW - 2, False),
        ("back", "forward", "closing", NOW - 2, False),
        ("back", "forward", "abandoning", NOW + 5, True),
        ("back", "forward", "abandoned", NOW + 5, True),
        ("back", "back", "armed", NOW + 5, False),
        ("back", "back", "turned", NOW - 2, True),
        ("back", "back", "done", NOW + 5, True),
    ],
)
def test_the_other_side_fires(stage: str, direction: str, phase: str, instant: float, has_turned: bool) -> None:
    status = {"stage": stage, "gate": {"direction": direction, "phase": phase, "instant": instant}}
    assert cron_has_turned(status, NOW) is has_turned


def test_without_a_gate_nothing_has_turned() -> None:
    assert not cron_has_turned({"stage": "new", "gate": None}, NOW)
