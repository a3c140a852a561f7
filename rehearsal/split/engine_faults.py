"""What may befall an engine's own surroundings in a rehearsed split: its disk, its clock, its standby, its subscription."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import time

from rehearsal.split.scene import AS_EXPECTED, Fault, Moment, Scene
from rehearsal.split.servers import new_node

_UNWRITABLE_SECONDS = 5.0
_CLOCK = "+5s"
_REFUSED_SECONDS = 60.0
_BURST = 20_000
_FULL_BUFFER = ("pubsub 8192 0 0", "pubsub 33554432 8388608 60")


def _standby_cannot_start(scene: Scene) -> str:
    """Its token is missing, as with a secret that was rotated."""
    leading = scene.engines.leading()
    for one in scene.engines.processes:
        if one is not leading and one.poll() is None:
            one.send_signal(signal.SIGKILL)
            one.wait()
    broken = scene.engines.start(standby=True, without=frozenset({str(scene.servers.app_cache.token_variable)}))
    code = broken.wait(60)
    scene.wait("go waits for a standby", lambda: "stand" in scene.reasons("go"))
    said = scene.engines.say("go")
    scene.engines.start(standby=True)
    scene.wait("go is allowed", lambda: scene.is_allowed("go"))
    if code == 0 or said.returncode != 1:
        return f"the standby ended with {code}, go with {said.returncode}: {said.stdout}"
    return f"{AS_EXPECTED}: the standby ended with exit {code}, go was refused: {said.stdout.strip().partition(chr(10))[0]}"


def _state_unwritable(scene: Scene) -> str:
    """Each engine may write files of no length, as on a disk that is full."""
    alive = [one for one in scene.engines.processes if one.poll() is None]
    kept = [resource.prlimit(one.pid, resource.RLIMIT_FSIZE) for one in alive]
    for one, (_soft, hard) in zip(alive, kept, strict=True):
        resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (0, hard))
    value = f"unwritable-{time.time_ns()}".encode()
    scene.servers.legacy.client().set("users_b:unwritable", value, ex=600)
    time.sleep(_UNWRITABLE_SECONDS)
    arrived = scene.servers.app_cache.client().get("users_b:unwritable") == value
    ended = [one.returncode for one in alive if one.poll() is not None]
    for one, limits in zip(alive, kept, strict=True):
        if one.poll() is None:
            resource.prlimit(one.pid, resource.RLIMIT_FSIZE, limits)
    scene.wait_until_it_follows()
    if not arrived or ended:
        return f"a write was {'' if arrived else 'not '}followed meanwhile; engines ended with {ended}"
    return f"{AS_EXPECTED}: a write was followed meanwhile, and no engine ended"


def _clock_off(scene: Scene) -> str:
    """Of app-cache's node, which is put in order before the engines of the run start."""
    faketime = shutil.which("faketime")
    if faketime is None:
        return f"{AS_EXPECTED}: left out, faketime is not on this machine (apt install faketime)"
    group = scene.servers.app_cache
    wrong = new_node(group.factory, group.factory.begin_with(group.primary.version, f"{faketime} -f {_CLOCK}"), group.token)
    group.endpoint.replace_node(wrong.port)
    engine = scene.engines.start(standby=False)
    try:
        code = engine.wait(_REFUSED_SECONDS)
    except subprocess.TimeoutExpired:
        engine.kill()
        code = engine.wait()
    group.endpoint.replace_node(group.primary.port)
    keys = int(wrong.client.dbsize())
    wrong.stop()
    scene.engines.forget_ended()
    told = [
        line.strip() for line in (scene.out / "engines" / "engine-1.log").read_text().splitlines() if line.strip().startswith("clocks:")
    ]
    if code != 1 or not told or keys:
        return f"exit {code}: {told}; {keys} keys were written"
    return f"{AS_EXPECTED}: exit 1, {told[0]}"


def _output_buffer(scene: Scene) -> str:
    """Redis closes a subscriber that does not read fast enough: here at so little that any burst is too much."""
    group = scene.servers.legacy
    gaps = _gaps(scene)
    group.primary.set_config("client-output-buffer-limit", _FULL_BUFFER[0])
    pipeline = group.client().pipeline(transaction=False)
    for number in range(_BURST):
        pipeline.set(f"users_b:burst-{number}", "x", ex=600)
    pipeline.execute()
    scene.wait("the gap is told", lambda: _gaps(scene) > gaps)
    group.primary.set_config("client-output-buffer-limit", _FULL_BUFFER[1])
    scene.wait_until_it_follows()
    last = f"users_b:burst-{_BURST - 1}"
    if not scene.servers.app_cache.client().exists(last):
        return f"{last} did not arrive"
    return f"{AS_EXPECTED}: the gap was told, and all of the burst arrived"


def _gaps(scene: Scene) -> int:
    return int((((scene.status.get("follow") or {}).get("gaps")) or {}).get("count") or 0)


ENGINE_FAULTS = (
    Fault("standby-cannot-start", Moment.ARMED, "go is refused until one stands by", _standby_cannot_start),
    Fault(
        "state-unwritable",
        Moment.MOVING,
        "it follows on, and decides nothing until it can be written",
        _state_unwritable,
    ),
    Fault("output-buffer", Moment.ARMED, "the gap is told, and a pass closes it", _output_buffer),
    Fault("clock-off", Moment.BEGIN, "refused before anything is written", _clock_off),
)
