"""`uplift sidekiq status` as a user meets it: both sides beside each other, warnings, JSON, a watch, one line for bad input; no argument."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.sides import KILLED, LIVE, SECRET, heartbeat, push_secret, secret_job

UPLIFT = str(Path(sys.executable).parent / "uplift")
TOKEN = "ZxY0SecretToken9aBcDeFgHiJkLmNoPqRsTuVwXyZ"
KEYMAP = ["--keymap", "config/keyspace.yaml"]


def _status(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UPLIFT, "sidekiq", "status", *arguments], capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    client: Any = source.client
    heartbeat(source, LIVE, "default", "low")
    heartbeat(source, "quiet.vfs:5:0123456789ab", "default", quiet=True)
    client.sadd("processes", KILLED)
    for number in range(12):
        push_secret(source, number)
    push_secret(source, 20, queue="low|x")
    client.lpush(f"queue:sq|{KILLED}|default", secret_job(30), secret_job(31))
    client.zadd("retry", {secret_job(40, "EVSS::SubmitForm526"): time.time() + 1_700_000})
    client.hset("b-Xy12Ab34Cd56Ef", "pending", 2)
    client.set(f"vets-api-session:{TOKEN}", "v", ex=1800)
    client.set(f"jobs:{TOKEN}", "v")
    for server in (source, target):
        server.client.hset("schedules", "Nightly", "{}")
    heartbeat(target, "new.vfs:1:0123456789ab", "default")
    return source, target


def _sides(servers: tuple[RedisServer, RedisServer]) -> list[str]:
    return ["--from", f"redis://127.0.0.1:{servers[0].port}", "--to", f"redis://127.0.0.1:{servers[1].port}"]


def test_both_sides_and_what_goes_wrong(servers: tuple[RedisServer, RedisServer]) -> None:
    before = [server.client.dbsize() for server in servers]
    done = _status(*_sides(servers), *KEYMAP)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "processes 2 live (1 quiet), 1 gone 1 live" in lines
    assert any(line.startswith("default 12 ") for line in lines)
    assert any(line.startswith("retry 1 in 19 d") for line in lines)
    assert any(line.startswith("EVSS::SubmitForm526 retry 1 in 19 d") for line in lines)
    warnings = "\n".join(line for line in lines if line.startswith("warning ("))
    for words in (
        "warning (from): retry holds 1 job, the last one is due in 19 d",
        "warning (from): 1 open batch: ",
        f"warning (from): {KILLED}: in `processes`, but without a heartbeat",
        "warning (from): quiet.vfs:5:0123456789ab: quiet",
        f"warning (from): 2 jobs of queue default held by {KILLED}, which has no heartbeat",
        "warning (from): keys that look like Sidekiq's and are of nothing known: <word>:<text> (1)",
        "warning (to): maxmemory-policy is volatile-lru",
        "warning (both): jobs wait in low|x, which no live process of the new side works on",
        "warning (both): sidekiq-scheduler may fire on both sides",
    ):
        assert words in warnings
    for secret in (SECRET, TOKEN):
        assert secret not in done.stdout + done.stderr
    assert [server.client.dbsize() for server in servers] == before


def test_one_side_for_machines(servers: tuple[RedisServer, RedisServer]) -> None:
    done = _status(*_sides(servers)[:2], "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["to"]) == ("uplift.sidekiq.status/1", None)
    side = document["from"]
    assert {queue["name"]: queue["jobs"] for queue in side["queues"]} == {"default": 12, "low": 0, "low|x": 1}
    assert side["private_queues"] == [{"queue": "default", "owner": KILLED, "owner_lives": False, "jobs": 2}]
    assert side["sorted_sets"]["retry"]["classes"][0]["job_class"] == "EVSS::SubmitForm526"
    assert (side["open_batches"], side["keys"]["batch"], side["engine"]["version"]) == (1, 1, "3.2.6")
    assert {one["kind"] for one in document["pitfalls"]} >= {"far_due", "dead_owner", "killed", "quiet", "batches", "eviction"}
    for secret in (SECRET, TOKEN):
        assert secret not in done.stdout + done.stderr


def test_both_sides_for_machines_and_another_database(servers: tuple[RedisServer, RedisServer]) -> None:
    source, target = _sides(servers)[1::2]
    document = json.loads(_status("--from", f"{source}/3", "--to", f"sidekiq={target}", "--json").stdout)
    assert (document["from"]["database"], document["from"]["queues"], len(document["to"]["processes"])) == (3, [], 1)
    assert "nothing_here" in {one["kind"] for one in document["pitfalls"]}


def test_a_key_map_knows_whose_a_key_is(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    path = tmp_path / "keymap.yaml"
    rules = [("jobs", "copy", "a"), ("other", "handover", "b")]
    lines = [
        f'  - {{name: {name}, match: {{prefix: "{name}:"}}, action: {action}, to: {to}, source: test, reason: test}}'
        for name, action, to in rules
    ]
    path.write_text("\n".join(["version: 1", "destinations: [a, b]", "rules:", *lines]) + "\n")
    servers[0].client.set("other:1", "v")
    document = json.loads(_status(*_sides(servers)[:2], "--keymap", str(path), "--json").stdout)
    assert document["from"]["unknown"] == {"other:<number>": 1}


@contextmanager
def _watching(*arguments: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    watch = subprocess.Popen([UPLIFT, "sidekiq", "status", "--watch", *arguments], text=True, **how)
    try:
        yield watch
    finally:
        watch.kill()
        watch.wait()


@pytest.mark.long
def test_a_watch_in_a_pipe_shows_rates_and_ends_with_ctrl_c(servers: tuple[RedisServer, RedisServer]) -> None:
    source: Any = servers[0].client
    with _watching(*_sides(servers), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        first = watch.stdout.readline()
        assert first.startswith("from: default 12, low 0, low|x 1, retry 1, schedule 0, dead 0, private 2; to: default 0")
        ended = time.monotonic() + 30
        number, line = 1_000, ""
        os.set_blocking(watch.stdout.fileno(), False)
        while not line and time.monotonic() < ended:
            number += 1
            push_secret(servers[0], number)
            push_secret(servers[0], number + 10_000)
            source.rpop("queue:default")
            time.sleep(0.02)
            line = watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=30)
    assert (watch.returncode, errors) == (0, "")
    assert "(in 0.0/s out 0.0/s)" in line
    assert " (in " in line.split("default", 1)[1].split("low")[0]
    assert SECRET not in first + line


@pytest.mark.long
def test_a_watch_on_a_terminal_goes_on_when_a_server_is_gone(servers: tuple[RedisServer, RedisServer]) -> None:
    ours, theirs = pty.openpty()
    with _watching(*_sides(servers), stdout=theirs, stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm", "COLUMNS": "160"}) as watch:
        os.close(theirs)
        shown = b""
        deadline = time.monotonic() + 60
        while b"in/s" not in shown and time.monotonic() < deadline:
            shown += os.read(ours, 65_536)
        servers[1].stop()
        assert watch.stderr is not None
        said = watch.stderr.readline()
        watch.send_signal(signal.SIGINT)
        with suppress(OSError):
            while os.read(ours, 65_536):
                pass
        watch.wait(30)
    assert watch.returncode == 0
    assert said.startswith("--to: 127.0.0.1:")
    assert "looking again" in said
    assert b"default" in shown
    assert SECRET.encode() not in shown


def test_bad_input_is_one_line(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    source = _sides(servers)[:2]
    (tmp_path / "keymap.yaml").write_text("version: 2\n")
    for arguments, words in (
        (["--from", "nope"], "--from: scheme '', allowed: redis://"),
        ([*source, "--to", "nope"], "--to: scheme ''"),
        ([*source, "--watch", "--json"], "--watch --json: a watch has no end"),
        ([*source, "--keymap", str(tmp_path / "keymap.yaml")], "keymap.yaml: version"),
        (["--from", f"{source[1]}/99"], "database 99: ERR"),
    ):
        done = _status(*arguments)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
        assert words in done.stderr
    gone = _status("--from", "redis://127.0.0.1:1")
    assert (gone.returncode, gone.stdout, len(gone.stderr.splitlines())) == (1, "", 1)
