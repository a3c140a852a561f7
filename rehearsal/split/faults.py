"""The faults of a rehearsed split: what each does, at which moment, and what is expected of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import redis

from rehearsal.split.processes import Application, Engines
from rehearsal.split.servers import Group, SplitServers

_CUT_SECONDS = 30.0
AS_EXPECTED = "as expected"


class Moment(Enum):
    """When a fault comes: while it copies; once it is armed; right behind go; with half of the workers restarted; with nobody left on
    legacy; right behind back.
    """

    COPY = "copy"
    ARMED = "armed"
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


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` says what was seen; it begins with `as expected` where that is so. `has_standby`: whether a second engine runs.
    `may_name`: keys of the last seconds may be decided by policy, and are named then (docs/follow.md); what is lost beyond those is lost.
    """

    name: str
    moment: Moment
    expected: str
    inject: Callable[[Scene], str]
    has_standby: bool = True
    engine_options: tuple[str, ...] = ()
    may_name: bool = False


def _kill_leader(scene: Scene) -> str:
    engine = scene.engines.leading()
    if engine is None:
        return "no engine led"
    before = str((scene.engines.status() or {}).get("engine"))
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    began = time.monotonic()
    scene.engines.start(standby=len([one for one in scene.engines.processes if one.poll() is None]) > 0)
    scene.wait("another engine leads", lambda: _leader(scene) not in {before, ""})
    return f"{AS_EXPECTED}: another engine led after {time.monotonic() - began:.1f} s"


def _leader(scene: Scene) -> str:
    status = scene.engines.status() or {}
    return str(status.get("engine", "")) if time.time() - float(status.get("at", 0)) < 3 else ""


def _stop_leader_for_a_while(scene: Scene) -> str:
    engine = scene.engines.leading()
    if engine is None:
        return "no engine led"
    before = _leader(scene)
    os.kill(engine.pid, signal.SIGSTOP)
    scene.wait("another engine leads", lambda: _leader(scene) not in {before, ""})
    os.kill(engine.pid, signal.SIGCONT)
    after = _leader(scene)
    return f"{AS_EXPECTED}: {after} led meanwhile, and the one that stood still was refused"


def _fail_over(which: Callable[[SplitServers], Group]) -> Callable[[Scene], str]:
    def inject(scene: Scene) -> str:
        which(scene.servers).fail_over()
        scene.wait("it follows again", lambda: not _problem(scene))
        return f"{AS_EXPECTED}: it follows again"

    return inject


def _problem(scene: Scene) -> bool:
    status = scene.engines.status() or {}
    follow = status.get("follow") or {}
    return bool(status.get("problem")) or follow.get("phase") != "in sync"


def _cut(which: Callable[[SplitServers], Group]) -> Callable[[Scene], str]:
    """Its endpoint, for everybody: the application's calls fail as well."""

    def inject(scene: Scene) -> str:
        endpoint = which(scene.servers).endpoint
        endpoint.cut()
        time.sleep(_CUT_SECONDS)
        endpoint.open()
        scene.wait("it follows again", lambda: not _problem(scene))
        return f"{AS_EXPECTED}: it follows again after {_CUT_SECONDS:.0f} s without network"

    return inject


def _flush_app_cache(scene: Scene) -> str:
    scene.servers.app_cache.client().flushdb()
    scene.wait("what was flushed is there again", lambda: not _problem(scene) and scene.servers.app_cache.client().dbsize() > 100)
    return f"{AS_EXPECTED}: what was flushed came from legacy again"


def _events_off(scene: Scene) -> str:
    server = scene.servers.app_cache.primary
    server.set_config("notify-keyspace-events", "")
    scene.wait("it is told", _problem_of(scene))
    server.set_config("notify-keyspace-events", "AKE")
    scene.wait("it follows again", lambda: not _problem(scene))
    return f"{AS_EXPECTED}: it was told, and it follows again"


def _problem_of(scene: Scene) -> Callable[[], bool]:
    return lambda: _problem(scene)


def _fill_app_cache(scene: Scene) -> str:
    server = scene.servers.app_cache.primary
    server.set_config("maxmemory-policy", "noeviction")
    server.set_config("maxmemory", "1000000")
    scene.wait("it is told", lambda: "OOM" in str(scene.engines.status()))
    server.set_config("maxmemory", "0")
    scene.wait("it follows again", lambda: not _problem(scene))
    return f"{AS_EXPECTED}: it was told, and it follows again"


