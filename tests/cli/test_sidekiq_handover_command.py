"""`uplift sidekiq` as a user meets it: output, exit codes, what a running handover is told, kills, and no payload anywhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.sidekiq.handover_pair import Pair, job, worker
from tests.sidekiq.sides import push
from uplift.cli.commands.sidekiq import commands
from uplift.errors import BadInput, RunRefused, UpliftError
from uplift.sidekiq.handover.refusals import HandoverRefused

UPLIFT = str(Path(sys.executable).parent / "uplift")
SECRET = "ssn-123-45-6789"
SECONDS = 60.0


@pytest.fixture
def pair(start_redis: StartRedis) -> Pair:
    return Pair(start_redis("3.2.6"), start_redis("5.0.6"))


def url(server: RedisServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


def arguments(pair: Pair, state: Path, *more: str) -> list[str]:
    return ["handover", "--from", url(pair.source), "--to", url(pair.target), "--state", str(state), *more]


def run(*words: str) -> Any:
    return CliRunner().invoke(commands, list(words))


def secret(number: int, queue: str = "default") -> bytes:
    return job(number, queue).replace(b'"args":[', b'"args":["%b",' % SECRET.encode())


def wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_all_moved_is_exit_0_and_what_is_left_exit_1_with_its_reason(pair: Pair, tmp_path: Path) -> None:
    worker(pair.target, 1, ["default"])
    push(pair.source, "default", *[secret(number) for number in range(20)])
    done = run(*arguments(pair, tmp_path / "state"))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "all moved: 20 jobs")
    push(pair.source, "low", secret(1, "low"))
    left = run(*arguments(pair, tmp_path / "state"))
    assert left.exit_code == 1
    assert "left: queues low: 1: no live process of the new side works on this queue; start a worker there that lists it" in left.stdout
    assert SECRET not in done.output + left.output
    assert pair.target.client.llen("queue:default") == 20


def test_json_lines_say_the_same(pair: Pair, tmp_path: Path) -> None:
    push(pair.source, "default", *[secret(number) for number in range(20)])
    done = run(*arguments(pair, tmp_path / "state", "--any-queue", "--json"))
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, last["schema"], last["jobs"], last["ended"], last["left"]) == (0, "uplift.handover.status/1", 20, "round", [])
    assert SECRET not in done.output
    assert json.loads((tmp_path / "state" / "status.json").read_text()) == last


def test_a_dry_run_moves_nothing_and_says_what_is_not_promised(pair: Pair, tmp_path: Path) -> None:
    push(pair.source, "default", secret(1))
    done = run(*arguments(pair, tmp_path / "state", "--any-queue", "--dry-run"))
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[:2] == ["would be moved:", "  queues default: 1 at most"]
    assert lines[lines.index("not promised:") + 1].startswith("  1. what Sidekiq loses or doubles by itself")
    assert len(lines) < 40
    assert (pair.source.client.llen("queue:default"), pair.target.client.keys("*")) == (1, [])
    assert pair.source.client.keys("uplift:*") == []
    assert not (tmp_path / "state").exists()
    assert SECRET not in done.output


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--only", "retries"], "--only retries: allowed: queues, private, retry"),
        (["--keymap", "/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_bad_options_are_named(pair: Pair, tmp_path: Path, more: list[str], said: str) -> None:
    failed = run(*arguments(pair, tmp_path / "state", *more))
    assert isinstance(failed.exception, BadInput)
    assert said in str(failed.exception)


def test_a_directory_of_other_servers_is_refused(pair: Pair, tmp_path: Path) -> None:
    assert run(*arguments(pair, tmp_path / "state", "--any-queue")).exit_code == 0
    back = run(*arguments(Pair(pair.target, pair.source), tmp_path / "state", "--any-queue"))
    assert isinstance(back.exception, BadInput)
    assert "the way back is a handover of its own" in str(back.exception)


def test_outboxes_of_a_run_whose_directory_is_lost_are_named_and_taken_up(pair: Pair, tmp_path: Path) -> None:
    first = pair.handover(run=b"lost")
    push(pair.source, "default", *[job(number) for number in range(20)])
    worker(pair.target, 1, ["default"])
    while not pair.source.client.exists("uplift:handover:lost:out:1"):
        first.step()
    first.close()
    refused = run(*arguments(pair, tmp_path / "state"))
    assert isinstance(refused.exception, HandoverRefused)
    assert "run lost left" in str(refused.exception)
    taken_up = run(*arguments(pair, tmp_path / "other", "--run", "lost"))
    assert taken_up.exit_code == 0, taken_up.output
    assert pair.target.client.llen("queue:default") == 20


@pytest.mark.parametrize(("config", "said"), [(("maxmemory-policy", "allkeys-lru"), "may evict outboxes and jobs")])
def test_servers_that_may_lose_jobs_are_refused(pair: Pair, tmp_path: Path, config: tuple[str, str], said: str) -> None:
    pair.target.set_config(*config)
    refused = run(*arguments(pair, tmp_path / "state"))
    assert isinstance(refused.exception, UpliftError)
    assert said in str(refused.exception)


def test_the_same_server_twice_is_refused(pair: Pair, tmp_path: Path) -> None:
    refused = run(*arguments(Pair(pair.source, pair.source), tmp_path / "state"))
    assert "the same server" in str(refused.exception)


def start(pair: Pair, state: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen([UPLIFT, "sidekiq", *arguments(pair, state, *more)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_and_started_again_it_goes_on_and_ctrl_c_leaves_nothing_in_an_outbox(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    push(pair.source, "default", *[job(number) for number in range(4_000)])
    process = start(pair, state, "--any-queue", "--throttle", "500", "--until-empty")
    wait(lambda: pair.target.client.llen("queue:default") > 100)
    process.kill()
    process.communicate()
    process = start(pair, state, "--any-queue", "--until-empty")
    before = pair.target.client.llen("queue:default")
    wait(lambda: pair.target.client.llen("queue:default") > before)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "stopped: nothing is in an outbox; the same command with --state" in errors, errors
    assert "Traceback" not in errors
    assert not [key for key in pair.source.client.keys("uplift:handover:*") if b":out:" in key]
    assert pair.source.client.llen("queue:default") + pair.target.client.llen("queue:default") == 4_000


def test_what_is_set_while_it_runs_is_taken(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    push(pair.source, "default", *[job(number) for number in range(3_000)])
    process = start(pair, state, "--any-queue", "--throttle", "50")
    try:
        wait(lambda: pair.target.client.llen("queue:default") > 0)
        assert run("pause", "--state", str(state)).stdout == "paused: within a second\n"
        wait(lambda: json.loads((state / "status.json").read_text())["phase"] == "paused")
        moved = pair.target.client.llen("queue:default")
        wait(lambda: not [key for key in pair.source.client.keys("uplift:handover:*") if b":out:" in key])
        assert pair.target.client.llen("queue:default") < moved + 400
        assert run("set", "throttle=0", "--state", str(state)).exit_code == 0
        assert run("resume", "--state", str(state)).exit_code == 0
        process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert pair.target.client.llen("queue:default") == 3_000


@pytest.mark.parametrize("words", [["set", "speed=1"], ["set", "throttle=fast"], ["pause"]])
def test_bad_settings_are_named(tmp_path: Path, words: list[str]) -> None:
    refused = run(*words, "--state", str(tmp_path))
    assert isinstance(refused.exception, BadInput)


def proof(pair: Pair, state: Path, *more: str) -> Any:
    return run("status", "--from", url(pair.source), "--to", url(pair.target), "--state", str(state), *more)


def test_the_proof_says_what_speaks_against_it_and_nothing_else(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    push(pair.source, "default", *[job(number) for number in range(5)])
    push(pair.source, "low", job(1, "low"))
    pair.source.client.set("stat:processed", 70)
    worker(pair.target, 1, ["default"])
    run(*arguments(pair, state))
    not_over = proof(pair, state)
    assert not_over.exit_code == 1
    assert [line for line in not_over.stdout.splitlines() if line.startswith("not over")] == ["not over: 1 jobs in queues of the old side"]
    run(*arguments(pair, state, "--any-queue"))
    over = proof(pair, state)
    assert over.exit_code == 0, over.output
    assert "nothing is left, nothing is in an outbox, all statistics that were taken were added" in over.stdout
    assert json.loads(proof(pair, state, "--json").stdout)["handover"]["is_over"] is True
    name = json.loads((state / "handover.json").read_text())["run"]
    pair.target.client.hincrby(f"uplift:handover:{name}:sums", "stat:processed", -1)
    assert "not over: statistics of which not all was added: stat:processed" in proof(pair, state).stdout


def test_an_outbox_and_what_is_held_speak_against_it(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    worker(pair.target, 1, ["default"])
    run(*arguments(pair, state))
    name = json.loads((state / "handover.json").read_text())["run"].encode()
    for server, score in ((pair.source, 1.0), (pair.target, 2.0)):
        server.client.zadd("retry", {job(1): score})
    run(*arguments(pair, state))
    assert "not over: 1 jobs are held back on the new side" in proof(pair, state).stdout
    push(pair.source, "default", job(2))
    one = pair.handover(run=name)
    while not any(b":out:" in key for key in pair.source.client.keys("uplift:handover:*")):
        one.step()
    one.close()
    assert "chunks are in outboxes: run the handover again" in proof(pair, state).stdout


def test_a_proof_needs_both_sides_and_the_servers_of_its_directory(pair: Pair, tmp_path: Path) -> None:
    run(*arguments(pair, tmp_path / "state"))
    for refused in (
        run("status", "--from", url(pair.source), "--state", str(tmp_path / "state")),
        proof(Pair(pair.target, pair.source), tmp_path / "state"),
        proof(pair, tmp_path / "nowhere"),
    ):
        assert isinstance(refused.exception, BadInput)


def test_the_end_removes_what_holds_no_job(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    push(pair.source, "default", *[job(number) for number in range(5)])
    words = ["end", "--from", url(pair.source), "--to", url(pair.target), "--state", str(state)]
    run(*arguments(pair, state, "--any-queue"))
    name = json.loads((state / "handover.json").read_text())["run"].encode()
    push(pair.source, "default", job(9))
    one = pair.handover(run=name)
    worker(pair.target, 1, ["default"])
    while not any(b":out:" in key for key in pair.source.client.keys("uplift:handover:*")):
        one.step()
    one.close()
    refused = run(*words)
    assert isinstance(refused.exception, RunRefused)
    assert "1 chunks are in outboxes" in str(refused.exception)
    run(*arguments(pair, state))
    pair.source.client.set("uplift:handover:gate-of", name)
    pair.target.client.set("uplift:handover:gate-of", "another")
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert (pair.source.client.keys("uplift:*"), pair.target.client.keys("uplift:*")) == ([], [b"uplift:handover:gate-of"])
    assert pair.target.client.llen("queue:default") == 6


def test_a_directory_is_of_one_database(pair: Pair, tmp_path: Path) -> None:
    run(*arguments(pair, tmp_path / "state", "--any-queue"))
    words = ["--from", f"{url(pair.source)}/1", "--to", f"{url(pair.target)}/1", "--state", str(tmp_path / "state")]
    for command in ("handover", "status", "end"):
        refused = run(command, *words)
        assert isinstance(refused.exception, BadInput), (command, refused.output)
        assert "the same servers and database" in str(refused.exception)


def test_an_open_batch_and_clients_of_this_database_speak_against_it(pair: Pair, tmp_path: Path) -> None:
    state = tmp_path / "state"
    pair.source.client.hset("b-aBcdEfgHijKlMn", "pending", 2)
    run(*arguments(pair, state, "--only", "queues", "--any-queue"))
    pair.source.connect(3).lpush("queue:other", "x")
    found = proof(pair, state)
    assert [line for line in found.stdout.splitlines() if line.startswith("not over")] == [
        "not over: 1 open batches are on the old side: they move once no process is left there"
    ]


def test_what_a_server_forgot_is_named_by_its_jids_and_nothing_else(pair: Pair, tmp_path: Path) -> None:
    push(pair.source, "default", *[secret(number) for number in range(250)])
    run(*arguments(pair, tmp_path / "state", "--any-queue"))
    pair.target.client.flushall()
    stopped = run(*arguments(pair, tmp_path / "state", "--any-queue"))
    assert stopped.exit_code == 1
    chunks = [line for line in stopped.stdout.splitlines() if line.startswith("chunk")]
    assert [line.partition(": jid")[0] for line in chunks] == ["chunk 1: 100 jobs", "chunk 2: 100 jobs", "chunk 3: 50 jobs"]
    assert all(line.endswith(", may be lost") for line in chunks)
    assert f"{249:024x}" in chunks[2]
    assert "stopped: the target's ledger is gone" in stopped.stdout
    assert SECRET not in stopped.output
