"""`python -m rehearsal.app HOST PORT JOURNAL [--schedule]`: run the application until SIGTERM, then write the journal.

With --schedule it fires cron jobs as well: the journal says which instances, by name and second.
While it runs it prints a line a second: calls so far, failures so far, seconds since the last acknowledged write.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

from rehearsal.app.client import AppRedis
from rehearsal.app.journal import Journal
from rehearsal.app.scheduler import Scheduler
from rehearsal.app.web import Web
from rehearsal.app.workers import Poller, Worker

_WEB_THREADS = 4


class Actor(Protocol):
    """What runs on a thread of its own."""

    def run(self, stop: threading.Event) -> None:
        """Act until told to stop."""


def main(host: str, port: int, journal_path: Path, *, fires_cron: bool = False) -> None:
    """Start every actor on a thread and a connection of its own."""
    journal, stop = Journal(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def redis() -> AppRedis:
        return AppRedis(host, port, journal)

    actors: list[Actor] = [Web(redis(), journal, seed) for seed in range(1, _WEB_THREADS + 1)]
    actors += [Worker(redis(), journal, 101, super_fetch=False), Worker(redis(), journal, 102, super_fetch=True)]
    actors.append(Poller(redis(), journal))
    if fires_cron:
        actors.append(Scheduler(redis(), journal, 201))
    threads = [threading.Thread(target=actor.run, args=(stop,)) for actor in actors]
    for thread in threads:
        thread.start()
    while not stop.wait(1):
        with journal.lock:
            last = journal.write_times[-1] if journal.write_times else time.time()
            line = {"calls": sum(journal.calls.values()), "failed": len(journal.failures), "since_write": time.time() - last}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    for thread in threads:
        thread.join()
    journal.save(journal_path)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), fires_cron=sys.argv[4:] == ["--schedule"])
