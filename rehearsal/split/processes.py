"""The application's processes and the engines, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.run.installed_tools import ROOT
from rehearsal.split.servers import OUR_NAME, SplitServers

_READY_SECONDS = 60.0
_STOP_SECONDS = 40.0
UPLIFT = (str(Path(sys.executable).with_name("uplift")),)
CRON_LATE_SECONDS = 5
"""The simulated scheduler fires within a second."""


@dataclass(slots=True)
class AppProcess:
    """`started_at` and `stopped_at` in seconds since 1970; `side` as the pointer said when it started."""

    role: str
    number: int
    side: str
    process: subprocess.Popen[bytes]
    journal_path: Path
    started_at: float
    stopped_at: float | None = None
    journal: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Such as web-3."""
        return f"{self.role}-{self.number}"

    def stop(self) -> None:
        """In good order, and read what it was promised."""
        self.stopped_at = time.time()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_STOP_SECONDS)
        self.journal = json.loads(self.journal_path.read_text())

    def kill(self) -> None:
        """Without a journal; safe to call twice."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Application:
    """All processes there ever were, in the order of their starts."""

    def __init__(self, servers: SplitServers, folder: Path, state: Path, pause: float | None = None) -> None:
        """`pause`: of a thread of the web between two requests, in seconds."""
        self.processes: list[AppProcess] = []
        self._words = "" if pause is None else f" --pause {pause}"
        self._servers, self._folder, self._state = servers, folder, state
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def alive(self) -> list[AppProcess]:
        """Those that were not stopped."""
        return [one for one in self.processes if one.stopped_at is None]

    def start(self, role: str, *, by_pointer: bool) -> AppProcess:
        """One more, by the start script: where its Redis are it reads from the pointer, or they are legacy's."""
        number = len(self.processes) + 1
        journal = self._folder / f"{role}-{number}.json"
        command = f"exec {sys.executable} -m rehearsal.app.process {role} {number} {journal}{self._words}"
        environment = {**os.environ, **self._servers.environment, "PYTHONPATH": str(ROOT)}
        side = "old"
        if by_pointer:
            side = str(json.loads((self._state / "pointer.json").read_text())["side"])
            command = f'eval "$({" ".join(UPLIFT)} endpoints --state {self._state} --format shell --with-passwords)" && {command}'
        else:
            url = self._servers.legacy.application_url
            environment |= {"redis__app_data__url": url, "redis__sidekiq__url": url}
        with (self._folder / f"{role}-{number}.log").open("wb") as log:
            process = subprocess.Popen(["sh", "-c", command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None  # noqa: S101
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{role}-{number} did not start: see {self._folder}")
        started = AppProcess(role, number, side, process, journal, time.time())
        self.processes.append(started)
        return started

    def stop(self) -> None:
        """All that are alive."""
        for one in self.alive:
            one.stop()

    def kill(self) -> None:
        """All that are alive, without their journals."""
        for one in self.processes:
            one.kill()


class Engines:
    """Engines of one state directory, and the operator's commands to them."""

    def __init__(
        self, servers: SplitServers, folder: Path, state: Path, keymap: Path, *, quiet: float, options: tuple[str, ...] = ()
    ) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self._servers, self._folder, self.state, self._keymap = servers, folder, state, keymap
        self._quiet, self._options, self._started = quiet, options, 0
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, *, standby: bool, before: tuple[str, ...] = (), without: frozenset[str] = frozenset()) -> subprocess.Popen[bytes]:
        """One more. `before`: words in front of its command; `without`: environment variables that it does not get."""
        servers = self._servers
        command = [*before, *UPLIFT, "split", "run", "--from", servers.legacy.url]
        for group in (servers.app_cache, servers.sidekiq):
            command += ["--to", f"{group.name}={group.url}"]
        command += ["--keymap", str(self._keymap), "--state", str(self.state), "--quiet", str(self._quiet)]
        command += ["--allow-client", f"{OUR_NAME}*", "--cron-late", str(CRON_LATE_SECONDS), *self._options]
        if standby:
            command.append("--standby")
        environment = {name: value for name, value in {**os.environ, **servers.environment}.items() if name not in without}
        self._started += 1
        with (self._folder / f"engine-{self._started}.log").open("wb") as log:
            # What it says goes through a pipe: a disk that is full for an engine is not full for its log.
            writes = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log, start_new_session=True)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=writes.stdin, stderr=subprocess.STDOUT)
        assert writes.stdin is not None  # noqa: S101
        writes.stdin.close()
        self.processes.append(process)
        return process

    def say(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`uplift split WORDS`, as an operator."""
        command = [*UPLIFT, "split", words[0], "--state", str(self.state), *words[1:]]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        with (self._folder / "operator.log").open("a") as log:
            log.write(f"$ uplift split {' '.join(words)}\n{said.stdout}{said.stderr}exit {said.returncode}\n")
        return said

    def status(self) -> Mapping[str, Any] | None:
        """What the engine that leads told last."""
        try:
            found: Mapping[str, Any] = json.loads((self.state / "status.json").read_text())
        except FileNotFoundError:
            return None
        return found

    def allow(self, client: str) -> None:
        """Start all of them again, which know a client from now on."""
        count = len([one for one in self.processes if one.poll() is None])
        self.stop()
        self._options = (*self._options, "--allow-client", client)
        for number in range(count):
            self.start(standby=number > 0)

    def forget_ended(self) -> None:
        """Those that have ended are none of the run's."""
        self.processes = [one for one in self.processes if one.poll() is None]

    def have_ended(self) -> bool:
        """Whether some were started, and none is there."""
        return bool(self.processes) and all(one.poll() is not None for one in self.processes)

    def leading(self) -> subprocess.Popen[bytes] | None:
        """The process of the engine that leads; its name ends with its pid."""
        status = self.status()
        pid = int(str(status["engine"]).rpartition("-")[2]) if status is not None else 0
        return next((one for one in self.processes if one.pid == pid and one.poll() is None), None)

    def stop(self) -> None:
        """End all of them as Ctrl-C does."""
        for one in self.processes:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for one in self.processes:
            try:
                one.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
