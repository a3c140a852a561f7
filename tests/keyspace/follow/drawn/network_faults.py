"""What is done to the connections of engines. tests/keyspace/follow/drawn/record.py says what that makes ambiguous."""

from __future__ import annotations

import time

from tests.keyspace.follow.drawn.world import World

_STALLS_SECONDS = (0.3, 1.3, 2.5, 4.5)


def cut_the_active(world: World) -> None:
    """Every connection of the active to one server."""
    side = world.draws.randrange(2)
    world.goes_deaf(f"the active was cut off from {'ST'[side]}")
    world.engine_doors[world.active().owner][side].cut()


def cut_one_connection(world: World) -> None:
    """Any one connection of the active, that listens or that asks."""
    side, number = world.draws.randrange(2), world.draws.randrange(4)
    world.goes_deaf(f"one connection of the active to {'ST'[side]} was cut")
    world.engine_doors[world.active().owner][side].cut_one(number)


def cut_everybody(world: World) -> None:
    """Every engine from one server: none hears everything any more."""
    side = world.draws.randrange(2)
    world.goes_deaf(f"all engines were cut off from {'ST'[side]}")
    for engine in world.living():
        world.engine_doors[engine.owner][side].cut()


def half_a_send(world: World) -> None:
    """What the active sends next arrives in half, and the connection is gone. No event is missed."""
    side = world.draws.randrange(2)
    world.engine_doors[world.active().owner][side].cut_within_next_request()
    world.wait_for_rounds(3)


def stall_the_active(world: World) -> None:
    """Nothing passes between the active and one server, or both, and then all of it does."""
    owner, seconds = world.active().owner, world.draws.choice(_STALLS_SECONDS)
    doors = world.draws.choice([[0], [1], [0, 1]])
    world.goes_deaf(f"the active was stalled for {seconds} s from {doors}")
    for side in doors:
        world.engine_doors[owner][side].stall()
    time.sleep(seconds)
    for side in doors:
        world.engine_doors[owner][side].go_on()
    world.say("goes on")


def stall_the_standby(world: World) -> None:
    owner, seconds = world.standby().owner, world.draws.choice(_STALLS_SECONDS)
    side = world.draws.randrange(2)
    world.goes_deaf(f"the standby was stalled for {seconds} s from {'ST'[side]}")
    world.engine_doors[owner][side].stall()
    time.sleep(seconds)
    world.engine_doors[owner][side].go_on()


def no_network(world: World) -> None:
    """No engine reaches a server for a while."""
    _no_network(world, world.draws.choice(_STALLS_SECONDS))


def no_network_for_long(world: World) -> None:
    _no_network(world, 30.0)


def _no_network(world: World, seconds: float) -> None:
    side = world.draws.randrange(2)
    world.goes_deaf(f"nobody reached {'ST'[side]} for {seconds} s")
    doors = [world.engine_doors[engine.owner][side] for engine in world.living()]
    for door in doors:
        door.refuse()
    time.sleep(seconds)
    for door in doors:
        door.accept_again()


NETWORK_FAULTS = (cut_the_active, cut_one_connection, cut_everybody, half_a_send, stall_the_active, stall_the_standby, no_network)
