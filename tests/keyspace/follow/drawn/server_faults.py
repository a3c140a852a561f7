"""What is done to the servers. tests/keyspace/follow/drawn/record.py says what that makes ambiguous."""

from __future__ import annotations

import os
import signal
import time

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.follow.drawn.proxy import Proxy
from tests.keyspace.follow.drawn.record import LAG_SECONDS, WindowKind
from tests.keyspace.follow.drawn.world import World

_ENOUGH_BYTES = 4 * 1024**3
_CLASSES = "g$lshzx"
_MANY = 100_000


def stop_a_server(world: World) -> None:
    """It stands still as in a long command, for less or more than anybody waits."""
    side, seconds = world.draws.randrange(2), world.draws.choice([0.4, 1.3, 2.5, 4.5])
    world.goes_deaf(f"{'ST'[side]} stood still for {seconds} s")
    os.kill(world.servers[side].pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(world.servers[side].pid, signal.SIGCONT)
    world.say("goes on")


def kill_subscribers(world: World) -> None:
    """As a server does whose output buffer for a subscription is full."""
    side = world.draws.randrange(2)
    world.goes_deaf(f"{'ST'[side]} closed all subscriptions")
    world.servers[side].client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")


def notifications_off(world: World) -> None:
    side = world.draws.randrange(2)
    world.goes_deaf(f"{'ST'[side]} told no events")
    world.servers[side].set_config("notify-keyspace-events", "")
    time.sleep(world.draws.choice([0.05, 0.5, 1.5]))
    world.servers[side].set_config("notify-keyspace-events", "EA")
    world.say("events again")


def class_off(world: World) -> None:
    """One class of events is off, for longer or shorter than a probe of the classes takes to find that."""
    side, off = world.draws.randrange(2), world.draws.choice(_CLASSES)
    world.goes_deaf(f"{'ST'[side]} told no events of class {off}")
    # Streams are there from version 5 on, and an older server refuses their letter.
    others = _CLASSES.replace(off, "") + ("e" if world.servers[side].version.startswith("3.") else "et")
    world.servers[side].set_config("notify-keyspace-events", "E" + others)
    time.sleep(world.draws.choice([0.05, 0.5, 1.5, 3.0]))
    world.servers[side].set_config("notify-keyspace-events", "EA")
    world.say("events of all classes again")


def many_expire(world: World) -> None:
    """At one moment, on both sides: engines may be busy for so long that others take over from them, whether they are warm or not."""
    world.nobody_knows("engines are busy")
    moment = int(time.time() * 1000) + 20_000
    for server in world.servers:
        for first in range(0, _MANY, 1_000):
            at_once = server.client.pipeline(transaction=False)
            for number in range(first, first + 1_000):
                at_once.execute_command("SET", b"many:%d" % number, b"x")
                at_once.execute_command("PEXPIREAT", b"many:%d" % number, moment)
            at_once.execute()
    world.say(f"{_MANY} keys are to expire")
    time.sleep(max(0.0, moment / 1000 - time.time()))
    world.say("they expire")
    time.sleep(5)


def full(world: World) -> None:
    """The server takes no more for a while."""
    side = world.draws.randrange(2)
    server = world.servers[side]
    world.say(f"{'ST'[side]} is full")
    server.set_config("maxmemory-policy", "noeviction")
    server.set_config("maxmemory", "1000000" if world.versions[side].startswith("5") else "600000")
    time.sleep(world.draws.choice([0.1, 1.0]))
    server.set_config("maxmemory", str(_ENOUGH_BYTES))
    server.set_config("maxmemory-policy", "volatile-lru")
    world.say("it has room again")


def _about_to_fail_over(world: World, words: str) -> tuple[int, RedisServer, RedisServer, list[Proxy]]:
    """A side, its primary, a replica that is in step with it, and the doors that lead to the primary."""
    side = world.draws.randrange(2)
    old, new = world.servers[side], world.replica(side)
    world.wait_for_rounds(2)
    world.record.open(WindowKind.FAILOVER, time.monotonic() - LAG_SECONDS, f"{'ST'[side]} {words}", side)
    world.distrust()
    return side, old, new, [world.doors[side], *(doors[side] for doors in world.engine_doors.values())]


def fail_over(world: World) -> None:
    """The primary dies, and its replica takes its name."""
    side, old, new, doors = _about_to_fail_over(world, "failed over")
    if world.draws.random() < 0.5:
        os.kill(old.pid, signal.SIGKILL)
    for door in doors:
        door.refuse()
    new.promote()
    world.servers[side] = new
    for door in doors:
        door.upstream = new.port
        door.accept_again()
    world.say("the replica is the primary")
    old.stop()


def fail_over_late(world: World) -> None:
    """The old primary lives, and whoever is connected to it stays there for a while: what is written to it is gone in the end."""
    side, old, new, doors = _about_to_fail_over(world, "failed over, and its old primary lives")
    new.promote()
    world.servers[side] = new
    for door in doors:
        door.upstream = new.port
    world.say("the replica is a primary")
    world.draws.shuffle(doors)
    for door in doors:
        time.sleep(world.draws.choice([0, 0.05, 0.5]))
        door.cut()
    world.distrust()
    world.say("nobody is connected to the old one")
    time.sleep(world.draws.choice([0, 0.5]))
    old.stop()


def flush(world: World) -> None:
    side = world.draws.randrange(2)
    world.record.open(WindowKind.FLUSH, time.monotonic() - LAG_SECONDS, f"{'ST'[side]} was flushed", side)
    world.distrust()
    world.servers[side].client.execute_command(world.draws.choice(["FLUSHDB", "FLUSHALL"]))


def evict(world: World) -> None:
    """Too little memory on one side until some keys are gone there."""
    side = world.draws.randrange(2)
    server = world.servers[side]
    world.record.open(WindowKind.EVICTION, time.monotonic() - LAG_SECONDS, f"{'ST'[side]} evicted keys")
    world.record.evicting.add(side)
    world.distrust()
    server.evict_some()
    world.say(f"{'ST'[side]} evicted {server.client.info('stats')['evicted_keys']} keys")


def begin_without_end(world: World) -> None:
    """As an apply script leaves behind that was killed: what comes next is held, and no end comes. SCRIPT KILL itself would need a script
    that runs for long before its first write.
    """
    side, owner = world.draws.randrange(2), world.active().owner
    world.servers[side].client.publish("uplift:follow:0", f"b 1:{owner} {world.active().status.get('rounds', 1)} 0")
    world.say(f"a begin without an end on {'ST'[side]}")


SERVER_FAULTS = (
    stop_a_server,
    kill_subscribers,
    notifications_off,
    class_off,
    full,
    fail_over,
    fail_over_late,
    flush,
    evict,
    begin_without_end,
)
