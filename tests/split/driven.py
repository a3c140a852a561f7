"""A split as tests drive it: three servers, engines in this process by steps or in children that are killed, and an operator."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.cli.options.keymap_file import DEFAULT_KEYMAP, sound_keymap
from uplift.cli.split.asking import asked_and_answered, state_at
from uplift.cli.split.engine_folder import engine_place
from uplift.errors import UpliftError
from uplift.keyspace.server.endpoint import parse_redis_url
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.sidekiq.handover.handover import Patience
from uplift.split.pointer.pointer import pointer_of
from uplift.split.record.asked import Answer, Options, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Phase
from uplift.split.run.request import SplitRequest
from uplift.split.run.split_events import SplitEvent
from uplift.split.run.split_run import SplitRun
from uplift.split.status.split_status import SplitStatus, status_from
from uplift.split.store.directory_store import DirectoryStore, SplitFolder
from uplift.split.store.store import SplitStore

SECONDS = 90.0
KEYS = 300
QUIET_SECONDS = 1.0
KEYMAP = sound_keymap(DEFAULT_KEYMAP)
ALLOWED = "test"
WORKER = "worker-1:77:0123456789ab"


@dataclass
class World:
    """`cron_ahead`: how far the gate's clock is ahead; moved on, what a gate waits for is over."""

    legacy: RedisServer
    app_cache: RedisServer
    sidekiq: RedisServer
    path: Path
    cron_ahead: float = 0.0
    open: ExitStack = field(default_factory=ExitStack)

    @property
    def servers(self) -> tuple[RedisServer, RedisServer, RedisServer]:
        return self.legacy, self.app_cache, self.sidekiq

    def request(self, **wanted: Any) -> SplitRequest:
        targets = tuple(
            TargetUrl(name, endpoint(server), None) for name, server in (("app-cache", self.app_cache), ("sidekiq", self.sidekiq))
        )
        urls = [
            (name, parse_redis_url(f"redis://127.0.0.1:{server.port}", name))
            for name, server in (("app-cache", self.app_cache), ("sidekiq", self.sidekiq))
        ]
        pointer = pointer_of("0", parse_redis_url(f"redis://127.0.0.1:{self.legacy.port}", "--from"), urls)
        wanted.setdefault("needs_standby", False)
        wanted.setdefault("allowed_clients", (ALLOWED,))
        return SplitRequest(
            endpoint(self.legacy),
            targets,
            KEYMAP,
            pointer,
            quiet_seconds=QUIET_SECONDS,
            patience=Patience(dead_seconds=1.0, stable_seconds=1.0),
            cron_clock=lambda: time.time() + self.cron_ahead,
            **wanted,
        )

    def store(self) -> DirectoryStore:
        folder = SplitFolder(self.path)
        folder.make()
        return DirectoryStore(folder)

    def engine(self, name: str = "a", **wanted: Any) -> SplitRun:
        """One in this process; it is closed at the end of the test."""
        store = self.store()
        place = self.open.enter_context(engine_place(SplitFolder(self.path)))
        run = SplitRun(self.request(**wanted), store, place, engine=name)
        self.open.callback(run.close)
        return run

    @property
    def record(self) -> SplitRecord:
        record = self.store().read()
        assert record is not None
        return record

    @property
    def status(self) -> SplitStatus:
        text = self.store().read_status()
        assert text is not None
        return status_from(text, "status")

    @property
    def pointer_side(self) -> str:
        text = self.store().read_pointer()
        assert text is not None
        return str(json.loads(text)["side"])

    def own_keys(self) -> list[bytes]:
        """Ours that are on any server."""
        return [name for server in self.servers for name in server.client.scan_iter("uplift:*", count=1000)]

    def heartbeat(self, server: RedisServer, identity: str = WORKER) -> None:
        """As a worker of the queue `default` gives it."""
        client: Any = server.client
        client.sadd("processes", identity)
        said = {
            "info": json.dumps({"hostname": "worker-1", "pid": 77, "queues": ["default"], "concurrency": 5}),
            "busy": 0,
            "quiet": "false",
        }
        for name, value in {**said, "beat": time.time()}.items():
            client.hset(identity, name, value)
        client.expire(identity, 60)

    def stop_worker(self, server: RedisServer, identity: str = WORKER) -> None:
        server.client.srem("processes", identity)
        server.client.delete(identity)