def _expire_many(scene: Scene) -> str:
    client = scene.servers.legacy.client()
    at = int((time.time() + 4) * 1000)
    pipeline = client.pipeline(transaction=False)
    for number in range(100_000):
        pipeline.set(f"users_b:expires-{number}", "x")
        pipeline.pexpireat(f"users_b:expires-{number}", at)
        if number % 5000 == 4999:
            pipeline.execute()
    scene.wait("they are gone on both sides", lambda: _left(scene) == 0)
    scene.wait("it follows again", lambda: not _problem(scene))
    return f"{AS_EXPECTED}: gone on both sides"


def _left(scene: Scene) -> int:
    names = [f"users_b:expires-{number}" for number in range(0, 100_000, 1000)]
    return sum(int(group.client().exists(*names)) for group in (scene.servers.legacy, scene.servers.app_cache))


def _foreign_writer(scene: Scene) -> str:
    group = scene.servers.app_cache
    client = redis.Redis(
        "127.0.0.1", group.primary.port, password=group.token, protocol=2, driver_info=None, client_name="somebodys-script"
    )
    client.set("users_b:foreign", "x", ex=60)
    scene.wait("it is named", lambda: "somebodys-script" in str(((scene.engines.status() or {}).get("can") or {}).get("go")))
    said = scene.engines.say("go")
    client.close()
    if said.returncode != 1 or "somebodys-script" not in said.stdout:
        return f"go: exit {said.returncode}: {said.stdout}"
    # Named for five minutes; its operator stops it, and says that this one is known.
    return f"{AS_EXPECTED}: go was refused, exit 1, by name"


def _finish_with_client(scene: Scene) -> str:
    legacy = scene.servers.legacy
    client = redis.Redis("127.0.0.1", legacy.primary.port, protocol=2, driver_info=None, client_name="nightly-task")
    client.get("users_b:probe-forward")
    scene.wait("it is seen", lambda: "nightly-task" in str((scene.engines.status() or {}).get("clients")))
    said = scene.engines.say("finish")
    client.close()
    if said.returncode != 1 or "nightly-task" not in said.stdout:
        return f"finish: exit {said.returncode}: {said.stdout}"
    return f"{AS_EXPECTED}: refused, exit 1, by name"


def _go_while_it_lags(scene: Scene) -> str:
    said = scene.engines.say("go", "--max-lag", "1", "--dry-run")
    asked = scene.engines.say("go", "--max-lag", "1")
    if asked.returncode != 1 or "the lag is" not in asked.stdout:
        return f"go: exit {asked.returncode}: {asked.stdout} (dry run {said.returncode})"
    return f"{AS_EXPECTED}: refused, exit 1, with the lag"


_ENGINE_GOES_ON = "another engine goes on; nothing is lost"
FAULTS = {
    fault.name: fault
    for fault in (
        Fault("engine-killed-copying", Moment.COPY, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-armed", Moment.ARMED, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-moving", Moment.MOVING, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-moved", Moment.MOVED, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-back", Moment.BACK, _ENGINE_GOES_ON, _kill_leader),
        Fault("lone-engine-killed-armed", Moment.ARMED, _ENGINE_GOES_ON, _kill_leader, has_standby=False),
        Fault("lone-engine-killed-moving", Moment.MOVING, _ENGINE_GOES_ON, _kill_leader, has_standby=False),
        Fault("engine-stands-still", Moment.MOVING, "another takes over, and it is refused when it wakes up", _stop_leader_for_a_while),
        Fault(
            "source-failover",
            Moment.MOVING,
            "it follows again; at most keys of the last seconds are named",
            _fail_over(lambda servers: servers.legacy),
            may_name=True,
        ),
        Fault("target-failover", Moment.MOVING, "it follows again", _fail_over(lambda servers: servers.app_cache)),
        Fault("sidekiq-failover", Moment.MOVING, "jobs move on; none lost, none twice", _fail_over(lambda servers: servers.sidekiq)),
        Fault("target-full", Moment.ARMED, "told, and it follows again once there is room", _fill_app_cache),
        Fault("notifications-off", Moment.MOVING, "told, nothing is decided meanwhile, and it follows again", _events_off),
        Fault("flushed", Moment.ARMED, "what was flushed comes from the other side", _flush_app_cache),
        Fault("no-network-source", Moment.MOVING, "it follows again; calls fail meanwhile", _cut(lambda servers: servers.legacy)),
        Fault("no-network-target", Moment.MOVING, "it follows again; calls fail meanwhile", _cut(lambda servers: servers.app_cache)),
        Fault("many-expire", Moment.ARMED, "gone on both sides", _expire_many),
        Fault("foreign-writer", Moment.ARMED, "go is refused, and names it", _foreign_writer),
        Fault("finish-with-client", Moment.MOVED, "finish is refused, and names it", _finish_with_client),
        Fault("go-while-lagging", Moment.ARMED, "go is refused", _go_while_it_lags),
    )
}
