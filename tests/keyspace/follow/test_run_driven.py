"""A run that a driver in the same process decides for: without the request files, and without arming by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.keyspace.follow.driven import Servers, begun, drive, follow_request, in_sync, own_keys
from uplift.errors import BadInput, NotSafe
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import SettingName
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.run_step import Outcome
from uplift.keyspace.keymap.model import KeyMap


def test_it_goes_both_ways_once_the_driver_says_so_and_after_a_restart(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with begun(follow_request(*servers), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        target.client.set("session:1", "before")
        drive(run, until=lambda: target.client.get("session:1") == b"first 1")
        run.set_policy(True, Side.TARGET)
        target.client.set("session:2", "after")
        drive(run, until=lambda: source.client.get("session:2") == b"after")
        drive(run, until=lambda: (back := run.status().way_back) is not None and back.is_open)
    with begun(follow_request(*servers), tmp_path / "state") as run:
        assert (run.record.state.is_two_way, run.record.policy.authority) == (True, Side.TARGET)
        target.client.set("session:3", "while nobody followed")
        drive(run, until=in_sync(run))
        assert source.client.get("session:3") == b"while nobody followed"
        run.set_policy(False, Side.SOURCE)
        target.client.set("session:3", "one way again")
        drive(run, until=lambda: target.client.get("session:3") == b"while nobody followed")


def test_handed_over_names_are_told_from_events_and_from_a_pass(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    rules = KeyMap.model_validate(
        {
            "version": 1,
            "destinations": ["cache", "jobs"],
            "rules": [
                {"name": "sessions", "match": {"prefix": "session:"}, "to": "cache", "source": "t", "reason": "t"},
                {"name": "logs", "match": {"prefix": "log:"}, "to": "cache", "action": "skip", "source": "t", "reason": "t"},
                {"name": "queues", "match": {"prefix": "queue:"}, "to": "jobs", "action": "handover", "source": "t", "reason": "t"},
            ],
        }
    )
    told: set[tuple[int, bytes]] = set()
    run = FollowRun(follow_request(source, target, rules), tmp_path / "state", on_handed_over=lambda *what: told.add(what))
    try:
        source.client.lpush("queue:first", "job")
        target.client.set("nobodys:secret", "was there before any event")
        drive(run, until=in_sync(run))
        assert told == {(0, b"queue:first")}
        source.client.lpush("queue:second", "job")
        target.client.set("nobodys:other", "is told by an event")
        drive(run, until=lambda: len(told) == 2 and run.status().not_described == 2)
        assert told == {(0, b"queue:first"), (0, b"queue:second")}
        patterns = run.status().not_described_patterns
        assert sum(patterns.values()) == 2
        assert "nobodys" not in "".join(patterns)
    finally:
        run.close()


def test_it_is_set_paused_and_ended(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with begun(follow_request(*servers), tmp_path / "state") as run:
        with pytest.raises(NotSafe, match="leads no follow"):
            run.hand_over()
        drive(run, until=in_sync(run))
        run.set(SettingName.PAUSED, 1)
        drive(run, until=lambda: run.status().phase is Phase.PAUSED)
        run.set(SettingName.PAUSED, 0)
        source.client.set("session:1", "goes on")
        drive(run, until=lambda: target.client.get("session:1") == b"goes on")
        run.set(SettingName.RECONCILING_SHARE, 0.5, 0.2)
        drive(run, until=lambda: {one.name: one.value for one in run.status().settings}["pass-share"] == 0.1)
        with pytest.raises(BadInput, match=r"pass-share=7 for None s: allowed: 0\.01 to 1"):
            run.set(SettingName.RECONCILING_SHARE, 7)
        removal = run.end()
        assert (removal.removed, removal.remaining, run.outcome, run.is_leading) == (4, (), Outcome.STOPPED, False)
        assert run.step().outcome is Outcome.STOPPED
    assert (own_keys(source), own_keys(target)) == ([], [])
    with begun(follow_request(*servers), tmp_path / "state") as run, pytest.raises(BadInput, match="ended the follow"):
        run.step()


def test_one_that_stands_by_decides_nothing_until_it_was_handed_the_run(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers), tmp_path / "first") as first:
        drive(first, until=in_sync(first))
        with begun(follow_request(*servers, stands_by=True), tmp_path / "second") as second:
            drive(first, second, until=lambda: first.status().standby.warm == 1)
            for decide in (lambda: second.set_policy(True, Side.SOURCE), second.end, second.hand_over):
                with pytest.raises(NotSafe, match="nothing was changed"):
                    decide()
            assert second.settled_before is None
            first.hand_over()
            assert not first.is_leading
            drive(first, second, until=lambda: first.outcome is Outcome.HANDED_OVER and second.is_leading)
            drive(second, until=lambda: second.settled_before is not None)
            second.end()
    assert [own_keys(server) for server in servers] == [[], []]
