"""How a handover ends: by its exit code and its last line; and how its end is gone on with, where it broke off between the servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Pair, job
from tests.sidekiq.sides import push
from uplift.cli.commands.sidekiq import commands
from uplift.cli.commands.sidekiq_handover import exit_code_of
from uplift.cli.handover.status import HandoverPhase, HandoverStatus, LeftStatus
from uplift.cli.terminal.handover_text import ended_line
from uplift.errors import BadInput, ExitCode, RunRefused, SourceUnreachable
from uplift.keyspace.server.connection import Connection
from uplift.sidekiq.handover.handover import Ended
from uplift.sidekiq.handover.remaining import Remaining

COUNTER = LeftStatus("statistics", "stat:failed", 1, "not a plain number", "look at it by hand")
NO_LIST = LeftStatus("queues", "low", 0, "no list", "look at it by hand")
LOW = LeftStatus("queues", "low", 7, "nobody works on it", "start a worker")


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    return Pair(start_redis("3.2.6"), start_redis("5.0.6"))


def words(pair: Pair, command: str, state: Path, *more: str) -> list[str]:
    urls = ["--from", f"redis://127.0.0.1:{pair.source.port}", "--to", f"redis://127.0.0.1:{pair.target.port}"]
    return [command, *urls, "--state", str(state), *more]


def run(pair: Pair, command: str, state: Path, *more: str) -> Any:
    return CliRunner().invoke(commands, words(pair, command, state, *more))


def status(ended: Ended | None, *left: LeftStatus, queued: int = 0) -> HandoverStatus:
    remaining = Remaining(queued, 0, 0, 0, 0, 4)
    return HandoverStatus(
        at=0.0, run="r", phase=HandoverPhase.ENDED, rounds=1, jobs=10, jobs_a_second=0.0, to_go=0, seconds_left=None, given_back=0,
        released=0, counters=0, locks=0, batches=0, throttle=0.0, left=left, remaining=remaining, ended=ended,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("last", "code", "line"),
    [
        (status(Ended.ROUND), 0, "all moved: 10 jobs"),
        (status(Ended.ROUND, queued=3), 1, "all moved: 10 jobs; 3 came since: go round again, or until it is over with --until-empty"),
        (status(Ended.ROUND, LOW, COUNTER), 1, "went round once: 10 jobs moved; 7 jobs stay: queues low, statistics stat:failed"),
        (status(Ended.ROUND, NO_LIST), 1, "went round once: 10 jobs moved; something stays: queues low"),
        (status(Ended.ROUND, COUNTER), 1, "went round once: 10 jobs moved; something stays: statistics stat:failed"),
        (status(Ended.EMPTY), 0, "done: 10 jobs moved; the old side is empty, has no process, and stayed so"),
        (
            status(Ended.EMPTY, COUNTER),
            1,
            "done: 10 jobs moved; the old side is empty, has no process, and stayed so; but something stays: statistics stat:failed",
        ),
        (status(None), 1, "not over: 10 jobs moved"),
    ],
)
def test_the_exit_code_is_0_where_nothing_stays_and_the_last_line_says_what_does(last: HandoverStatus, code: int, line: str) -> None:
    assert (exit_code_of(last), ended_line(last)) == (ExitCode(code), line)


def test_a_counter_that_is_no_number_stays_and_is_exit_1(pair: Pair, tmp_path: Path) -> None:
    push(pair.source, "default", job(1))
    pair.source.client.set("stat:failed", "1.5")
    done = run(pair, "handover", tmp_path / "state", "--any-queue")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "went round once: 1 jobs moved; something stays: statistics stat:failed")


def broken_off(pair: Pair, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose end had removed what is on the source when it lost the target."""
    push(pair.source, "default", *[job(number) for number in range(300)])
    assert run(pair, "handover", state, "--any-queue").exit_code == 0
    whole = Connection.call_all

    def call_all(connection: Connection, requests: list[bytes]) -> Any:
        if connection.endpoint.port == pair.target.port and any(b"\nDEL\r" in request for request in requests):
            raise SourceUnreachable("the target is gone")
        return whole(connection, requests)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "call_all", call_all)
        ended = run(pair, "end", state)
    assert isinstance(ended.exception, SourceUnreachable), ended.output
    assert pair.source.client.keys("uplift:*") == []
    assert pair.target.client.keys("uplift:*") != []


def test_an_end_that_broke_off_is_gone_on_with_and_no_handover_takes_it_for_a_loss(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    broken_off(pair, state, monkeypatch)
    refused = run(pair, "handover", state, "--any-queue")
    assert isinstance(refused.exception, BadInput), refused.output
    assert "broke off between the servers: give that command again" in str(refused.exception)
    done = run(pair, "end", state)
    assert done.exit_code == 0, done.output
    assert (pair.source.client.keys("uplift:*"), pair.target.client.keys("uplift:*")) == ([], [])
    push(pair.source, "default", job(1_000))
    assert run(pair, "handover", state, "--any-queue").stdout.splitlines()[-1] == "all moved: 1 jobs"
    assert pair.target.client.llen("queue:default") == 301


def test_an_end_that_is_refused_leaves_the_run_as_it_was(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    push(pair.source, "default", job(1))
    assert run(pair, "handover", state, "--any-queue").exit_code == 0
    name = json.loads((state / "handover.json").read_text())["run"]
    before = sorted(pair.source.client.keys("uplift:*")), sorted(pair.target.client.keys("uplift:*"))
    whole = Connection.call_all

    def call_all(connection: Connection, requests: list[bytes]) -> Any:
        if any(b"\nMULTI\r" in request for request in requests):
            pair.source.client.hset(f"uplift:handover:{name}:src", "epoch", 9)
        return whole(connection, requests)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "call_all", call_all)
        refused = run(pair, "end", state)
    assert str(refused.exception) == "somebody works on this run at the same time: nothing was removed"
    assert (sorted(pair.source.client.keys("uplift:*")), sorted(pair.target.client.keys("uplift:*"))) == before
    assert "is_ending" not in (state / "handover.json").read_text()
    assert run(pair, "handover", state, "--any-queue").exit_code == 0


def test_a_key_of_the_run_that_is_of_another_type_is_one_line(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert run(pair, "handover", state, "--any-queue").exit_code == 0
    name = json.loads((state / "handover.json").read_text())["run"]
    pair.target.client.set(f"uplift:handover:{name}:held:retry", "x")
    for command in ("status", "end"):
        found = run(pair, command, state)
        assert isinstance(found.exception, RunRefused), found.exception
        assert "WRONGTYPE" in str(found.exception)
    assert "is_ending" not in (state / "handover.json").read_text()


def test_what_a_command_prints_with_json_is_said_in_its_help() -> None:
    for command in ("handover", "gate"):
        assert "one document a line" in " ".join(CliRunner().invoke(commands, [command, "--help"], env={"COLUMNS": "400"}).output.split())
