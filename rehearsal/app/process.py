"""`python -m rehearsal.app.process web|worker NUMBER JOURNAL [--pause SECONDS]`: one process of the application, until SIGTERM; then it
writes its journal.

Where its Redis are it reads once, when it starts, from the variables that vets-api reads: redis__app_data__url and redis__sidekiq__url.
REDIS_CA is a file of authorities for rediss://. --pause: of a thread of the web, between two requests. A worker ends as Sidekiq does:
quiet, wait, push back, and its name goes last.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from rehearsal.app.client import AppRedis, Unavailable
from rehearsal.app.journal import Journal
from rehearsal.app.scheduler import Scheduler
from rehearsal.app.shared_sessions import SharedSessions
from rehearsal.app.web import PAUSE_SECONDS, Web
from rehearsal.app.workers import Poller, Worker

_SHUTDOWN_SECONDS = 8.0
WEB_THREADS = 2
SCHEDULE = {"DeleteOldTransactionsJob": 7, "CreateDailySpoolFiles": 60}
"""Periods in seconds that a rehearsal has time for. None is so short that a slow machine misses an instance by itself."""
Connect = Callable[[], AppRedis]


class Actor(Protocol):
    """What runs on a thread of its own."""

    def run(self, stop: threading.Event) -> None:
        """Act until told to stop."""


def actors_of(role: str, number: int, journal: Journal, cache: Connect, sidekiq: Connect, pause: float) -> tuple[list[Actor], list[Worker]]:
    """What a process of this role runs; its workers, which end in their own way. No two share a connection."""
    if role == "web":
        seeds = [1000 + number * 10 + thread for thread in range(WEB_THREADS)]
        webs: list[Actor] = [Web(cache(), journal, seed, sidekiq(), pause) for seed in seeds]
        return [*webs, SharedSessions(cache(), journal, number, f"web-{number}")], []
    workers = [Worker(sidekiq(), journal, 1000 + number * 10 + at, super_fetch=bool(at), forms=cache()) for at in range(2)]
    return [Poller(sidekiq(), journal), Scheduler(sidekiq(), journal, number, SCHEDULE)], workers


def main(role: str, number: int, journal_path: Path, pause: float = PAUSE_SECONDS) -> None:
    """Run it."""
    journal, stop = Journal(), threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    ca = os.environ.get("REDIS_CA")

    def connect(variable: str) -> AppRedis:
        return AppRedis.at(os.environ[variable], journal, ca)

    actors, workers = actors_of(
        role, number, journal, lambda: connect("redis__app_data__url"), lambda: connect("redis__sidekiq__url"), pause
    )
    never = threading.Event()
    threads = [threading.Thread(target=actor.run, args=(stop,)) for actor in actors]
    threads += [threading.Thread(target=worker.run, args=(never,)) for worker in workers]
    for thread in threads:
        thread.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stop.wait()
    for worker in workers:
        worker.quiet()
    for worker in workers:
        try:
            worker.shutdown(connect("redis__sidekiq__url"), _SHUTDOWN_SECONDS)
        except Unavailable:
            continue
    never.set()
    for thread in threads:
        thread.join()
    journal.save(journal_path)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[5]) if sys.argv[4:5] == ["--pause"] else PAUSE_SECONDS)
