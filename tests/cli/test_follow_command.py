"""`uplift follow` as a user meets it: output, exit codes, what is asked of a running engine, Ctrl-C, and no key name anywhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from uplift.cli.commands.follow import commands
from uplift.cli.terminal.follow_text import duration, status_lines, time_left
from uplift.errors import BadInput
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.status import GapStatus, PassStatus, Status, ThrottleStatus
from uplift.keyspace.follow.way_back import WayBack

UPLIFT = str(Path(sys.executable).parent / "uplift")
TOKEN = "ZxY0SecretToken9aBcDeFgHiJkLmNoPqRsTuVwXyZ"
SECONDS = 60.0
KEYMAP = """
version: 1
destinations: [cache]
rename: true
rules:
  - {name: sessions, match: {prefix: "session:"}, to: cache, root: "app:", source: test, reason: test}
"""


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for server in (source, target):
        server.set_config("notify-keyspace-events", "EA")
    for number in range(200):
        source.client.set(f"session:{number}", "v", ex=3600)
    source.client.set(f"session:{TOKEN}", "v", ex=3600)
    return source, target


@pytest.fixture
def way(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> list[str]:
    (tmp_path / "keymap.yaml").write_text(KEYMAP)
    return [*_pair(servers), "--keymap", str(tmp_path / "keymap.yaml"), "--state", str(tmp_path / "state")]


def _pair(servers: tuple[RedisServer, RedisServer]) -> list[str]:
    return ["--from", f"redis://127.0.0.1:{servers[0].port}", "--to", f"cache=redis://127.0.0.1:{servers[1].port}"]


def _follow(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UPLIFT, "follow", *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)


@contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    engine = subprocess.Popen([UPLIFT, "follow", "run", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield engine
    finally:
        engine.kill()
        engine.communicate()


def _wait(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def _status_file(path: Path) -> dict[str, Any]:
    file = path / "state" / "status.json"
    return dict(json.loads(file.read_text())) if file.exists() else {"phase": ""}


@pytest.mark.long
def test_until_in_sync_and_to_the_end(servers: tuple[RedisServer, RedisServer], way: list[str], tmp_path: Path) -> None:
    source, target = servers
    done = _follow("run", *way, "--two-way", "--until", "in-sync", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["schema"] for line in lines} == {"uplift.follow.status/1", "uplift.follow.event/1"}
    assert [line["event"] for line in lines if line["schema"] == "uplift.follow.event/1"][-2:] == ["phase", "two-way"]
    assert (lines[-1]["phase"], lines[-1]["is_two_way"]) == ("in sync", True)
    assert "what remains: the lease and the canary (uplift:follow:*)" in done.stderr
    assert target.client.exists("app:session:1")

    needed = _follow("stop", "--state", str(tmp_path / "state"))
    assert needed.returncode == 2
    assert f"allowed: those of --from 127.0.0.1:{source.port}, --to cache=127.0.0.1:{target.port}" in needed.stderr
    ended = _follow("stop", "--state", str(tmp_path / "state"), *_pair(servers))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "4 keys of the follow's own were removed, none remains on a server; the data of all servers stays as it is\n"
    assert [list(server.client.scan_iter("uplift:*")) for server in servers] == [[], []]
    for text in (done.stdout, done.stderr):
        assert TOKEN not in text


@pytest.mark.long
def test_a_running_engine_and_ctrl_c(servers: tuple[RedisServer, RedisServer], way: list[str], tmp_path: Path) -> None:
    state = ["--state", str(tmp_path / "state")]
    with _running(*way) as engine:
        _wait(lambda: _status_file(tmp_path)["phase"] == "in sync")
        assert _follow("set", "pass-share=0.5", "--for", "5", *state).stdout == "pass-share is 0.5 for 5 minutes\n"
        told = _follow("status", *state)
        assert told.stdout.startswith("in sync, ")
        assert "setting pass-share: 0.5, back in 4 min" in told.stdout
        assert "way: one way, authority: source; way back: not open" in told.stdout
        # Without its root: the application may have meant another key.
        servers[1].client.set(f"session:{TOKEN}", "v")
        _wait(lambda: _status_file(tmp_path)["named"])
        engine.send_signal(signal.SIGINT)
        out, err = engine.communicate(timeout=SECONDS)
    assert engine.returncode == 1
    assert "named: 1: its rule writes under a root, and the name on the target has none: it is not followed" in out
    assert "stopped (in sync); what remains: the lease and the canary" in err
    assert "The same command goes on from there" in err
    assert TOKEN not in out + err
    document = json.loads(_follow("status", *state, "--json").stdout)
    assert (document["schema"], document["has_engine"], document["phase"]) == ("uplift.follow.status/1", False, "ended")
    with pytest.raises(BadInput, match="no engine has it now"):
        _invoke("pause", *state)


@pytest.mark.long
def test_sigterm_without_a_named_key_is_no_failure(servers: tuple[RedisServer, RedisServer], way: list[str], tmp_path: Path) -> None:
    with _running(*way) as engine:
        _wait(lambda: _status_file(tmp_path)["phase"] == "in sync")
        engine.send_signal(signal.SIGTERM)
        _, err = engine.communicate(timeout=SECONDS)
    assert (engine.returncode, "stopped (in sync)" in err) == (0, True)


def _invoke(*arguments: str) -> None:
    result = CliRunner().invoke(commands, list(arguments))
    if result.exception is not None:
        raise result.exception


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["run", "--until", "tomorrow"], "--until tomorrow: allowed: in-sync"),
        (["run", "--until", "in-sync", "--standby"], "--until in-sync --standby: .*allowed: one of the two"),
        (["run", "--authority", "both"], "--authority both: allowed: source or target"),
        (["run", "--source-latency", "0"], r"--source-latency 0: allowed: 0.5 to 1000 \(ms\)"),
        (["run", "--state", "/none/state"], "--state /none/state: there is no folder /none, allowed: a directory in one that exists"),
        (["run", "--to", "cache=redis://localhost:1"], "--to cache was given twice"),
        (["set", "speed=1"], "'speed=1': no such setting, allowed: NAME=VALUE with source-latency or target-latency or pass-share"),
        (["set", "pass-share=all"], "pass-share=all: no number, allowed: 0.01 to 1"),
        (["set", "pass-share=2"], "pass-share=2: allowed: 0.01 to 1"),
        (["pause", "--for", "0"], "--for 0: allowed: more than 0, at most 10080 minutes"),
        (["authority", "both"], "authority both: allowed: source or target"),
        (["status"], "no follow was begun with it, allowed: the directory given to `uplift follow run`"),
        (["stop"], "no follow was begun with it"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], problem: str, tmp_path: Path) -> None:
    (tmp_path / "keymap.yaml").write_text(KEYMAP)
    given = [*arguments]
    if arguments[0] == "run":
        given += ["--from", "redis://localhost:1", "--to", "cache=redis://localhost:1", "--keymap", str(tmp_path / "keymap.yaml")]
    if "--state" not in given:
        given += ["--state", str(tmp_path / "state")]
    with pytest.raises(BadInput, match=problem) as raised:
        _invoke(*given)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_state_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "follow.json").write_text('{"schema": "uplift.follow.state/0"}')
    with pytest.raises(BadInput, match=r"follow.json: schema 'uplift.follow.state/0', allowed: uplift.follow.state/1"):
        _invoke("status", "--state", str(tmp_path))
    (tmp_path / "follow.json").write_text("{}")
    with pytest.raises(BadInput, match=r"follow.json: source: Field required, allowed: a file that `uplift follow run` wrote"):
        _invoke("status", "--state", str(tmp_path))


def test_what_an_engine_told_that_is_gone_is_not_said_as_if_it_were_so() -> None:
    status = Status(
        at=0, run="r", engine="e", process=1, revision=2, phase=Phase.IN_SYNC, phase_seconds=3, is_resumed=True, is_two_way=True,
        authority="source", lease=None, in_sync_seconds=3, way_back=WayBack().status(),
    )  # fmt: skip
    gone = status_lines(status, 7200, has_engine=False)
    assert gone[0].startswith("no engine follows; the last one told: in sync, ")
    assert gone[3].endswith("way back: not open for 0 s: nothing was compared yet")
    assert status_lines(status, 1, has_engine=True)[0].startswith("in sync, ")
    assert status_lines(replace(status, phase=Phase.ENDED), 1, has_engine=False)[0].startswith("ended, ")


def test_every_part_of_a_status_in_words() -> None:
    status = Status(
        at=0, run="r", engine="e", process=1, revision=2, phase=Phase.DEGRADED, phase_seconds=3, is_resumed=True, is_two_way=True,
        authority="source", lease=None, why="the source does not answer", not_in_sync="no pass has compared every key yet", seconds_left=70,
        reconciling=PassStatus(3, True, 0.1, 4000.0, 50, 200, 70.0, 5, 0), gaps=GapStatus(("source database 0",), 2, 9.0),
        throttled=ThrottleStatus("source latency", 5, 139.501, 61), conflicts={"later": 3}, left={"evicted": 4}, not_described=1_000,
    )  # fmt: skip
    text = "\n".join(status_lines(status, 2.5, has_engine=False))
    for part in (
        "degraded: the source does not answer, 0 events/s, 0 keys/s, 0 dirty, lag N/A, pass 4: 25 %, 1 min 10 s left",
        "slowed by source latency: 139.5 ms, allowed 5 ms",
        "told 2 s ago by engine e (no engine has this directory now, resumed)",
        "not in sync: no pass has compared every key yet; 1 min 10 s left",
        "gaps: 2, open for 9 s: source database 0",
        "passes: 3 whole, the latest in 1 h 6 min at 10% of the time; it found 5 differences, 0 without an event",
        "slowed by source latency for 1 min 1 s",
        "conflicts: 3: later",
        "left: 4: evicted",
        "not described by any rule: 1,000 keys on targets, which stay there",
    ):
        assert part in text
    assert (time_left(None), time_left(0.2), duration(59.9)) == ("time left N/A", "due", "59 s")
