"""One drawn run: from a seed to a verdict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import Snapshot, read, same, snapshot
from tests.keyspace.follow.drawn.faults import FAULTS, NIGHTLY_FAULTS, WHERE_NOBODY_KNOWS
from tests.keyspace.follow.drawn.record import LAG_SECONDS, Form, Record, State, WindowKind, Write, allowed
from tests.keyspace.follow.drawn.world import World

_OWN_PREFIXES = (b"uplift:follow:", b"uplift:temporary:")


@dataclass
class Verdict:
    """`faults`: what is wrong, empty where all is right. `story`: what a person needs to find out why."""

    faults: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    writes: int = 0
    named: int = 0
    ambiguous: int = 0
    keys: int = 0


def run(
    start: Callable[[str, int], RedisServer],
    seed: int,
    *,
    versions: tuple[str, str] = ("3.2.6", "5.0.6"),
    names: list[str] | None = None,
    skews: tuple[int, int] = (0, 0),
    without: str | None = None,
    most_faults: int = 4,
) -> Verdict:
    """`names`: the faults to draw from. `without`: a part of the protocol that engines leave out."""
    draws = random.Random(f"{seed} plan")
    world = World(start, versions, f"{seed}", skews)
    world.without = without
    began = time.monotonic()
    verdict = Verdict()
    try:
        _play(world, draws, names or list(FAULTS), most_faults)
        verdict = judge(world)
    except AssertionError as problem:
        verdict.faults.append(str(problem))
    finally:
        try:
            for writer in world.writers:
                writer._ends.set()
            world.close()
        finally:
            verdict.story = _story(world, began) + verdict.story
    return verdict


def _play(world: World, draws: random.Random, names: list[str], most_faults: int) -> None:
    _prefill(world, draws, is_copied=draws.random() < 0.8)
    world.authority = draws.choice(["source", "source", "target"])
    world.say(f"authority: {world.authority}")
    # What is there before is as it was copied, or nobody knows.
    world.nobody_knows("the beginning", since=time.monotonic() + LAG_SECONDS)
    world.new_engine(stands_by=False)
    world.active()
    world.new_engine(stands_by=True)
    if draws.random() < 0.8:
        world.settle()
    world.begin_writing()
    for _ in range(draws.randint(1, most_faults)):
        world.wait_for_rounds(draws.choice([2, 30, 100]))
        if draws.random() < 0.75:
            world.settle()
        name = draws.choices(names, [1 if name in WHERE_NOBODY_KNOWS else 4 for name in names])[0]
        world.say(f"-- {name}")
        (FAULTS | NIGHTLY_FAULTS)[name](world)
    world.wait_for_rounds(50)
    world.settle(complete=False)
    world.wait_for_rounds(50)
    world.end_writing()
    world.say("quiet")
    world.settle(complete=False)


def _prefill(world: World, draws: random.Random, *, is_copied: bool) -> None:
    """Keys of the source; where they are not copied, the cold beginning names them."""
    if not is_copied:
        world.record.open(WindowKind.NOBODY_KNEW, time.monotonic(), "the source alone has keys")
    for number in range(100):
        now = time.monotonic()
        text, table = draws.randbytes(20), {b"field": draws.randbytes(20)}
        for key, state in ((b"before:%d" % number, State(b"string", text)), (b"before:hash:%d" % number, State(b"hash", table))):
            for server in world.servers if is_copied else world.servers[:1]:
                if isinstance(state.value, bytes):
                    server.client.set(key, state.value)
                else:
                    server.client.hset(key, mapping=table)  # type: ignore[arg-type]
            world.record.note(key, Write(0, now, time.monotonic(), state, Form.WHOLE))


def judge(world: World) -> Verdict:
    record = world.record
    verdict = Verdict(writes=record.count, named=len({one.key for one in world.log.named}))
    here, there = _both(world)
    differing = _differing(record, here, there)
    deadline = time.monotonic() + 15
    while differing and time.monotonic() < deadline:
        # A life may end between the readings of both sides, which take long on a busy machine: those few again, one right after the other.
        time.sleep(0.2)
        _read_again(world, differing, (here, there))
        differing = _differing(record, here, there)
    verdict.faults += [f"{key!r} differs: {here.get(key)!r:.300} and {there.get(key)!r:.300}" for key in differing]
    verdict.keys = len(here)
    clock = int(time.time() * 1000) + 1_000 * max(world.skews)
    for key, value in there.items():
        if 0 in record.evicting:
            here.setdefault(key, value)
    wrong = [key for key in sorted(record.writes) if key not in differing and not allowed(record, key).has(_state(here, key), clock)]
    for key in wrong:
        verdict.faults.append(f"{key!r} is {_state(here, key)!r:.300}, allowed: {allowed(record, key)!r:.600}")
    named = {one.key: one for one in world.log.named}
    too_much = [key for key in sorted(named) if not record.may_be_named(key)]
    verdict.ambiguous = sum(record.may_be_named(key) for key in record.writes)
    for key in too_much:
        verdict.faults.append(f"{key!r} was named by {named[key].owner}, but is clear: {named[key].reason}")
    for key in [*differing, *wrong, *too_much][:5]:
        verdict.story += _history(record, key, world)
    return verdict


def _differing(record: Record, here: Snapshot, there: Snapshot) -> list[bytes]:
    """Keys that are not the same on both sides, save those that one side evicted."""
    seen = (here, there)
    return [
        key
        for key in same(here, there)
        if not any(key not in seen[side] and seen[1 - side][key][2] is not None for side in record.evicting)
    ]


def _both(world: World) -> tuple[Snapshot, Snapshot]:
    found = [snapshot(server.connect()) for server in world.servers]
    return (
        {key: value for key, value in found[0].items() if not key.startswith(_OWN_PREFIXES)},
        {key: value for key, value in found[1].items() if not key.startswith(_OWN_PREFIXES)},
    )


def _read_again(world: World, keys: list[bytes], seen: tuple[Snapshot, Snapshot]) -> None:
    clients = [server.connect() for server in world.servers]
    for key in keys:
        for client, snap in zip(clients, seen, strict=True):
            found = read(client, key)
            if found is None:
                snap.pop(key, None)
            else:
                snap[key] = found


def _state(seen: Snapshot, key: bytes) -> State | None:
    # A string without a value expired while it was read.
    return State(*seen[key]) if key in seen and seen[key][1] is not None else None


def _history(record: Record, key: bytes, world: World) -> list[str]:
    told = [(one.at, f"   {one.at:.4f} NAMED by {one.owner}: {one.reason}") for one in world.log.named if one.key == key]
    told += [
        (
            one.begin,
            f"   {one.begin:.4f}-{one.end:.4f} {'ST'[one.side]} {one.text} {'' if one.acknowledged else 'NOT ACKNOWLEDGED '}"
            f"{'hidden ' if record.is_hidden(one) else ''}-> {one.state!r:.150}",
        )
        for one in record.writes.get(key, [])[-14:]
    ]
    told += [(at, f"   {at:.4f} {text}") for at, text in world.events if told and at >= min(told)[0] - 1]
    return [f"history of {key!r}:", *[text for _, text in sorted(told)]]


def _story(world: World, began: float) -> list[str]:
    lines = [(at, text) for at, text in world.events]
    lines += [(window.begin, f"window {window.kind.value} begins: {window.why}, until {window.end}") for window in world.record.windows]
    lines += [
        (at, f"   {owner}: {what.get('problem') or what.get('ended')}") for at, owner, what in world.log.lines if not what.get("named")
    ][:40]
    return [f"{at:.4f} (+{at - began:.2f}) {text}" for at, text in sorted(lines)]
