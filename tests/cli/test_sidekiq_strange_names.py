"""Names in Sidekiq's keys are any bytes: no markup, no emoji, no control character reaches a terminal; documents have them whole."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Pair, job
from tests.sidekiq.sides import heartbeat
from uplift.cli.commands.sidekiq import commands
from uplift.cli.terminal.plain_console import plain_console
from uplift.cli.terminal.table import plain_table
from uplift.sidekiq.keys.shown_names import shown_name, whole_name

UPLIFT = str(Path(sys.executable).parent / "uplift")
LONG = b"x" * 5_000
NAMES = (b"[/]", b"[bold]b[/bold]", b"a:smile:b", b"a\nnot over: FORGED", b"\x1b[31mred", b"\xff\xfe", LONG, LONG + b"2")


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    found = Pair(start_redis("3.2.6"), start_redis("5.0.6"))
    for number, name in enumerate(NAMES):
        found.source.client.lpush(b"queue:" + name, job(number))
        found.source.client.sadd("queues", name)
    heartbeat(found.source, "[/]:1:0123456789ab", "[/]", version="7.0\x1b[2J" + "0" * 500)
    found.source.client.hset("sidekiq-scheduler:next_times", b"[/]\x1b[2J", b"soon\x1b[2J")
    found.source.client.hset("schedules", b"[/]\x1b[2J", b"{}")
    return found


def sides(pair: Pair) -> list[str]:
    return ["--from", f"redis://127.0.0.1:{pair.source.port}", "--to", f"redis://127.0.0.1:{pair.target.port}"]


def run(*words: str) -> Any:
    return CliRunner().invoke(commands, list(words))


def expect_harmless(text: str) -> None:
    assert "[/]" in text
    assert "\x1b" not in text
    assert "\nnot over: FORGED" not in text
    assert max(map(len, text.splitlines())) < 1_200


def test_every_line_for_people_is_harmless(pair: Pair, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    for words in (
        ["handover", *sides(pair), "--state", state, "--dry-run", "--any-queue"],
        ["handover", *sides(pair), "--state", state],
        ["status", *sides(pair)],
        ["handover", *sides(pair), "--state", state, "--any-queue"],
        ["status", *sides(pair), "--state", state],
    ):
        done = run(*words)
        assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
        expect_harmless(done.output)


def test_documents_have_names_whole(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    found = json.loads(run("status", *sides(pair), "--json").stdout)
    assert {one["name"] for one in found["from"]["queues"]} == set(map(whole_name, NAMES))
    last = json.loads(run("handover", *sides(pair), "--state", str(state), "--json").stdout.splitlines()[-1])
    assert {one["name"] for one in last["left"]} == set(map(whole_name, NAMES))


@pytest.mark.parametrize("words", [["status", "--watch"], ["handover", "--any-queue", "--throttle", "5"]])
def test_what_changes_on_a_terminal_is_no_markup(pair: Pair, tmp_path: Path, words: list[str]) -> None:
    more = ["--state", str(tmp_path / "state")] if words[0] == "handover" else []
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "60"}
    process = subprocess.Popen([UPLIFT, "sidekiq", *words, *sides(pair), *more], stdout=writer, stderr=writer, env=environment)
    os.close(writer)
    time.sleep(3.0)
    process.terminate()
    shown = b""
    try:
        while part := os.read(reader, 65536):
            shown += part
    except OSError:
        pass
    process.wait(timeout=30)
    os.close(reader)
    assert b"Traceback" not in shown
    assert b"MarkupError" not in shown
    assert b"\x1b[2J" not in shown


def test_a_console_prints_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = plain_table("[/] :smile:")
    table.add_row("[bold]:smile:[/]")
    plain_console().print(table)
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == ["[/] :smile:", "[bold]:smile:[/]"]


def test_any_bytes_may_be_given_as_a_queue(pair: Pair, tmp_path: Path) -> None:
    command = [
        UPLIFT,
        "sidekiq",
        "handover",
        *sides(pair),
        "--state",
        str(tmp_path / "state"),
        "--any-queue",
        "--queue",
        os.fsdecode(b"\xff\xfe"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert pair.target.client.llen(b"queue:\xff\xfe") == 1
    assert pair.target.client.llen("queue:[/]") == 0


def test_a_name_is_cut_for_people_alone() -> None:
    assert (len(shown_name(LONG)), len(whole_name(LONG))) == (120, 5_000)
    assert whole_name(b"\x1b\n\xff") == "\\x1b\\n\\xff"
