"""`python -m tests.split.drawn.engine_process FILE`: an engine of a drawn split, as FILE says; 0 once it is over, 1 where it failed."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.split.drawn.broken import break_it
from tests.split.drawn.own_way import ALLOWED, KEYMAP, go_own_way
from uplift.cli.split.engine_folder import engine_place
from uplift.errors import UpliftError
from uplift.keyspace.server.endpoint import Endpoint, parse_redis_url
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.sidekiq.handover.handover import Patience
from uplift.split.pointer.pointer import pointer_of
from uplift.split.record.asked import Answer
from uplift.split.record.split_record import SplitRecord
from uplift.split.run.request import SplitRequest
from uplift.split.run.split_run import SplitRun
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

go_own_way()


@dataclass(frozen=True)
class Death:
    """Where in a command the engine that does it is killed. `when` of a write: `before` or `behind`; `of` a step: its `intent`, its
    `outcome`, or the `end` of the command and the `answer` to it.
    """

    wish: str
    step: str
    of: str
    when: str


class DyingStore(DirectoryStore):
    """Kills its process where a file says so, once."""

    def __init__(self, folder: SplitFolder, death: Path) -> None:
        super().__init__(folder)
        self._death, self._wish = death, ""

    def write(self, record: SplitRecord) -> None:
        command, death = record.command, self._wanted()
        latest = command.latest if command is not None else None
        is_it = False
        if death is not None and death.of == "end":
            is_it = command is None and self._wish == death.wish
        elif death is not None and command is not None and latest is not None:
            of = "intent" if latest.outcome is None else "outcome"
            is_it = (command.asked.wish.value, latest.step.value, of) == (death.wish, death.step, death.of)
        self._wish = command.asked.wish.value if command is not None else ""
        if is_it and death is not None and death.when == "before":
            self._die()
        super().write(record)
        if is_it:
            self._die()

    def answer(self, asked_id: str, answer: Answer) -> None:
        death = self._wanted()
        is_it = death is not None and death.of == "answer" and answer.text.startswith(f"{death.wish}:")
        if is_it and death is not None and death.when == "before":
            self._die()
        super().answer(asked_id, answer)
        if is_it:
            self._die()

    def _wanted(self) -> Death | None:
        try:
            return Death(**json.loads(self._death.read_text()))
        except FileNotFoundError:
            return None

    def _die(self) -> None:
        sys.stdout.write(f"{time.time():.3f} dies: {self._death.read_text()}\n")
        sys.stdout.flush()
        self._death.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def request_of(said: dict[str, Any]) -> SplitRequest:
    """As `uplift split run` makes it of its options."""
    ports, cron = said["ports"], Path(said["cron"])
    urls = [(name, parse_redis_url(f"redis://127.0.0.1:{ports[name]}", name)) for name in ("app-cache", "sidekiq")]
    return SplitRequest(
        Endpoint("127.0.0.1", ports["legacy"]),
        tuple(TargetUrl(name, Endpoint("127.0.0.1", ports[name]), None) for name in ("app-cache", "sidekiq")),
        KEYMAP,
        pointer_of("0", parse_redis_url(f"redis://127.0.0.1:{ports['legacy']}", "--from"), urls),
        stands_by=said["stands_by"],
        needs_standby=False,
        on_go=said["on_go"],
        on_go_seconds=1.0,
        allowed_clients=(ALLOWED,),
        quiet_seconds=1.5,
        patience=Patience(dead_seconds=1.5, stable_seconds=1.5),
        # Nobody fires cron: a gate waits for as long as a scheduler that was killed looks alive.
        cron_clock=lambda: time.time() + (float(cron.read_text()) if cron.exists() else 0.0),
    )


def main(path: Path) -> int:
    """Whoever watches the process starts it again where it failed."""
    said = json.loads(path.read_text())
    break_it(said["breaks"])
    folder = SplitFolder(Path(said["state"]))
    folder.make()
    with engine_place(folder) as place:
        run = SplitRun(request_of(said), DyingStore(folder, Path(said["death"])), place, engine=f"e-{os.getpid()}", watches_after=False)
        try:
            _drive(run)
        except UpliftError as problem:
            sys.stdout.write(f"{time.time():.3f} ended: {problem}\n")
            return 1
        finally:
            run.close()
    return 0


def _drive(run: SplitRun) -> None:
    is_over = False
    while not is_over:
        step = run.step()
        for event in step.events:
            sys.stdout.write(f"{event.at:.3f} {event.kind.value}: {event.text}\n")
        sys.stdout.flush()
        is_over = step.is_over


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
