"""`python -m tests.split.drawn.engine_process FILE`: an engine of a drawn split, as FILE says, until it is over."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.split.driven import ALLOWED, KEYMAP
from uplift.cli.split.engine_folder import engine_place
from uplift.errors import UpliftError
from uplift.keyspace.server.endpoint import Endpoint, parse_redis_url
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.sidekiq.handover.handover import Patience
from uplift.split.pointer.pointer import pointer_of
from uplift.split.run.request import SplitRequest
from uplift.split.run.split_run import SplitRun
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

NO_SCHEDULER_SECONDS = 70.0


def request_of(said: dict[str, Any]) -> SplitRequest:
    """Ports of proxies for the engine, ports of servers for the pointer."""
    engine, application = said["engine_ports"], said["ports"]
    urls = [(name, parse_redis_url(f"redis://127.0.0.1:{application[name]}", name)) for name in ("app-cache", "sidekiq")]
    return SplitRequest(
        Endpoint("127.0.0.1", engine["legacy"]),
        tuple(TargetUrl(name, Endpoint("127.0.0.1", engine[name]), None) for name in ("app-cache", "sidekiq")),
        KEYMAP,
        pointer_of("0", parse_redis_url(f"redis://127.0.0.1:{application['legacy']}", "--from"), urls),
        stands_by=said["stands_by"],
        needs_standby=False,
        on_go=said["on_go"],
        on_go_seconds=1.0,
        allowed_clients=(ALLOWED,),
        quiet_seconds=1.5,
        patience=Patience(dead_seconds=2.0, stable_seconds=2.0),
        # Nobody fires cron: a gate waits for as long as a scheduler that was killed looks alive.
        cron_clock=lambda: time.time() + (NO_SCHEDULER_SECONDS if Path(said["cron"]).exists() else 0.0),
    )


def main(path: Path) -> None:
    """Again after whatever ended it but its own end: as whoever watches a process starts it again."""
    said = json.loads(path.read_text())
    folder = SplitFolder(Path(said["state"]))
    folder.make()
    with engine_place(folder) as place:
        while True:
            run = SplitRun(request_of(said), DirectoryStore(folder), place, engine=f"e-{os.getpid()}", watches_after=False)
            try:
                if _driven(run):
                    return
            except UpliftError as problem:
                sys.stdout.write(f"{time.time():.3f} ended: {problem}\n")
            finally:
                run.close()
            time.sleep(0.5)


def _driven(run: SplitRun) -> bool:
    while True:
        step = run.step()
        for event in step.events:
            sys.stdout.write(f"{event.at:.3f} {event.kind.value}: {event.text}\n")
            sys.stdout.flush()
        if step.is_over:
            return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
