"""The faults of a rehearsed split: what each does, at which moment, and what is expected of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

import redis

from rehearsal.split.engine_faults import ENGINE_FAULTS
from rehearsal.split.operator_faults import OPERATOR_FAULTS
from rehearsal.split.scene import AS_EXPECTED, Fault, Moment, Scene
from rehearsal.split.servers import Group, SplitServers
from uplift.errors import BadInput

_CUT_SECONDS = 30.0


def _kill_leader(scene: Scene) -> str:
    engine = scene.engines.leading()
    if engine is None:
        return "no engine led"
    before = str(scene.status.get("engine"))
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    began = time.monotonic()
    scene.engines.start(standby=len([one for one in scene.engines.processes if one.poll() is None]) > 0)
    scene.wait("another engine leads", lambda: scene.leader() not in {before, ""})
    return f"{AS_EXPECTED}: another engine led after {time.monotonic() - began:.1f} s"


def _kill_who_copies(scene: Scene) -> str:
    """As soon as it says so; with few keys the copy may be over by then."""
    scene.wait("an engine leads", lambda: scene.engines.leading() is not None)
    phase = str(scene.status.get("phase"))
    return f"{_kill_leader(scene)}; it was killed in phase {phase}"


def _stop_leader_for_a_while(scene: Scene) -> str:
    engine = scene.engines.leading()
    if engine is None:
        return "no engine led"
    before = scene.leader()
    os.kill(engine.pid, signal.SIGSTOP)
    scene.wait("another engine leads", lambda: scene.leader() not in {before, ""})
    os.kill(engine.pid, signal.SIGCONT)
    after = scene.leader()
    return f"{AS_EXPECTED}: {after} led meanwhile, and the one that stood still was refused"


def _fail_over(which: Callable[[SplitServers], Group]) -> Callable[[Scene], str]:
    def inject(scene: Scene) -> str:
        which(scene.servers).fail_over()
        scene.wait_until_it_follows()
        return f"{AS_EXPECTED}: it follows again"

    return inject


def _cut(which: Callable[[SplitServers], Group]) -> Callable[[Scene], str]:
    """Its endpoint, for everybody: the application's calls fail as well."""

    def inject(scene: Scene) -> str:
        endpoint = which(scene.servers).endpoint
        endpoint.cut()
        time.sleep(_CUT_SECONDS)
        endpoint.open()
        scene.wait_until_it_follows()
        return f"{AS_EXPECTED}: it follows again after {_CUT_SECONDS:.0f} s without network"

    return inject


def _flush_app_cache(scene: Scene) -> str:
    scene.servers.app_cache.client().flushdb()
    scene.wait("what was flushed is there again", lambda: not scene.has_problem() and scene.servers.app_cache.client().dbsize() > 100)
    return f"{AS_EXPECTED}: what was flushed came from legacy again"


def _events_off(scene: Scene) -> str:
    server = scene.servers.app_cache.primary
    server.set_config("notify-keyspace-events", "")
    scene.wait("it is told", scene.has_problem)
    server.set_config("notify-keyspace-events", "AKE")
    scene.wait_until_it_follows()
    return f"{AS_EXPECTED}: it was told, and it follows again"


def _fill_app_cache(scene: Scene) -> str:
    server = scene.servers.app_cache.primary
    server.set_config("maxmemory-policy", "noeviction")
    server.set_config("maxmemory", "1000000")
    scene.wait("it is told", lambda: "OOM" in str(scene.status))
    server.set_config("maxmemory", "0")
    scene.wait_until_it_follows()
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
    scene.wait_until_it_follows()
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
    scene.wait("it is named", lambda: "somebodys-script" in scene.reasons("go"))
    said = scene.engines.say("go")
    client.close()
    if said.returncode != 1 or "somebodys-script" not in said.stdout:
        return f"go: exit {said.returncode}: {said.stdout}"
    # Its operator has stopped it, and says that this one is known.
    scene.engines.allow("somebodys-script")
    scene.wait("go is allowed", lambda: scene.leader() != "" and scene.is_allowed("go"))
    return f"{AS_EXPECTED}: go was refused, exit 1, by name; allowed once it was said to be known"


def _finish_with_client(scene: Scene) -> str:
    legacy = scene.servers.legacy
    client = redis.Redis("127.0.0.1", legacy.primary.port, protocol=2, driver_info=None, client_name="nightly-task")
    client.get("users_b:probe-forward")
    scene.wait("it is seen", lambda: "nightly-task" in str(scene.status.get("clients")))
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
        Fault("engine-killed-copying", Moment.COPY, _ENGINE_GOES_ON, _kill_who_copies),
        Fault("engine-killed-armed", Moment.ARMED, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-moving", Moment.MOVING, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-moved", Moment.MOVED, _ENGINE_GOES_ON, _kill_leader),
        Fault("engine-killed-back", Moment.BACK, _ENGINE_GOES_ON, _kill_leader),
        Fault("lone-engine-killed-copying", Moment.COPY, _ENGINE_GOES_ON, _kill_who_copies, has_standby=False),
        Fault("lone-engine-killed-armed", Moment.ARMED, _ENGINE_GOES_ON, _kill_leader, has_standby=False),
        Fault("lone-engine-killed-moving", Moment.MOVING, _ENGINE_GOES_ON, _kill_leader, has_standby=False),
        Fault("lone-engine-killed-moved", Moment.MOVED, _ENGINE_GOES_ON, _kill_leader, has_standby=False),
        Fault("engine-stands-still", Moment.MOVING, "another takes over, and it is refused when it wakes up", _stop_leader_for_a_while),
        Fault(
            "source-failover",
            Moment.MOVING,
            "it follows again; at most keys of the last seconds are named",
            _fail_over(lambda servers: servers.legacy),
            may_name=True,
        ),
        Fault(
            "target-failover",
            Moment.MOVING,
            "it follows again; at most keys of the last seconds are named",
            _fail_over(lambda servers: servers.app_cache),
            may_name=True,
        ),
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
        *ENGINE_FAULTS,
        *OPERATOR_FAULTS,
    )
}


def chosen_faults(names: Sequence[str]) -> tuple[Fault, ...]:
    """By name. Raises BadInput for one that is not known, and for two that cannot be in one run."""
    unknown = sorted(set(names) - FAULTS.keys())
    if unknown:
        raise BadInput(f"--fault {unknown[0]!r}: allowed: {', '.join(FAULTS)}")
    chosen = tuple(FAULTS[name] for name in dict.fromkeys(names))
    for what, together in (
        ("say go", [fault.name for fault in chosen if fault.moment is Moment.GO]),
        ("turn back", [fault.name for fault in chosen if fault.back_at is not None]),
    ):
        if len(together) > 1:
            raise BadInput(f"--fault {' --fault '.join(together)}: both {what} themselves, allowed: one of them in a run")
    return chosen
