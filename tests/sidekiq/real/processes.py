"""Starts them, and asks what came of their jobs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer

FOLDER = Path(__file__).parent
RUBY = shutil.which("ruby")
MISSING = "no ruby with the gem sidekiq 6.4: `.ci/run` installs Debian's, elsewhere apt-get install ruby-sidekiq"
_PATIENCE_SECONDS = 240.0


def has_sidekiq() -> bool:
    return RUBY is not None and subprocess.run([RUBY, "-e", "gem 'sidekiq', '~> 6.4'"], capture_output=True, check=False).returncode == 0


def url(server: RedisServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """However slow the machine is: a deadline is only for what never comes."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


class Processes:
    """Of one test, all with one log of jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "jobs"
        self.log.touch()
        (folder / "tried").mkdir()
        self._started: list[subprocess.Popen[str]] = []

    def _environment(self, side: str, stuck: int = 0) -> dict[str, str]:
        more = {"JOBLOG": str(self.log), "TRIED": str(self.folder / "tried"), "SIDE": side, "STUCK": str(stuck)}
        return {**os.environ, **more, "LANG": "C.UTF-8", "DISABLE_SPRING": "1"}

    def start_worker(self, server: RedisServer, side: str, *queues: str) -> subprocess.Popen[str]:
        """`sidekiq`, and it has told its queues."""
        listed = [word for queue in queues for word in ("-q", queue)]
        said = self.folder / f"worker-{len(self._started)}.txt"
        with said.open("w") as output:
            process = subprocess.Popen(
                [str(RUBY), "-S", "sidekiq", "-e", "test", "-t", "5", "-r", str(FOLDER / "app.rb"), *listed],
                env={**self._environment(side), "REDIS_URL": url(server)},
                stdout=output,
                stderr=output,
                text=True,
            )
        self._started.append(process)
        wait_until(
            lambda: _ended(process, said) or beat_of(server, process) is not None, f"the beat of a worker, which said {said.read_text()}"
        )
        return process

    def start_producer(self, old: RedisServer, new: RedisServer, stuck: int) -> Producer:
        process = subprocess.Popen(
            [str(RUBY), str(FOLDER / "producer.rb"), url(old), url(new)],
            env=self._environment("none", stuck),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return Producer(process)

    def run(self, script: str, server: RedisServer) -> str:
        """One that ends; what it printed."""
        ran = subprocess.run(
            [str(RUBY), str(FOLDER / script), url(server)],
            env=self._environment("none"),
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def noted(self) -> Counter[tuple[str, int, str]]:
        """What jobs wrote: what, their number and the side, and how often."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return Counter((what, int(number), side) for what, number, side in lines)

    def count(self, what: str) -> Counter[int]:
        """By number of a job, how often it wrote so."""
        found: Counter[int] = Counter()
        for (wrote, number, _), times in self.noted().items():
            found[number] += times if wrote == what else 0
        return +found

    def kill_all(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


class Producer:
    """Enqueues when it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.jobs = self._answer()

    def more(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("more\n")
        self._process.stdin.flush()
        self.jobs = self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def _ended(process: subprocess.Popen[str], said: Path) -> bool:
    assert process.poll() is None, said.read_text()
    return False


def beat_of(server: RedisServer, process: subprocess.Popen[str]) -> dict[bytes, bytes] | None:
    """The latest beat of a worker, as its hash says it; None where there is none."""
    client: Any = server.client
    for identity in client.smembers("processes"):
        if identity.split(b":")[1] == b"%d" % process.pid:
            return client.hgetall(identity) or None
    return None


def is_fetching(server: RedisServer) -> bool:
    """Whether any worker waits for a job."""
    client: Any = server.client
    # The command alone is the latest one of an idle connection too.
    return any(one["cmd"] == "brpop" and "b" in one["flags"] for one in client.client_list())


class Stop:
    """Of a worker, as a deployment does it, a piece at a time: quiet, and when it fetches nothing more, TERM.

    It would kill a thread in BRPOP 5 s after TERM, and Sidekiq loses a job that comes just then.
    """

    def __init__(self, server: RedisServer, process: subprocess.Popen[str]) -> None:
        self._server, self._process = server, process
        process.send_signal(signal.SIGTSTP)
        self._is_told = False

    def go_on(self) -> None:
        beat = beat_of(self._server, self._process) or {}
        if not self._is_told and beat.get(b"quiet") == b"true" and not is_fetching(self._server):
            self._process.send_signal(signal.SIGTERM)
            self._is_told = True


def quiet(server: RedisServer, process: subprocess.Popen[str]) -> None:
    """It fetches nothing more, and has said so."""
    process.send_signal(signal.SIGTSTP)
    wait_until(lambda: (beat_of(server, process) or {}).get(b"quiet") == b"true", "a quiet worker")


def terminate(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: process.poll() is not None, "the end of a worker")
