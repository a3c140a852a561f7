"""What a fault of a rehearsed split is, when it comes, and what it can reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from rehearsal.split.processes import Application, Engines
from rehearsal.split.servers import SplitServers

AS_EXPECTED = "as expected"
OUT = "{out}"
"""In an engine's option: the folder of the rehearsal."""
_FRESH_SECONDS = 3.0
# A status that was written before an engine could notice says nothing.
_NOTICED_SECONDS = 2.0


class Moment(Enum):
    """When a fault comes: before the engines start; while it copies; once it is armed; in place of go, which it says itself; right behind
    go; with half of the workers restarted; with nobody left on legacy; right behind back.
    """

    BEGIN = "begin"
    COPY = "copy"
    ARMED = "armed"
    GO = "go"
    GONE = "gone"
    MOVING = "moving"
    MOVED = "moved"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault can reach. `wait` takes what is waited for, in words, and whether it is so."""

    servers: SplitServers
    application: Application
    engines: Engines
    wait: Callable[[str, Callable[[], bool]], None]
    out: Path

    @property
    def status(self) -> Mapping[str, Any]:
        """What the engine that leads told last; empty where none has."""
        return self.engines.status() or {}

    def leader(self) -> str:
        """The engine that leads; empty where none told anything lately."""
        status = self.status
        return str(status.get("engine", "")) if time.time() - float(status.get("at", 0)) < _FRESH_SECONDS else ""

    def has_problem(self) -> bool:
        """Whether the engine tells a problem, or its follow is not in sync."""
        status = self.status
        return bool(status.get("problem")) or (status.get("follow") or {}).get("phase") != "in sync"

    def reasons(self, command: str) -> str:
        """Why it is refused now, in the engine's words."""
        return "; ".join(((self.status.get("can") or {}).get(command) or {}).get("reasons") or ())

    def is_allowed(self, command: str) -> bool:
        """By the engine's own answer."""
        return bool(((self.status.get("can") or {}).get(command) or {}).get("is_allowed"))

    def wait_until_it_follows(self) -> None:
        """Until a status that is later than what just happened has no problem."""
        began = time.time()
        self.wait("it follows again", lambda: float(self.status.get("at", 0)) > began + _NOTICED_SECONDS and not self.has_problem())


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` says what was seen; it begins with `as expected` where that is so. `has_standby`: whether a second engine runs.

    `may_name`: what is not as promised is expected to be named by the engine, key by key; all else is lost. `back_at`: the run turns back
    there. `engine_options` are words of `uplift split run`; OUT in one of them is replaced.
    """

    name: str
    moment: Moment
    expected: str
    inject: Callable[[Scene], str]
    has_standby: bool = True
    engine_options: tuple[str, ...] = ()
    may_name: bool = False
    back_at: Moment | None = None
