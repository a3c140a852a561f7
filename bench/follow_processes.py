"""The processes of bench.follow: applications that write, one that reads what another wrote, and who brings the writes across."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import redis

from bench.common import peak_memory_mb
from uplift.keyspace.follow.base import open_base
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.garbage import cycles_looked_for_seldom
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.member import Member
from uplift.keyspace.follow.pasts import Pasts
from uplift.keyspace.follow.streams import Streams
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.endpoint import Endpoint

KEYS = 20_000
_WRITES_AT_ONCE_A_SECOND = 500
_BASE_BYTES = 256 * 1024 * 1024
_BASELINE_BATCH = 100


@dataclass(frozen=True)
class Ports:
    """Where the applications reach both servers, and how the engine does."""

    source: int
    target: int
    source_endpoint: Endpoint
    target_endpoint: Endpoint


@dataclass(frozen=True)
class Carried:
    """Of whoever brings writes across: CPU seconds, peak memory, and how many keys were dirty at most and when the writers ended."""

    cpu: float
    memory_mb: float
    most_dirty: int = 0
    dirty_at_end: int = 0


def client(port: int) -> redis.Redis:
    """A plain client, without what redis-py tells a server of itself."""
    return redis.Redis(host="127.0.0.1", port=port, protocol=2, driver_info=None)


def write_at(port: int, rate: int, seconds: float, number: int, written: Queue[int]) -> None:
    """So many writes a second: 7 of 10 SET a session of 300 bytes with a TTL, the others HSET; keys of both sides are different ones."""
    there, rng, value = client(port), random.Random(number), b"x" * 300
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        pipeline = there.pipeline(transaction=False)
        for _ in range(max(1, rate // _WRITES_AT_ONCE_A_SECOND)):
            key = rng.randrange(KEYS)
            if rng.random() < 0.7:
                pipeline.set(f"vets-api-session:{number}:{key}", b"%d %b" % (count, value), ex=1_800)
            else:
                pipeline.hset(f"users_b:{number}:{key}", f"f{rng.randrange(5)}", count)
            count += 1
        pipeline.execute()
        early = began + count / rate - time.perf_counter()
        if early > 0:
            time.sleep(early)
    written.put(count)


def staleness(from_port: int, to_port: int, seconds: float, waits: Queue[list[float]]) -> None:
    """Write on one side, ask the other one until it is there; ms."""
    here, there, found = client(from_port), client(to_port), []
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        number += 1
        wanted = b"%d" % number
        key = f"staleness:{number % 100}"
        written = time.perf_counter()
        here.set(key, wanted)
        while there.get(key) != wanted and time.perf_counter() - written < 5:
            time.sleep(0.0002)
        found.append((time.perf_counter() - written) * 1000)
        time.sleep(0.01)
    waits.put(sorted(found))


def get_waits(port: int, seconds: float, waits: Queue[list[float]]) -> None:
    """What a GET takes, once a ms; ms."""
    there, found = client(port), []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        asked = time.perf_counter()
        there.get("nothing")
        found.append((time.perf_counter() - asked) * 1000)
        time.sleep(0.001)
    waits.put(sorted(found))


def member(ports: Ports, folder: Path, *, two_way: bool) -> Member:
    """An engine with its base and what it sent in files, as a run has them."""
    router = build_router(one_target_takes_all("target"), ("target",))

    def name(key: bytes) -> bytes | None:
        rule = router.route(key)
        return key if rule is not None and rule.target == 0 else None

    source = FollowedServer(Side.SOURCE, "source", ports.source_endpoint, 0, name)
    target = FollowedServer(Side.TARGET, "target", ports.target_endpoint, 0, name)
    streams = Streams(source, [target], router, Pasts(open_base(folder / "base", _BASE_BYTES), folder / "sent"))
    return Member(streams, router, Policy(two_way, Side.SOURCE), "bench", stands_by=False)


def follow(ports: Ports, two_way: bool, ready: Event, ending: Event, carried: Queue[Carried]) -> None:
    """Uplift's engine, from its first whole pass on."""
    with cycles_looked_for_seldom(), tempfile.TemporaryDirectory() as folder:
        _follow(member(ports, Path(folder), two_way=two_way), ready, ending, carried)


def _follow(engine: Member, ready: Event, ending: Event, carried: Queue[Carried]) -> None:
    while engine.engine is None or engine.engine.passes.done is None:
        engine.step()
    ready.set()
    began, most, at_end = time.process_time(), 0, -1
    while not ending.is_set():
        engine.step()
        most = max(most, len(engine.engine.dirty))
    at_end = len(engine.engine.dirty)
    carried.put(Carried(time.process_time() - began, peak_memory_mb(), most, at_end))
    engine.close()


def pubsub(ports: Ports, _two_way: bool, ready: Event, ending: Event, carried: Queue[Carried]) -> None:
    """The baseline: redis-py's pubsub, and for the keys of up to 100 events DUMP and PTTL, then RESTORE, each in one pipeline."""
    source, target = client(ports.source_endpoint.port), client(ports.target_endpoint.port)
    events = source.pubsub()
    events.psubscribe("__keyevent@0__:*")
    ready.set()
    began = time.process_time()
    while not ending.is_set():
        keys = []
        message = events.get_message(timeout=0.01)
        while message is not None:
            if message["type"] == "pmessage":
                keys.append(message["data"])
            message = events.get_message(timeout=0) if len(keys) < _BASELINE_BATCH else None
        if keys:
            _bring(source, target, keys)
    carried.put(Carried(time.process_time() - began, peak_memory_mb()))


def _bring(source: redis.Redis, target: redis.Redis, keys: list[bytes]) -> None:
    reads = source.pipeline(transaction=False)
    for key in keys:
        reads.dump(key)
        reads.pttl(key)
    answers = reads.execute()
    writes = target.pipeline(transaction=False)
    for key, payload, ttl in zip(keys, answers[::2], answers[1::2], strict=True):
        if payload is None:
            writes.delete(key)
        else:
            writes.restore(key, max(0, ttl), payload, replace=True)
    writes.execute()
