"""What moving jobs costs: wall and CPU against a raw loop without any safety, how long a take blocks the source, what a live worker waits
meanwhile, and memory.

`.venv/bin/python -m bench.handover [JOBS] [--runs N]`. Jobs of 500 bytes, 100 a chunk, from 3.2.6 to 5.0.6 and back. The raw loop is LRANGE
and LTRIM at the head of the list, where they are cheap, and RPUSH to the target. Compare the ratios.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from itertools import pairwise
from multiprocessing.synchronize import Event
from typing import Any

import redis

from bench.common import Measured, arguments, endpoint, interleaved, machine, measure, note, peak_memory_mb, servers, show
from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import as_bytes_list, as_int
from uplift.sidekiq.mover.chunk import Place, PlaceKind
from uplift.sidekiq.mover.mover import Mover, MoverServers, Outcome
from uplift.sidekiq.mover.source_side import TakeLimits, Taking

JOB_BYTES, CHUNK, DEPTH = 500, 100, 2
_QUEUE = b"queue:default"
_TAKING = Taking(Place(PlaceKind.QUEUE, b"default"))
_BIG, _BIG_BYTES, _SMALL = 20, 10_000_000, 1_000


def fill(source: RedisServer, target: RedisServer, jobs: int, seed: int = 7) -> None:
    """Jobs as vets-api's are, all different."""
    client: Any = source.client
    for server in (source, target):
        server.client.flushall()
    noise = random.Random(seed).randbytes(1 << 16).hex().encode()
    for first in range(0, jobs, 1_000):
        batch = []
        for number in range(first, min(first + 1_000, jobs)):
            head = b'{"jid":"%024d","queue":"default","class":"Job","args":["' % number
            at = number * 37 % (len(noise) - JOB_BYTES)
            batch.append(head + noise[at : at + JOB_BYTES - len(head) - 3] + b'"]}')
        client.lpush(_QUEUE, *batch)


def move(source: Endpoint, target: Endpoint, after_step: Callable[[], object] = lambda: None) -> None:
    """All of the queue, at the depth used."""
    mover = Mover(MoverServers(source, target), b"bench", TakeLimits(jobs=CHUNK))
    while True:
        step = mover.step([_TAKING] * DEPTH)
        assert step.outcome in {Outcome.WORKED, Outcome.NOTHING}, step.problem
        after_step()
        if step.outcome is Outcome.NOTHING:
            return


def raw(source: Endpoint, target: Endpoint) -> None:
    """What takes most and risks all."""
    one, other = Connection(source), Connection(target)
    while True:
        found, _ = one.call_all([pack("LRANGE", _QUEUE, 0, CHUNK - 1), pack("LTRIM", _QUEUE, CHUNK, -1)])
        jobs = as_bytes_list(found)  # type: ignore[arg-type]
        if not jobs:
            return
        as_int(other.call("RPUSH", _QUEUE, *jobs))


def speed(source: RedisServer, target: RedisServer, jobs: int, runs: int) -> dict[str, float]:
    """The mover against the raw loop, in turn; ratios."""
    both = [source, target]

    def filled(work: Callable[[Endpoint, Endpoint], None]) -> Callable[[], Measured]:
        def run() -> Measured:
            fill(source, target, jobs)
            done = measure(lambda: work(endpoint(source), endpoint(target)), both)
            client: Any = target.client
            assert client.llen(_QUEUE) == jobs
            return done

        return run

    found = interleaved({"raw": filled(raw), "mover": filled(move)}, runs)
    for name, measured in found.items():
        show(f"{name}, {source.version} to {target.version}", measured, jobs, ("mover", "source", "target"))
    one, other = found["raw"], found["mover"]
    return {
        "speed": one.wall / other.wall,
        "cpu_source": other.servers[0] / max(one.servers[0], 0.01),
        "cpu_target": other.servers[1] / max(one.servers[1], 0.01),
        "cpu_mover": other.client / one.client,
    }


def take_milliseconds(source: RedisServer, target: RedisServer, jobs: int) -> tuple[list[float], list[float]]:
    """What takes cost the source, by its own slow log: each, and with the reading of its outbox; ms, the shortest first."""
    fill(source, target, jobs)
    source.set_config("slowlog-max-len", str(jobs))
    source.set_config("slowlog-log-slower-than", "0")
    source.client.slowlog_reset()
    move(endpoint(source), endpoint(target))
    source.set_config("slowlog-log-slower-than", "1000000")
    client: Any = source.client
    entries = [(entry["duration"] / 1_000, entry["command"].split()[0]) for entry in reversed(client.slowlog_get(jobs))]
    takes, with_reads = [], []
    for (took, command), (reads, following) in pairwise(entries):
        if (command, following) == (b"EVALSHA", b"LRANGE"):
            takes.append(took)
            with_reads.append(took + reads)
    return sorted(takes), sorted(with_reads)


