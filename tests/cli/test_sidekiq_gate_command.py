"""`uplift sidekiq gate` as a user meets it: bad input, what is told, Ctrl-C, and what was there before given back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from uplift.cli.commands.sidekiq import commands
from uplift.cli.gate.opening import moment_of
from uplift.errors import BadInput

UPLIFT = str(Path(sys.executable).parent / "uplift")
OFF = b'{"enabled":false}'


def arguments(old: RedisServer, new: RedisServer, state: Path, *more: str) -> list[str]:
    urls = ["--from", f"redis://127.0.0.1:{old.port}", "--to", f"redis://127.0.0.1:{new.port}"]
    return ["gate", *urls, "--state", str(state), *more]


def living(server: RedisServer) -> None:
    client: Any = server.client
    client.hset("schedules", "nightly", "{}")
    client.sadd("processes", "host:1:0123456789ab")
    client.execute_command("HMSET", "host:1:0123456789ab", "info", "{}", "busy", "0", "beat", str(time.time()), "quiet", "false")


@pytest.mark.parametrize("text", ["soon", "2026-12-01T03:30:00", ""])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="ISO 8601 with a zone"):
        moment_of(text, "--at")
    assert moment_of("2020-12-01T03:05:00Z", "--at") == moment_of("2020-11-30T22:05:00-05:00", "--at") == 1_606_791_900


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "2999-01-01T00:00:00Z"])
def test_a_time_too_far_ahead_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="at most 400 days ahead"):
        moment_of(text, "--at")


@pytest.mark.parametrize("command", ["gate", "handover"])
def test_a_name_of_a_run_that_is_none_is_one_line(start_redis: StartRedis, tmp_path: Path, command: str) -> None:
    old, new = start_redis("3.2.6"), start_redis("5.0.6")
    for name in ("ABC!", "", "x" * 33, "a\nb", "\udcff"):
        more = ["--run", name, *(["--at", "now"] if command == "gate" else [])]
        found = CliRunner().invoke(commands, [command, *arguments(old, new, tmp_path / command, *more)[1:]])
        assert isinstance(found.exception, BadInput), found.exception
        assert "allowed: 1 to 32 of 0-9 and a-z" in str(found.exception)


def test_bad_input(start_redis: StartRedis, tmp_path: Path) -> None:
    old, new = start_redis("3.2.6"), start_redis("5.0.6")
    for more, said in ((["--back", "--abandon"], "one of the two"), ([], "--at")):
        found = CliRunner().invoke(commands, arguments(old, new, tmp_path / "gate", *more))
        assert isinstance(found.exception, BadInput), found.exception
        assert said in str(found.exception)


def test_stopped_it_says_how_to_go_on_and_abandoned_it_gives_back(start_redis: StartRedis, tmp_path: Path) -> None:
    old, new = start_redis("3.2.6"), start_redis("5.0.6")
    living(old)
    command = [UPLIFT, "sidekiq", *arguments(old, new, tmp_path / "gate")]
    process = subprocess.Popen([*command, "--at", "now"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(2)]
    assert "no Sidekiq process lives there" in "".join(first)
    assert new.client.hget("sidekiq-scheduler:states", "nightly") == OFF
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the old side fires, cron on the new side is off until the gate goes on" in errors
    assert "Traceback" not in errors
    done = subprocess.run([*command, "--abandon", "--json"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert documents[-1]["phase"] == "abandoned"
    assert not new.client.exists("sidekiq-scheduler:states")
    ended = CliRunner().invoke(commands, ["end", *arguments(old, new, tmp_path / "gate")[1:]])
    assert ended.exit_code == 0, ended.output
    assert (old.client.keys("uplift:*"), new.client.keys("uplift:*")) == ([], [])
