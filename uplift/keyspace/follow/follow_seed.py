"""What an engine with a directory of its own must know of a run that began elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.state_file import DatabaseState, FollowState, authority_of


@dataclass(frozen=True, slots=True)
class FollowSeed:
    """Of one run: `run` and `secret` as in its first directory's follow.json, what was decided for it, and the databases it follows.

    `has_led`: an engine of the run has held the lease. Engines of one run in several directories tell themselves apart by their leases.
    """

    run: str
    secret: str = field(repr=False)
    is_copied: bool
    has_led: bool
    is_two_way: bool
    authority: Side
    databases: tuple[int, ...]


def seed_of(state: FollowState) -> FollowSeed:
    """What another directory of the run is to begin with."""
    return FollowSeed(
        state.run, state.secret, state.is_copied, state.has_led, state.is_two_way, state.authority_side, tuple(sorted(state.databases))
    )


def seeded(state: FollowState, seed: FollowSeed) -> FollowState:
    """A fresh state, as one of the run. No engine of its directory has led yet."""
    databases = {number: DatabaseState() for number in seed.databases}
    return FollowState.model_validate(
        state.model_dump(by_alias=True)
        | {
            "run": seed.run,
            "secret": seed.secret,
            "is_copied": seed.is_copied,
            "has_led": seed.has_led,
            "led_as": "",
            "is_two_way": seed.is_two_way,
            "authority": authority_of(seed.authority),
            "databases": databases,
        }
    )


def caught_up(state: FollowState, seed: FollowSeed, path: Path) -> None:
    """What a directory knows that belongs to the run already, and what was decided elsewhere since. Raises BadInput for another run's.

    Whoever decided that it goes both ways may have done so in another directory: it is never forgotten, since one way what applications
    wrote to a target would be overwritten.
    """
    if state.run != seed.run:
        raise BadInput(
            f"--state {path}: it belongs to run {state.run}, and the run that it is to go on with is {seed.run}; allowed: a new or empty "
            "directory, or one of that run"
        )
    state.is_copied, state.has_led = state.is_copied or seed.is_copied, state.has_led or seed.has_led
    state.is_two_way, state.authority = state.is_two_way or seed.is_two_way, authority_of(seed.authority)
    for number in seed.databases:
        state.of_database(number)
