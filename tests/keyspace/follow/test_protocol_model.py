"""The follow of one key, explored through every interleaving within bounds: the promise holds, an end is always reachable, and each part of
the protocol is needed. `python -m tests.keyspace.follow.model` prints the counts and the traces."""

from __future__ import annotations

import pytest

from tests.keyspace.follow.model.configurations import ABLATIONS, HOLDING, LARGER
from tests.keyspace.follow.model.explore import explore
from tests.keyspace.follow.model.rules import Bounds, Configuration
from tests.model_command import assert_breaks, assert_holds


@pytest.mark.parametrize("config", HOLDING, ids=lambda config: config.name)
def test_the_promise_holds_and_an_end_is_reachable_from_each_state(config: Configuration) -> None:
    assert_holds(config, explore(config))


@pytest.mark.nightly
@pytest.mark.long
@pytest.mark.parametrize("config", LARGER, ids=lambda config: config.name)
def test_the_promise_holds_within_larger_bounds(config: Configuration) -> None:
    assert_holds(config, explore(config))


@pytest.mark.parametrize("config", ABLATIONS, ids=lambda config: config.name)
def test_without_a_part_of_the_protocol_the_promise_breaks(config: Configuration) -> None:
    assert_breaks(config, explore(config))


@pytest.mark.nightly
@pytest.mark.long
@pytest.mark.parametrize("config", ABLATIONS, ids=lambda config: config.name)
def test_an_ablation_breaks_by_the_part_that_is_missing_alone(config: Configuration) -> None:
    whole = Configuration(
        config.name, config.bounds, start=config.start, lags=config.lags, authority=config.authority, is_there=config.is_there
    )
    if config.name == "no brackets and no base":
        pytest.skip("2 + 1 writes are among those that hold")
    assert_holds(whole, explore(whole))


def test_the_number_of_states_is_what_the_note_says() -> None:
    # Fewer would mean that something no longer happens.
    found = explore(Configuration("1 + 1 writes", Bounds()))
    assert (found.states, found.steps, found.ends) == (583, 1068, 5)
