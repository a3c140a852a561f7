"""The steps of a split, explored through every interleaving within bounds: answers are true, --on-go runs once, nothing is undone behind the
flip, and from every state an end or the old side is reachable. `python -m tests.split.model` prints the counts and the traces."""

from __future__ import annotations

import pytest

from tests.model_command import assert_breaks, assert_holds
from tests.split.model.configurations import CONTROLS, HOLDING, LARGER
from tests.split.model.explore import explore
from tests.split.model.state import Configuration


@pytest.mark.parametrize("config", HOLDING, ids=lambda config: config.name)
def test_the_promise_holds_and_an_end_is_reachable_from_each_state(config: Configuration) -> None:
    assert_holds(config, explore(config))


@pytest.mark.nightly
@pytest.mark.long
@pytest.mark.parametrize("config", LARGER, ids=lambda config: config.name)
def test_it_holds_within_larger_bounds(config: Configuration) -> None:
    assert_holds(config, explore(config))


@pytest.mark.parametrize("config", CONTROLS, ids=lambda config: config.name)
def test_without_a_part_of_the_protocol_it_breaks(config: Configuration) -> None:
    assert_breaks(config, explore(config))


def test_the_number_of_states_is_as_it_was() -> None:
    # Fewer would mean that something no longer happens.
    found = explore(HOLDING[0])
    assert (found.states, found.steps, found.ends) == (1_432, 1_490, 51)
