"""Runs of a follow as tests drive them: by steps in this process, or in a child that is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from uplift.errors import UpliftError
from uplift.keyspace.follow.requests import Wish, ask, request_for
from uplift.keyspace.follow.run import FollowRun
from uplift.keyspace.follow.run_events import RunEvent
from uplift.keyspace.follow.starting import FollowRequest
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.status import Status, read_status
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.server.source_and_targets import TargetUrl

SECONDS = 60.0
KEYS = 500
"""Of the source, where a run begins."""
Servers = tuple[RedisServer, RedisServer]


def keymap(*rules: dict[str, Any], rename: bool = False) -> KeyMap:
    """Rules to one destination."""
    full = [{"to": "cache", "source": "test", "reason": "test", **rule} for rule in rules]
    return KeyMap.model_validate({"version": 1, "destinations": ["cache"], "rename": rename, "rules": full})


SESSIONS = keymap({"name": "sessions", "match": {"prefix": "session:"}}, {"name": "logs", "match": {"prefix": "log:"}, "action": "skip"})


def own_keys(server: RedisServer, database: int = 0) -> list[bytes]:
    with server.connect(database) as client:
        return sorted(client.scan_iter("uplift:*", count=1000))


def follow_request(source: RedisServer, target: RedisServer, rules: KeyMap = SESSIONS, **wanted: Any) -> FollowRequest:
    wanted.setdefault("measures_latency", False)
    return FollowRequest(endpoint(source), (TargetUrl("cache", endpoint(target), None),), rules, **wanted)


@contextmanager
def begun(request: FollowRequest, path: Path) -> Iterator[FollowRun]:
    """A run for one block; it ends as on Ctrl-C."""
    run = FollowRun(request, path)
    try:
        yield run
    finally:
        run.close()


def drive(*runs: FollowRun, until: Callable[[], bool], wait_seconds: float = 0.02) -> list[RunEvent]:
    """Step them in turn until something is so; what they told."""
    told: list[RunEvent] = []
    deadline = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < deadline, ([run.status() for run in runs], told)
        for run in runs:
            told += run.step(wait_seconds).events
    return told


def in_sync(run: FollowRun) -> Callable[[], bool]:
    """Whether it is, as the last look found it."""
    return lambda: run.is_in_sync


def asked(run: FollowRun, wish: Wish, *others: FollowRun, **what: Any) -> str:
    """Ask through the state directory, as another process would, while the run goes on. Raises what ask raises."""
    folder = run.record.folder
    seen = read_status(folder.status_path)
    assert seen is not None
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, folder, request_for(seen, wish, **what))
        drive(run, *others, until=answer.done)
        return answer.result()


@contextmanager
def in_a_child(request: FollowRequest, path: Path) -> Iterator[Callable[[], None]]:
    """A run in a process of its own, for one block; gives what kills it."""
    child = os.fork()
    if child == 0:
        _child(request, path)
    killed: list[int] = []

    def kill() -> None:
        if not killed:
            killed.append(child)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    try:
        yield kill
    finally:
        kill()


def _child(request: FollowRequest, path: Path) -> None:
    try:
        run = FollowRun(request, path)
        while run.step().outcome is None:
            pass
    except UpliftError as problem:
        os.write(2, f"{problem}\n".encode())
    finally:
        os._exit(1)


def wait_for_status(path: Path, wanted: Callable[[Status], bool]) -> Status:
    """What a child's engine told, once it is so."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        status = read_status(StateFolder(path).status_path)
        if status is not None and wanted(status):
            return status
        time.sleep(0.02)
    raise AssertionError(f"no such status: {status}")
