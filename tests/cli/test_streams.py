"""Standard streams and files that take nothing, and Ctrl-C at any early moment: one line, never a traceback."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis

UPLIFT = str(Path(sys.executable).parent / "uplift")
CHECK = f"{UPLIFT} keymap check config/keyspace.yaml"


def _shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("command", [CHECK, f"{CHECK} --json", f"{UPLIFT} --help", f"{UPLIFT} --version"])
def test_a_full_standard_output_is_one_line_and_1(command: str) -> None:
    ended = _shell(f"{command} > /dev/full")
    assert (ended.returncode, ended.stderr.splitlines()[0][:15]) == (1, "standard output")
    assert ("Traceback" in ended.stderr, len(ended.stderr.splitlines())) == (False, 1)


def test_a_closed_standard_output_is_no_reason_to_fail() -> None:
    assert (_shell(f"{CHECK} >&-").returncode, _shell(f"{CHECK} >&-").stderr) == (0, "")


def test_a_reader_that_has_seen_enough() -> None:
    """It is gone before the first byte is written."""
    ended = _shell(f"{CHECK} --json | true")
    assert (ended.returncode in {0, 1}, ended.stderr) == (True, "")


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}]
)
def test_a_character_set_that_lacks_what_is_printed(environment: dict[str, str], tmp_path: Path) -> None:
    keymap = tmp_path / "ключ…yaml"
    keymap.write_text("version: 1")
    ended = _shell(f"{UPLIFT} keymap check '{keymap}'", **environment)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "destinations" in ended.stderr


@pytest.fixture
def servers(start_redis: StartRedis) -> tuple[RedisServer, RedisServer]:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for number in range(12_000):
        source.client.set(f"Name{number}", "v")
    return source, target


def _way(servers: tuple[RedisServer, RedisServer]) -> str:
    source, target = servers
    return f"--from redis://127.0.0.1:{source.port} --to redis://127.0.0.1:{target.port}"


def test_a_report_is_there_as_a_whole_or_as_it_was(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    report.write_text("of another day\n")
    refused = _shell(f"{UPLIFT} verify {_way((servers[0], servers[0]))} --report {report}")
    assert (refused.returncode, report.read_text()) == (2, "of another day\n")
    found = _shell(f"{UPLIFT} verify {_way(servers)} --report {report} --rechecks 1")
    assert (found.returncode, len(report.read_text().splitlines()), stat.S_IMODE(report.stat().st_mode)) == (1, 12_000, 0o600)
    full = _shell(f"{UPLIFT} verify {_way(servers)} --report /dev/full --rechecks 1")
    assert (full.returncode, "Traceback" in full.stderr) == (1, False)
    assert "--report /dev/full: No space left on device: nothing was written there" in full.stderr
    missing = _shell(f"{UPLIFT} verify {_way(servers)} --report {tmp_path}/no/where")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert list(tmp_path.glob("*.new")) == []


def test_every_name_without_a_rule_is_written(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> None:
    names = tmp_path / "names"
    source = f"--from redis://127.0.0.1:{servers[0].port} --names {names}"
    for command in (f"{UPLIFT} inventory {source} --keymap config/keyspace.yaml", f"{CHECK} {source}"):
        assert "Name1" not in _shell(command).stdout
        assert sorted(names.read_text().split()) == sorted(f"Name{number}" for number in range(12_000))
        names.unlink()


@pytest.mark.parametrize("command", ["copy", "verify", "inventory", "keymap"])
def test_ctrl_c_at_an_early_moment_is_one_line(command: str, tmp_path: Path, draws: random.Random) -> None:
    """Moments are drawn: CPU time of the process, in ticks of 10 ms. Nobody answers where it connects to."""
    nobody = "redis://127.0.0.1:1"
    arguments = {
        "copy": ["--from", nobody, "--to", nobody, "--state", str(tmp_path / "state")],
        "verify": ["--from", nobody, "--to", nobody],
        "inventory": ["--from", nobody],
        "keymap": ["check", "config/keyspace.yaml"],
    }[command]
    for ticks in draws.sample(range(5, 50), 6):
        process = subprocess.Popen([UPLIFT, command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and _ticks(process.pid) < ticks:
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors, (ticks, errors)
        # The last moment is that of the interpreter going down, which no longer listens: the signal itself ends it.
        assert process.returncode in {0, 1, -signal.SIGINT}, (ticks, process.returncode, errors)
        assert len(errors.splitlines()) <= 1, (ticks, errors)


def test_ctrl_c_while_a_module_is_imported_that_makes_another_error_of_it() -> None:
    """As pydantic does while it builds a model: SchemaError, in the middle of an import."""
    program = (
        "import os, signal\nfrom uplift.cli.start import loading\nwith loading():\n    try:\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "        [None for _ in range(10**6)]\n    except BaseException as problem:\n        raise ValueError('SchemaError') from problem\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr, ended.stdout) == (1, "stopped\n", "")


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