def push(server: RedisServer, *numbers: int) -> None:
    """Jobs of the queue `default`."""
    client: Any = server.client
    client.sadd("queues", "default")
    for number in numbers:
        client.lpush("queue:default", json.dumps({"class": "A", "args": [number], "jid": f"{number:024x}", "queue": "default"}))


def jobs_of(server: RedisServer) -> list[int]:
    """The numbers of the jobs in `default`, the one that runs next first."""
    client: Any = server.client
    return [int(json.loads(one)["args"][0]) for one in reversed(client.lrange("queue:default", 0, -1))]


@contextmanager
def made_world(start_redis: StartRedis, path: Path) -> Iterator[World]:
    legacy, app_cache, sidekiq = start_redis("3.2.6"), start_redis("5.0.6"), start_redis("5.0.6")
    for server in (legacy, app_cache, sidekiq):
        server.set_config("notify-keyspace-events", "EA")
        # What a test does by hand is no application's.
        server.client.connection_pool.connection_kwargs["client_name"] = ALLOWED
        server.client.connection_pool.reset()
    sidekiq.set_config("maxmemory-policy", "noeviction")
    with legacy.client.pipeline(transaction=False) as pipeline:
        for number in range(KEYS):
            pipeline.set(f"users_b:{number:08x}", f"first {number}", ex=3600)
        pipeline.execute()
    world = World(legacy, app_cache, sidekiq, path)
    with world.open:
        yield world


def drive(*runs: SplitRun, until: Callable[[], bool], wait_seconds: float = 0.02) -> list[SplitEvent]:
    """Step them in turn until something is so; what they told."""
    told: list[SplitEvent] = []
    deadline = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < deadline, ([run.told for run in runs], told)
        for run in runs:
            told += run.step(wait_seconds).events
    return told


def in_phase(run: SplitRun, phase: Phase) -> Callable[[], bool]:
    """Whether it is, as the latest look found it."""
    return lambda: run.phase is phase


def asked(world: World, wish: Wish, *runs: SplitRun, options: Options | None = None) -> Answer:
    """Ask as the command line does, while the engines go on."""
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(asked_and_answered, state_at(world.path), wish, options or Options(), lambda _text: None)
        drive(*runs, until=answer.done)
        return answer.result()


def settled_status(world: World, run: SplitRun) -> None:
    """Let the status say what was decided last: an operator who asks has seen it."""
    drive(run, until=lambda: world.store().read_status() is not None and world.status.revision == world.record.revision)


@contextmanager
def in_a_child(world: World, store: Callable[[], SplitStore] | None = None, **wanted: Any) -> Iterator[int]:
    """An engine in a process of its own, which is killed at the end of the block; gives its pid."""
    child = os.fork()
    if child == 0:
        _child(world, store, wanted)
    try:
        yield child
    finally:
        kill(child)


def kill(child: int) -> None:
    """As nobody can prevent; safe to call twice."""
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _child(world: World, store: Callable[[], SplitStore] | None, wanted: dict[str, Any]) -> None:
    try:
        folder = SplitFolder(world.path)
        folder.make()
        with engine_place(folder) as place:
            run = SplitRun(world.request(**wanted), store() if store else DirectoryStore(folder), place, engine=f"child{os.getpid()}")
            while not run.step().is_over:
                pass
            run.close()
    except UpliftError as problem:
        os.write(2, f"{problem}\n".encode())
    finally:
        os._exit(1)


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    """Something that another process does."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def world(start_redis: StartRedis, tmp_path: Path) -> Iterator[World]:
    with made_world(start_redis, tmp_path / "state") as made:
        yield made
