"""What is done to a follow while it runs: each by its name. Where it makes keys ambiguous, it says so in the record."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.keyspace.follow.drawn.engines import EngineProcess
from tests.keyspace.follow.drawn.network_faults import NETWORK_FAULTS, no_network_for_long
from tests.keyspace.follow.drawn.record import LAG_SECONDS, WindowKind
from tests.keyspace.follow.drawn.server_faults import SERVER_FAULTS, many_expire
from tests.keyspace.follow.drawn.world import World

_POINTS = ("reads sent", "page read", "decided", "writes sent", "writes answered", "ends seen")


def _die(world: World, kill: Callable[[], None]) -> None:
    """The active dies; whether somebody knows all that it knew is looked at before."""
    _look_at_standby(world)
    kill()
    world.say("dead")
    world.active()
    world.new_engine(stands_by=True)


def kill_the_active(world: World) -> None:
    _die(world, world.active().kill)


def kill_the_active_at_a_point(world: World) -> None:
    engine, point = world.active(), world.draws.choice(_POINTS)
    if not engine.hold(point, 5):
        engine.go()
        return
    world.say(f"{engine.owner} stands at {point!r}")
    _die(world, engine.kill)


def _look_at_standby(world: World) -> EngineProcess:
    """Before the active is gone: where nobody knows all that it knew, keys become ambiguous."""
    standby = world.standby()
    standby.refresh()
    if not standby.is_warm:
        world.nobody_knows(f"{standby.owner} was not warm")
    elif not standby.status.get("complete") and world.record.is_deaf():
        world.nobody_knows(f"{standby.owner} had no complete base, and events were missed")
    elif not standby.status.get("complete"):
        world.record.open(WindowKind.NO_BASE, time.monotonic(), f"{standby.owner} had no complete base")
    return standby


def _takes_over(world: World, stop: Callable[[], None], go_on: Callable[[], None]) -> None:
    standby = _look_at_standby(world)
    stop()
    if not standby.wait(lambda: standby.is_active):
        raise AssertionError(f"{standby.owner} did not take over: {standby.status}")
    world.say(f"{standby.owner} took over")
    time.sleep(world.draws.choice([0, 0.05, 0.5]))
    go_on()
    world.say("the zombie goes on")


def zombie(world: World) -> None:
    """The active is stopped until another one took over, then goes on."""
    engine = world.active()
    _takes_over(world, engine.pause, engine.resume)


def zombie_at_a_point(world: World) -> None:
    engine, point = world.active(), world.draws.choice(_POINTS)
    if not engine.hold(point, 5):
        engine.go()
        return
    world.say(f"{engine.owner} stands at {point!r}")
    _takes_over(world, lambda: None, engine.go)


def kill_the_standby(world: World) -> None:
    world.standby().kill()
    world.new_engine(stands_by=True)


def kill_before_it_is_warm(world: World) -> None:
    """The standby is a new one, and the active dies while that one knows little."""
    world.standby().kill()
    standby = world.new_engine(stands_by=True)
    standby.wait(lambda: "warm" in standby.status)
    _die(world, world.active().kill)


def restart_all(world: World) -> None:
    world.nobody_knows("all engines were restarted")
    for engine in world.living():
        engine.kill()
    world.new_engine(stands_by=False)
    world.active()
    world.new_engine(stands_by=True)


def restart_with_its_base(world: World) -> None:
    """The only engine is killed, and started again with its directory: it knows what both sides held, save of what was in flight."""
    for engine in [one for one in world.living() if not one.is_active]:
        engine.kill()
    engine = world.active()
    engine.refresh()
    engine.kill()
    if engine.status.get("complete") and not world.record.is_deaf():
        world.nobody_knows("what was in flight")
        world.record.windows[-1].end = time.monotonic()
        world.record.open(WindowKind.ONE_DEAF, time.monotonic() - LAG_SECONDS, "the only engine was started again with its base")
    else:
        world.nobody_knows("the only engine was started again, and its base was not complete")
    time.sleep(world.draws.choice([0, 0.5, 2.0]))
    world.new_engine(stands_by=False, base=engine.base)
    world.active()
    world.new_engine(stands_by=True)


def restart_the_active(world: World) -> None:
    """It is started again before the standby takes over: whichever of the two is first."""
    _look_at_standby(world)
    world.active().kill()
    world.nobody_knows("an active that knows nothing was started")
    world.new_engine(stands_by=False)


WHERE_NOBODY_KNOWS = {"restart_all", "restart_the_active", "kill_before_it_is_warm", "fail_over", "fail_over_late", "flush"}
"""Behind these nearly every key is ambiguous, so that less is shown: they are drawn less often."""

FAULTS = {
    fault.__name__: fault
    for fault in (
        kill_the_active,
        kill_the_active_at_a_point,
        zombie,
        zombie_at_a_point,
        kill_the_standby,
        kill_before_it_is_warm,
        restart_all,
        restart_with_its_base,
        restart_the_active,
        *NETWORK_FAULTS,
        *SERVER_FAULTS,
    )
}

NIGHTLY_FAULTS = {fault.__name__: fault for fault in (no_network_for_long, many_expire)}
"""Those that take long."""
