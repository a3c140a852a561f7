"""The handover of three jobs, explored through every interleaving within bounds: each job is on exactly one runnable side, or durable in one
outbox; an end is always reachable, a rollback is seen as one, and each part of the protocol is needed. `python -m tests.sidekiq.model` prints
the counts and the traces."""

from __future__ import annotations

import pytest

from tests.model_command import assert_breaks, assert_holds
from tests.sidekiq.model.configurations import CONTROLS, HOLDING, LARGER
from tests.sidekiq.model.explore import explore
from tests.sidekiq.model.rules import Bounds, Configuration


@pytest.mark.parametrize("config", HOLDING, ids=lambda config: config.name)
def test_each_job_is_in_one_place_and_an_end_is_reachable_from_each_state(config: Configuration) -> None:
    assert_holds(config, explore(config))


@pytest.mark.nightly
@pytest.mark.long
@pytest.mark.parametrize("config", LARGER, ids=lambda config: config.name)
def test_it_holds_within_larger_bounds(config: Configuration) -> None:
    assert_holds(config, explore(config))


@pytest.mark.parametrize("config", CONTROLS, ids=lambda config: config.name)
def test_without_a_part_of_the_protocol_it_breaks(config: Configuration) -> None:
    assert_breaks(config, explore(config))


@pytest.mark.parametrize("config", CONTROLS, ids=lambda config: config.name)
def test_a_control_breaks_by_the_part_that_is_missing_alone(config: Configuration) -> None:
    whole = Configuration(config.name, config.bounds, is_set=config.is_set, waits=config.waits, begins_at_once=config.begins_at_once)
    assert_holds(whole, explore(whole))


def test_the_number_of_states_is_as_it_was() -> None:
    # Fewer would mean that something no longer happens.
    found = explore(Configuration("one mover, a death, in flight", Bounds(deaths=1, late=1)))
    assert (found.states, found.steps, found.ends) == (409, 534, 5)
