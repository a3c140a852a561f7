"""The engines of a drawn split: processes that reach the servers through proxies of their own, and are started again where they ended."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint, ProxyLoop
from rehearsal.cloud.elasticache.redis_server import RedisServer, free_port
from rehearsal.run.installed_tools import ROOT


@dataclass
class Seat:
    """One of the two places of an engine: whoever watches it starts the next process once one ended."""

    number: int
    proxies: dict[str, Endpoint]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    start_at: float = 0.0
    is_ended: bool = False


@dataclass
class Engines:
    """`started` and `ended` are told by `told`. The second seat's engines stand by, the first one's while the second's lives."""

    folder: Path
    servers: dict[str, RedisServer]
    rng: random.Random
    told: list[str]
    on_go: str | None
    breaks: str | None
    seats: list[Seat] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        loop = ProxyLoop()
        for number in (1, 2):
            proxies = {name: Endpoint(loop, "127.0.0.1", free_port(), server.port) for name, server in self.servers.items()}
            self.seats.append(Seat(number, proxies))
        self.seats[1].start_at = time.monotonic() + self.rng.uniform(0.3, 2)
        self._thread = threading.Thread(target=self._watch, daemon=True, name="watch")
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for seat in self.seats:
                self._look_at(seat)

    def _look_at(self, seat: Seat) -> None:
        if seat.process is not None and (code := seat.process.poll()) is not None:
            self.tell(f"engine {seat.process.pid} ended with {code}")
            seat.process, seat.is_ended = None, code == 0
            # What was killed is killed on purpose, and stays away for as long as was drawn.
            seat.start_at = max(seat.start_at, time.monotonic() + (0.3 if code == 1 else self.rng.uniform(0.2, 4)))
        if seat.process is None and not seat.is_ended and time.monotonic() >= seat.start_at:
            self._begin(seat)

    def _begin(self, seat: Seat) -> None:
        seat.starts += 1
        state = self.folder / "state"
        said = {
            "state": str(state),
            "ports": {name: server.port for name, server in self.servers.items()},
            "stands_by": seat.number == 2 or self.seats[1].process is not None,
            "on_go": self.on_go,
            "cron": str(self.folder / "cron"),
            "death": str(self.folder / "death.json"),
            "breaks": self.breaks,
        }
        if not (state / "split.json").exists():
            if seat.number == 2:
                seat.start_at = time.monotonic() + 0.2
                seat.starts -= 1
                return
            said["stands_by"] = False
        path = self.folder / f"engine-{seat.number}-{seat.starts}.json"
        path.write_text(json.dumps(said))
        with path.with_suffix(".log").open("wb") as log:
            command = [sys.executable, "-m", "tests.split.drawn.engine_process", str(path)]
            seat.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self.tell(f"engine {seat.process.pid} started, {path.stem}, {'stands by' if said['stands_by'] else 'leads'}")

    def tell(self, text: str) -> None:
        self.told.append(f"{time.time():.3f} {text}")

    def leader(self, name: str) -> Seat | None:
        """The one whose engine has that name and lives."""
        return next((seat for seat in self.seats if seat.process is not None and name == f"e-{seat.process.pid}"), None)

    @property
    def alive(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.process is not None and seat.process.poll() is None]

    def crashed(self) -> list[str]:
        """What ended an engine that was no refusal of its own: the last lines of its log."""
        logs = {path.name: path.read_text(errors="replace") for path in sorted(self.folder.glob("engine-*.log"))}
        return [f"{name} crashed: {text[-2000:]}" for name, text in logs.items() if "Traceback" in text]

    def kill(self, seats: list[Seat]) -> None:
        for seat in seats:
            _signal(seat, signal.SIGKILL)

    def stand_still(self, seat: Seat, seconds: float) -> None:
        process = seat.process
        _signal(seat, signal.SIGSTOP)
        time.sleep(seconds)
        if seat.process is process:
            _signal(seat, signal.SIGCONT)

    def cut(self, seats: list[Seat], name: str, seconds: float) -> None:
        for seat in seats:
            seat.proxies[name].cut()
        time.sleep(seconds)
        for seat in seats:
            seat.proxies[name].open()

    def close(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        for seat in self.seats:
            _signal(seat, signal.SIGKILL)
            if seat.process is not None:
                seat.process.wait()
            for proxy in seat.proxies.values():
                proxy.close()


def _signal(seat: Seat, number: signal.Signals) -> None:
    process = seat.process
    if process is not None and process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
