"""Engines of one run in directories of their own: what one begins with, and what another's lease says of its own past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.keyspace.follow.driven import Servers, begun, drive, follow_request, in_sync
from uplift.errors import BadInput
from uplift.keyspace.follow.follow_seed import FollowSeed, seed_of
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.run_events import EventKind
from uplift.keyspace.follow.state_folder import StateFolder


@contextmanager
def begun_with(servers: Servers, path: Path, seed: FollowSeed, *, stands_by: bool = False) -> Iterator[FollowRun]:
    run = FollowRun(follow_request(*servers, stands_by=stands_by), path, seed=seed)
    try:
        yield run
    finally:
        run.close()


def led_once(servers: Servers, path: Path) -> FollowSeed:
    """A run that is armed, and whose engine ended."""
    with begun(follow_request(*servers), path) as run:
        drive(run, until=in_sync(run))
        run.set_policy(True, Side.TARGET)
        return seed_of(run.record.state)


def test_it_goes_straight_to_following_with_a_pass(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    seed = led_once(servers, tmp_path / "first")
    source.client.set("session:1", "while nobody followed")
    target.client.set("session:2", "while nobody followed")
    rounds = StateFolder(tmp_path / "first").existing_state().databases[0].round
    with begun_with(servers, tmp_path / "second", seed) as run:
        assert seed_of(StateFolder(tmp_path / "second").existing_state()) == seed
        told = drive(run, until=in_sync(run))
        assert not {EventKind.COPIED, EventKind.TWO_WAY} & {event.kind for event in told}
        assert not (tmp_path / "second" / "copy.json").exists()
        assert run.status().is_two_way
        # What was equal last nobody knows here: the authority decides, and both keys are named.
        assert [source.client.get(f"session:{number}") for number in (1, 2)] == [b"first 1", b"while nobody followed"]
        assert run.named_keys == 2
        assert run.following is not None
        assert run.following.databases[0].round > rounds + 1_000_000


def test_what_it_knew_before_another_directorys_engine_led_is_not_believed(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    seed = led_once(servers, tmp_path / "first")
    with begun_with(servers, tmp_path / "second", seed) as second:
        drive(second, until=in_sync(second))
        source.client.set("session:1", "second")
        drive(second, until=lambda: target.client.get("session:1") == b"second")
    # It is now what the first directory's base says, and was changed all the same.
    target.client.set("session:1", "first 1", ex=3600)
    with begun_with(servers, tmp_path / "first", seed) as first:
        drive(first, until=in_sync(first))
        assert source.client.get("session:1") == b"first 1"
        assert first.named_keys == 1


def test_its_own_lease_makes_it_believe_what_it_knew(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    seed = led_once(servers, tmp_path / "first")
    source.client.set("session:1", "while nobody followed")
    with begun_with(servers, tmp_path / "first", seed) as run:
        drive(run, until=in_sync(run))
        assert target.client.get("session:1") == b"while nobody followed"
        assert run.named_keys == 0


def test_one_that_stood_by_before_hears_the_one_that_leads(servers: Servers, tmp_path: Path) -> None:
    """Its directory says that it has seen rounds that are far behind: the next ones are not far ahead of them."""
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
        seed = seed_of(first.record.state)
        for _ in range(2):
            with begun_with(servers, tmp_path / "second", seed, stands_by=True) as second:
                drive(first, second, until=lambda: first.status().standby.warm == 1)
                assert second.status().phase is Phase.STANDING_BY
            drive(first, until=lambda: first.status().standby.present == 0)
        assert first.is_leading


def test_another_runs_directory_is_refused(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers), tmp_path / "state") as run:
        seed = seed_of(run.record.state)
        run.record.decide()
    with pytest.raises(BadInput, match="belongs to run .*, and the run that it is to go on with is 0123abcd; allowed: a new or empty"):
        FollowRun(follow_request(*servers), tmp_path / "state", seed=replace(seed, run="0123abcd"))
    FollowRun(follow_request(*servers), tmp_path / "state", seed=replace(seed, is_two_way=True)).close()
    assert StateFolder(tmp_path / "state").existing_state().is_two_way
    FollowRun(follow_request(*servers), tmp_path / "state", seed=seed).close()
    assert StateFolder(tmp_path / "state").existing_state().is_two_way


@pytest.mark.long
def test_what_a_standby_hears_before_the_first_marker_is_not_later_than_what_comes_behind_it(servers: Servers, tmp_path: Path) -> None:
    """Joining a run that another directory leads, while everything is written all the time: its rounds only grow."""
    source, _ = servers
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
        seed = seed_of(first.record.state)
        with begun_with(servers, tmp_path / "second", seed, stands_by=True) as second:

            def written_and_warm() -> bool:
                for number in range(20):
                    source.client.set(f"session:{number}", "again", ex=600)
                    source.client.delete(f"session:{number + 100}")
                return first.status().standby.warm == 1

            drive(first, second, until=written_and_warm)
            assert second.following is not None
            rounds = [server.events.touches.oldest_round or 0 for server in second.following.servers]
            assert max(rounds) <= max(server.events.round for server in second.following.servers)
