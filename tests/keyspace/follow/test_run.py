"""A follow from its first look to its end on real servers: copy, follow, in sync, both ways, every database."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.keyspace.follow.driven import (
    KEYS,
    Servers,
    asked,
    begun,
    drive,
    follow_request,
    in_sync,
    keymap,
    own_keys,
)
from uplift.errors import BadInput
from uplift.keyspace.copy.marker import marker_name
from uplift.keyspace.copy.state import read_state
from uplift.keyspace.follow.ending import end_follow
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.requests import Wish
from uplift.keyspace.follow.run_events import EventKind
from uplift.keyspace.follow.run_step import Outcome
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.status import read_status, status_as_json


def test_one_way_from_the_first_look_to_the_end(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    target.client.set("nobodys", "stays")
    with begun(follow_request(*servers), tmp_path / "state") as run:
        told = drive(run, until=in_sync(run))
        kinds = [event.kind for event in told]
        assert kinds.index(EventKind.COPIED) < kinds.index(EventKind.IN_SYNC)
        assert target.client.get("session:7") == b"first 7"
        assert 0 < target.client.ttl("session:7") <= 3600
        assert target.client.exists("log:1") == 0

        source.client.set("session:7", "second")
        source.client.persist("session:8")  # without an event on 3.2.6: only a pass finds it
        source.client.expire("session:9", 60)
        source.client.delete("session:list")
        source.client.hset("session:new", "f", "v")
        drive(
            run,
            until=lambda: (
                target.client.get("session:7") == b"second"
                and 0 < target.client.ttl("session:9") <= 60
                and not target.client.exists("session:list")
                and target.client.hget("session:new", "f") == b"v"
            ),
        )
        status = run.status()
        assert (status.is_two_way, status.named_keys, status.not_described, status.gaps.open) == (False, 0, 1, ())
        assert status.way_back is not None
        assert not status.way_back.is_open
        assert status.reconciling is not None
        assert status.reconciling.keys >= KEYS
        assert asked(run, Wish.STOP).startswith("2 keys" if len(servers) == 1 else "4 keys")
        assert run.outcome is Outcome.STOPPED
    assert (own_keys(source), own_keys(target)) == ([], [])
    assert target.client.get("nobodys") == b"stays"
    for path in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.suffix == ".lock", path
    written = read_status(tmp_path / "state" / "status.json")
    assert written is not None
    assert written.phase is Phase.ENDED
    assert b"session:7" not in b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file())


def test_both_ways_under_another_root(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    rules = keymap({"name": "sessions", "match": {"prefix": "session:"}, "root": "app:"}, rename=True)
    source.client.delete("log:1")
    with begun(follow_request(*servers, rules, is_two_way=True), tmp_path / "state") as run:
        told = drive(run, until=lambda: run.status().is_two_way)
        assert EventKind.TWO_WAY in [event.kind for event in told]
        target.client.set("app:session:1", "from the target")
        source.client.set("session:2", "from the source")
        target.client.delete("app:session:3")
        drive(
            run,
            until=lambda: (
                source.client.get("session:1") == b"from the target"
                and target.client.get("app:session:2") == b"from the source"
                and not source.client.exists("session:3")
            ),
        )
        drive(run, until=lambda: (back := run.status().way_back) is not None and back.is_open)
        assert run.named_keys == 0
        target.client.set("session:4", "without its root")
        source.client.set("unknown", "no rule")
        told = drive(run, until=lambda: run.named_keys == 2)
        assert source.client.get("session:4") == b"first 4"
        labels = sorted(event.text for event in told if event.kind is EventKind.NAMED)
        assert [label.partition(" #")[0] for label in labels] == ["<word>", "session:<number>"]
    assert "unknown" not in "".join(labels)


def test_every_database_is_followed(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with source.connect(3) as third:
        third.set("session:third", "3")
        with begun(follow_request(*servers), tmp_path / "state") as run, target.connect(3) as there:
            drive(run, until=in_sync(run))
            assert run.status().databases == (0, 3)
            third.set("session:third", "changed")
            source.client.set("session:1", "changed")
            drive(run, until=lambda: (there.get("session:third"), target.client.get("session:1")) == (b"changed", b"changed"))
            with source.connect(5) as fifth:
                fifth.set("session:fifth", "5")
            told = drive(run, until=lambda: run.status().not_followed == (5,))
            assert "database 5 came into use and is not followed" in told[-1].text
            asked(run, Wish.STOP)
    assert [own_keys(server, database) for server in servers for database in (0, 3)] == [[]] * 4


def test_the_status_is_one_value_in_every_form(servers: Servers, tmp_path: Path) -> None:
    with begun(follow_request(*servers, authority=Side.TARGET), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        status = run.status()
        (tmp_path / "copy").write_text(status_as_json(status))
        assert read_status(tmp_path / "copy") == status
        assert (status.authority, status.phase_seconds >= 0, status.lag.p99_ms is None or status.lag.p99_ms > 0) == ("target", True, True)


def test_what_a_copy_that_is_not_over_left_is_said_at_the_end(servers: Servers, tmp_path: Path) -> None:
    """Its marker has no TTL, and stays, so that the same command goes on."""
    request, folder = follow_request(*servers), StateFolder(tmp_path / "state")
    with begun(request, folder.path) as run:
        drive(run, until=in_sync(run))
    run_id, databases = folder.existing_state().run, sorted(folder.existing_state().databases)
    copy = read_state(folder.copy_path)
    assert copy is not None
    folder.copy_path.write_text(copy.model_copy(update={"finished": False}).model_dump_json(by_alias=True))
    marker = marker_name(copy.run)
    servers[1].client.set(marker, copy.run)
    removal = end_follow(request.source, request.targets, databases, run_id, folder.copy_path)
    assert f"cache (127.0.0.1:{servers[1].port}) database 0: {marker.decode()} of the copy that is not over" in removal.text
    assert f"`uplift clean --run {copy.run}` removes it; the data of all servers stays" in removal.text
    assert [own_keys(server) for server in servers] == [[], [marker]]
    folder.copy_path.write_text("{")
    assert "what a copy left is not known" in end_follow(request.source, request.targets, databases, run_id, folder.copy_path).text


def test_a_directory_whose_follow_was_ended_begins_no_other(servers: Servers, tmp_path: Path) -> None:
    """One way the source would overwrite what applications wrote to the target since."""
    request, path = follow_request(*servers), tmp_path / "state"
    with begun(request, path) as run:
        drive(run, until=in_sync(run))
        asked(run, Wish.STOP)
    servers[1].client.set("session:1", "written since")
    with begun(request, path) as run, pytest.raises(BadInput, match="ended the follow in it, allowed: a new or empty directory"):
        run.step()
    assert servers[1].client.get("session:1") == b"written since"
    assert [own_keys(server) for server in servers] == [[], []]
