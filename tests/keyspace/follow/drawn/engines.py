"""The test's side of an engine process: what it said so far, and what it is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Named:
    """A key an engine named, when, by the test's clock, and why."""

    at: float
    key: bytes
    reason: str
    owner: str


@dataclass
class EngineLog:
    """What all engines of a run said. `rounds`: when (monotonic) an engine had done so many whole rounds, by owner."""

    named: list[Named] = field(default_factory=list)
    rounds: list[tuple[float, str, int]] = field(default_factory=list)
    lines: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)


class EngineProcess:
    """`status` is what it said last."""

    def __init__(
        self, ports: tuple[int, int], owner: str, *, stands_by: bool, authority: str, log: EngineLog, base: Path, without: str | None
    ) -> None:
        self.owner, self.log, self.base = owner, log, base
        self.status: dict[str, Any] = {}
        self.at: str | None = None
        self.ended: str | None = None
        self.asked = 0
        self._changed = threading.Condition()
        role = "standby" if stands_by else "active"
        ablations = [without] if without else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.engine_process", *map(str, ports), owner, role, authority, str(base), *ablations],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)]
        self._readers.append(threading.Thread(target=self._read_errors, daemon=True))
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            try:
                what = json.loads(line)
            except ValueError:
                # Killed while it spoke.
                continue
            self._take(what)
        with self._changed:
            self._changed.notify_all()

    def _take(self, what: dict[str, Any]) -> None:
        now = time.monotonic()
        with self._changed:
            if "at" in what:
                self.at = what["at"]
            elif "ended" in what:
                self.ended = what["ended"]
            else:
                self.status = what
                self.log.named += [Named(now, key.encode("latin-1"), reason, self.owner) for key, reason in what.get("named", ())]
                if "rounds" in what:
                    self.log.rounds.append((now, self.owner, what["rounds"]))
            if what.get("problem") or "ended" in what or what.get("named"):
                self.log.lines.append((now, self.owner, what))
            self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors += self._process.stderr

    @property
    def errors(self) -> str:
        """What it wrote to standard error: a fault of the program, as it never does."""
        return "".join(self._errors)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def is_active(self) -> bool:
        return self.is_alive and bool(self.status.get("active"))

    @property
    def is_warm(self) -> bool:
        return self.is_alive and bool(self.status.get("warm"))

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def wait(self, condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> bool:
        """Whether the condition came true before the deadline, and while the process lives."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: condition() or not self.is_alive, seconds)) and bool(condition())

    def refresh(self) -> None:
        """Until what it says was seen after now."""
        steps = self.status.get("steps", 0)
        self.wait(lambda: self.status.get("steps", 0) > steps + 2)

    def hold(self, point: str, seconds: float) -> bool:
        """Whether it stands at this point now."""
        self.at = None
        self.tell(f"hold {point}")
        return self.wait(lambda: self.at == point, seconds)

    def has_passed(self, seconds: float) -> bool:
        """Whether it compared every key, from now on, and then knew of no gap."""
        self.asked += 1
        self.tell("pass")
        return self.wait(lambda: self.status.get("begun") == self.asked and self._is_past_it(), seconds)

    def _is_past_it(self) -> bool:
        return bool(self.status.get("passes", 0) > self.status["passes_before"] and self.status["gapless"])

    def go(self) -> None:
        self.at = None
        self.tell("go")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(10)

    def pause(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def quit(self) -> None:
        self.tell("quit")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(10)
