"""What a running handover is told: a throttle that holds, a pause and another throttle within a second, and settings that outlive a race."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Pair, job
from tests.sidekiq.sides import push
from uplift.cli.commands.sidekiq import commands
from uplift.cli.handover.state import HandoverDirectory
from uplift.errors import BadInput

UPLIFT = str(Path(sys.executable).parent / "uplift")
SECONDS = 30.0


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    return Pair(start_redis("3.2.6"), start_redis("5.0.6"))


def arguments(pair: Pair, state: Path, *more: str) -> list[str]:
    urls = ["--from", f"redis://127.0.0.1:{pair.source.port}", "--to", f"redis://127.0.0.1:{pair.target.port}"]
    return ["handover", *urls, "--state", str(state), "--any-queue", *more]


@contextmanager
def running(pair: Pair, state: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """One that has moved its first job."""
    command = [UPLIFT, "sidekiq", *arguments(pair, state, *more)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + SECONDS
        while not moved(pair):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.communicate()


def moved(pair: Pair) -> int:
    return int(pair.target.client.llen("queue:default"))


def told(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state / "status.json").read_text())
    return found


def run(*words: str) -> Any:
    return CliRunner().invoke(commands, list(words))


@pytest.mark.parametrize("throttle", [1.0, 30.0])
def test_a_low_throttle_holds_and_nothing_waits_in_an_outbox(pair: Pair, tmp_path: Path, throttle: float) -> None:
    push(pair.source, "default", *[job(number) for number in range(2_000)])
    with running(pair, tmp_path / "state", "--throttle", str(throttle)):
        time.sleep(4)
        # What it begins with, before it first waits, is two pieces.
        assert moved(pair) <= 4 * throttle + 4 * max(1, throttle)
        first = told(tmp_path / "state")["at"]
        time.sleep(1.5)
        assert told(tmp_path / "state")["at"] > first
        if throttle == 1.0:
            assert not [key for key in pair.source.client.keys("uplift:handover:*") if b":out:" in key]


def test_while_it_waits_a_pause_and_a_higher_throttle_are_taken_within_a_second(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    push(pair.source, "default", *[job(number) for number in range(2_000)])
    with running(pair, state, "--throttle", "0.01") as process:
        time.sleep(1.5)
        assert run("pause", "--state", str(state)).exit_code == 0
        time.sleep(1.5)
        assert told(state)["phase"] == "paused"
        assert run("resume", "--state", str(state)).exit_code == 0
        time.sleep(1.5)
        assert moved(pair) < 20
        assert run("set", "throttle=0", "--state", str(state)).exit_code == 0
        process.communicate(timeout=SECONDS)
    assert (process.returncode, moved(pair)) == (0, 2_000)


@pytest.mark.parametrize("text", ["inf", "nan", "-1", "1e30"])
def test_what_is_no_number_of_jobs_is_refused(pair: Pair, tmp_path: Path, text: str) -> None:
    for failed in (
        run(*arguments(pair, tmp_path / "state", f"--throttle={text}")),
        run("set", f"throttle={text}", "--state", str(tmp_path)),
    ):
        assert isinstance(failed.exception, BadInput), failed.output
        assert "allowed: jobs a second, 0 to 1,000,000,000; 0 is no limit" in str(failed.exception)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("text", ["[]", '{"throttle":1,"new":2}', '{"throttle":Infinity}', "\xff"])
def test_settings_that_cannot_be_read_say_how_to_mend_them(pair: Pair, tmp_path: Path, text: str) -> None:
    state = tmp_path / "state"
    run(*arguments(pair, state))
    (state / "settings.json").write_text(text, encoding="latin-1")
    for words in (arguments(pair, state), ["pause", "--state", str(state)], ["set", "throttle=1", "--state", str(state)]):
        failed = run(*words)
        assert isinstance(failed.exception, BadInput), failed.output
        assert "settings.json: " in str(failed.exception)
        assert "remove it, and set again what was set" in str(failed.exception)
        assert "\n" not in str(failed.exception)
    (state / "settings.json").unlink()
    assert run(*arguments(pair, state)).exit_code == 0


CHANGES = """
import sys
from pathlib import Path
from uplift.cli.handover.state import HandoverDirectory
directory = HandoverDirectory(Path(sys.argv[1]))
for number in range(100):
    if sys.argv[2] == "throttle":
        directory.change(throttle=float(number))
    else:
        directory.change(is_paused=True, paused_until=float(number))
"""


def test_of_two_who_change_settings_at_once_none_loses_what_the_other_one_set(tmp_path: Path) -> None:
    names = ("throttle", "paused_until")
    both = [subprocess.Popen([sys.executable, "-c", CHANGES, str(tmp_path), name], stderr=subprocess.PIPE, text=True) for name in names]
    assert [one.communicate(timeout=120)[1] for one in both] == ["", ""]
    settings = HandoverDirectory(tmp_path).settings()
    assert (settings.throttle, settings.is_paused, settings.paused_until) == (99.0, True, 99.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["settings.json", "settings.lock"]


def test_what_a_killed_writer_left_is_no_hindrance_and_goes(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for name in ("handover.json.abcd1234.new", "status.json.abcd1235.new", "settings.json.abcd1236.new"):
        (state / name).write_text("{")
        os.utime(state / name, (1, 1))
    (state / "status.json.abcd1237.new").write_text("{")
    assert run(*arguments(pair, state)).exit_code == 0
    assert [path.name for path in state.glob("*.new")] == ["status.json.abcd1237.new"]