def _work_live(port: int, working: Event, stop: Event, answers: Any) -> None:
    """A producer and a worker in one, from another process: LPUSH and BRPOP, about once a ms; sends back what they took in ms."""
    client: Any = redis.Redis(port=port, protocol=2)
    waits = []
    client.ping()
    working.set()
    while not stop.is_set():
        began = time.perf_counter()
        client.lpush("queue:live", b"job")
        client.brpop("queue:live", 5)
        waits.append((time.perf_counter() - began) * 1_000)
        time.sleep(0.001)
    answers.put(sorted(waits))


def live_waits(source: RedisServer, work: Callable[[], object]) -> list[float]:
    """Of a live worker on the source while the work goes on; ms, the shortest first."""
    context = multiprocessing.get_context("spawn")
    working, stop, answers = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=_work_live, args=(source.port, working, stop, answers))
    process.start()
    working.wait()
    work()
    stop.set()
    waits: list[float] = answers.get(timeout=30)
    process.join()
    return waits


def _move_alone(source: Endpoint, target: Endpoint, answers: Any) -> None:
    """In a process that has done nothing else; sends back its memory in MB before and at its peak, and the source's at its peak."""
    before = peak_memory_mb()
    client, most, steps = redis.Redis(port=source.port, protocol=2), 0, 0

    def look() -> None:
        nonlocal most, steps
        steps += 1
        if steps % 20 == 1:
            info: Any = client.info("memory")
            most = max(most, int(info["used_memory"]))

    move(source, target, look)
    answers.put((before, peak_memory_mb(), most / 1e6))


def memory(source: RedisServer, target: RedisServer) -> tuple[float, float, float, float]:
    """Of a move: the mover's MB before and at its peak, the source's before and at its peak."""
    held: Any = source.client.info("memory")
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_move_alone, args=(endpoint(source), endpoint(target), answers))
    process.start()
    before, peak, most = answers.get(timeout=600)
    process.join()
    return before, peak, held["used_memory"] / 1e6, most


def fill_big(source: RedisServer, target: RedisServer) -> None:
    """Some payloads of 10 MB among small ones."""
    fill(source, target, _SMALL)
    client: Any = source.client
    for number in range(_BIG):
        client.lpush(_QUEUE, b"%d" % number + b"x" * _BIG_BYTES)
        client.lpush(_QUEUE, *[b"%d small %d" % (number, one) for one in range(_SMALL // _BIG)])


def at(waits: list[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(len(waits) * share))]


def main() -> None:
    wanted = arguments(str(__doc__), keys=1_000_000, runs=3)
    jobs = wanted.keys
    figures: dict[str, float] = {}
    print(machine())
    with servers("3.2.6", "5.0.6") as (old, new):
        for name, source, target in (("there", old, new), ("back", new, old)):
            found = speed(source, target, jobs, wanted.runs)
            cpu = ", ".join(f"{what} {found[f'cpu_{what}']:.2f}" for what in ("source", "target", "mover"))
            print(f"{name}: speed {found['speed']:.2f} times raw (asked 0.8), CPU of {cpu} times raw (asked 2)")
            figures |= {f"{name}_{what}": round(value, 2) for what, value in found.items()}
        takes, with_reads = take_milliseconds(old, new, min(jobs, 100_000))
        print(f"a take of {CHUNK} on the source: p50 {at(takes, 0.5):.2f} ms, p99 {at(takes, 0.99):.2f} (asked 1), longest {takes[-1]:.2f}")
        print(f"  with the reading of its outbox: p99 {at(with_reads, 0.99):.2f} ms; {DEPTH} of them are in one send")
        fill(old, new, jobs)
        alone = live_waits(old, lambda: time.sleep(3))
        beside = live_waits(old, lambda: move(endpoint(old), endpoint(new)))
        for what, waits in (("alone", alone), ("beside the mover", beside)):
            print(f"push and BRPOP of a live worker {what}: p50 {at(waits, 0.5):.2f} ms, p99 {at(waits, 0.99):.2f} ({len(waits)} times)")
        fill(old, new, jobs)
        before, peak, held, most = memory(old, new)
        print(f"memory: mover {before:.0f} MB, at its peak {peak:.0f}; source {held:.0f} MB, at its peak {most:.0f}")
        fill_big(old, new)
        big_before, big_peak, _, _ = memory(old, new)
        print(f"{_BIG} payloads of 10 MB among {2 * _SMALL:,}: mover {big_before:.0f} MB, at its peak {big_peak:.0f}")
    note(
        bench="handover",
        jobs=jobs,
        **figures,
        take_p99=round(at(takes, 0.99), 2),
        live_p99=round(at(alone, 0.99), 2),
        live_p99_beside=round(at(beside, 0.99), 2),
        mover_mb=round(peak),
        mover_mb_10mb=round(big_peak),
        source_growth=round(most / held, 2),
    )


if __name__ == "__main__":
    main()
