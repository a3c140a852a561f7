"""What a running engine is asked through its directory, and what is never done."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.keyspace.follow.driven import (
    Servers,
    asked,
    begun,
    drive,
    follow_request,
    in_sync,
)
from uplift.errors import RunRefused
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.requests import Answer, Request, RequestBox, Wish, ask
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.status import read_status


@pytest.mark.long
def test_what_a_running_engine_is_asked(servers: Servers, tmp_path: Path) -> None:
    source, target = servers
    with begun(follow_request(*servers), tmp_path / "state") as run:
        drive(run, until=in_sync(run))
        folder, revision = run.record.folder, run.status().revision
        assert asked(run, Wish.AUTHORITY, value="target") == "the target decides where nothing else can"
        assert (run.status().authority, run.status().revision) == ("target", revision + 1)

        assert asked(run, Wish.SET, name="paused", value="1") == "paused is 1"
        drive(run, until=lambda: run.status().phase is Phase.PAUSED)
        source.client.set("session:1", "while paused")
        rounds = run.status().revision, _rounds(run)
        drive(run, until=lambda: _rounds(run) > rounds[1] + 3)
        assert target.client.get("session:1") == b"first 1"
        asked(run, Wish.SET, name="paused", value="0")
        drive(run, until=lambda: target.client.get("session:1") == b"while paused")

        assert asked(run, Wish.SET, name="pass-share", value="0.5", seconds=0.5) == "pass-share is 0.5 for 0.00833333 minutes"
        assert _setting(run, "pass-share") == 0.5
        drive(run, until=lambda: _setting(run, "pass-share") == 0.1)

        seen = read_status(folder.status_path)
        assert seen is not None
        stale = [
            Request(seen.engine, seen.revision - 1, Wish.STOP),
            Request("another", seen.revision, Wish.STOP),
            Request(seen.engine, seen.revision, Wish.SET, "pass-share", "7"),
        ]
        texts = []
        for request in stale:
            with pytest.raises(RunRefused) as refused:
                _ask(run, request)
            texts.append(str(refused.value))
        assert "the run is not as it was when you looked" in texts[0]
        assert "for an engine that is gone" in texts[1]
        assert texts[2] == "pass-share=7: allowed: 0.01 to 1 (part of the time)"
        assert run.outcome is None


def _ask(run: FollowRun, request: Request) -> str:
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, run.record.folder, request)
        drive(run, until=answer.done)
        return answer.result()


def _rounds(run: FollowRun) -> int:
    assert run.following is not None
    return run.following.databases[0].round


def _setting(run: FollowRun, name: str) -> float:
    return next(one.value for one in run.status().settings if one.name == name)


def test_a_request_that_an_earlier_engine_did_not_take_is_never_done(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.make()
    (folder.requests / "1.json").write_text('{"engine": "dead", "revision": 0, "wish": "stop"}')
    (folder.requests / "2.json").write_text("not JSON")
    assert RequestBox(folder, "alive").take() is None
    answers = [(folder.requests / f"{number}.answer.json").read_text() for number in (1, 2)]
    assert "an engine that is gone" in answers[0]
    assert "not a request" in answers[1]
    with pytest.raises(RunRefused, match="no engine answered: nothing was changed"):
        ask(folder, Request("alive", 0, Wish.STOP))
    assert not (folder.requests / "3.json").exists()
    RequestBox(folder, "alive").answer(4, Answer(True, "done"))
    os.utime(folder.requests / "4.answer.json", (time.time() - 7200,) * 2)
    RequestBox(folder, "alive").forget_old()
    assert not (folder.requests / "4.answer.json").exists()
