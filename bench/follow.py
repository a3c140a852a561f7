"""A follow beside clients that write and one that measures how stale the other side is, against a plain pubsub that restores each event.

`.venv/bin/python -m bench.follow [SECONDS] [--runs N] [--quick] [--rates]`. Source 3.2.6, target 5.0.6. 20,000 and 5,000 writes a second
forward by both, 5,000 + 5,000 both ways by Uplift alone (the baseline has one way), then 5,000 forward with 1 and 5 ms more each way. All
processes share the cores of this machine, so compare the ratios. `--rates`: Uplift alone at more and more writes a second, until it does
not keep up.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.queues import Queue
from statistics import median
from typing import Any

from bench.common import arguments, cpu_of, endpoint, machine, note, servers
from bench.delaying_proxy import delaying_proxy
from bench.follow_processes import Carried, Ports, follow, get_waits, pubsub, staleness, write_at
from rehearsal.cloud.elasticache.redis_server import RedisServer

Carrier = Callable[..., None]


@dataclass(frozen=True)
class _Load:
    """Writes a second, forward and back."""

    name: str
    forward: int
    back: int = 0

    @property
    def writes(self) -> int:
        return self.forward + self.back


@dataclass(frozen=True)
class _Result:
    """CPU in µs a write: of the carrier and of both servers; staleness and GET waits in ms."""

    writes: int
    cpu: float
    source_cpu: float
    target_cpu: float
    stale_p50: float
    stale_p99: float
    get_p99: float
    carried: Carried


_RATES = (10_000, 20_000, 30_000, 40_000, 60_000)
_SPAWN = multiprocessing.get_context("spawn")


def _run(carrier: Carrier | None, load: _Load, seconds: float, pair: list[RedisServer], ports: Ports) -> _Result:
    for server in pair:
        server.client.flushall()
    ready, ending = _SPAWN.Event(), _SPAWN.Event()
    carried: Queue[Carried] = _SPAWN.Queue()
    carrying = None
    if carrier is not None:
        carrying = _SPAWN.Process(target=carrier, args=(ports, bool(load.back), ready, ending, carried))
        carrying.start()
        assert ready.wait(60)
    before = [cpu_of(server) for server in pair]
    written: Queue[int] = _SPAWN.Queue()
    stale: Queue[list[float]] = _SPAWN.Queue()
    waits: Queue[list[float]] = _SPAWN.Queue()
    works: list[tuple[Carrier, tuple[Any, ...]]] = [(write_at, (ports.source, load.forward, seconds, 1, written))]
    if load.back:
        works.append((write_at, (ports.target, load.back, seconds, 2, written)))
    if carrier is not None:
        works.append((staleness, (ports.source, ports.target, seconds, stale)))
    works.append((get_waits, (ports.source, seconds, waits)))
    processes = [_SPAWN.Process(target=work, args=given) for work, given in works]
    for process in processes:
        process.start()
    writes = sum(written.get() for _ in range(2 if load.back else 1))
    found = stale.get() if carrier is not None else [0.0]
    gets = waits.get()
    ending.set()
    after = [cpu_of(server) for server in pair]
    what = carried.get() if carrier is not None else Carried(0.0, 0.0)
    for process in [*processes, *([carrying] if carrying is not None else [])]:
        process.join()
    million = 1e6 / writes
    return _Result(
        writes, what.cpu * million, (after[0] - before[0]) * million, (after[1] - before[1]) * million,
        found[len(found) // 2], found[int(len(found) * 0.99)], gets[int(len(gets) * 0.99)], what,
    )  # fmt: skip


def _show(name: str, load: _Load, results: list[_Result]) -> _Result:
    middle = sorted(results, key=lambda one: one.cpu)[len(results) // 2]
    print(
        f"{name:<9} {load.name:<16} {middle.writes / load.writes:4.1f} s  CPU µs a write {middle.cpu:4.1f} source {middle.source_cpu:4.1f} "
        f"target {middle.target_cpu:4.1f}  stale p50 {median(one.stale_p50 for one in results):5.2f} "
        f"p99 {median(one.stale_p99 for one in results):6.2f}  GET p99 {median(one.get_p99 for one in results):5.2f}  "
        f"memory {middle.carried.memory_mb:4.0f} MB  dirty {middle.carried.most_dirty:,}, at the end {middle.carried.dirty_at_end:,}"
    )
    return middle


def _compare(load: _Load, seconds: float, runs: int, pair: list[RedisServer], ports: Ports) -> None:
    ours: list[_Result] = []
    theirs: list[_Result] = []
    alone: list[_Result] = []
    for _ in range(runs):
        alone.append(_run(None, load, seconds, pair, ports))
        ours.append(_run(follow, load, seconds, pair, ports))
        theirs.append(_run(pubsub, load, seconds, pair, ports))
    _show("nobody", load, alone)
    mine, base = _show("follow", load, ours), _show("pubsub", load, theirs)
    note(load=load.name, cpu_ratio=round(mine.cpu / base.cpu, 2))


def _more_and_more(seconds: float, pair: list[RedisServer], ports: Ports) -> None:
    """It keeps up where few keys are dirty when the writers end: else they grow until they are all the keys that are written."""
    for rate in _RATES:
        load = _Load(f"{rate:,}/s", rate)
        found = _show("follow", load, [_run(follow, load, seconds, pair, ports)])
        written = found.writes / seconds
        note(load=load.name, written_a_second=round(written), keeps_up=found.carried.dirty_at_end < written / 10)


def main() -> None:
    given = arguments(__doc__ or "", keys=8, runs=3, flags=("--quick", "--rates"))
    print(machine())
    with servers("3.2.6", "5.0.6") as pair:
        for server in pair:
            server.set_config("notify-keyspace-events", "EA")
        near = Ports(pair[0].port, pair[1].port, endpoint(pair[0]), endpoint(pair[1]))
        if given.rates:
            _more_and_more(given.keys, pair, near)
            return
        loads = [_Load("5,000/s", 5_000)] if given.quick else [_Load("20,000/s", 20_000), _Load("5,000/s", 5_000)]
        for load in loads:
            _compare(load, given.keys, given.runs, pair, near)
        both = _Load("5,000+5,000/s", 5_000, 5_000)
        mine = _show("follow", both, [_run(follow, both, given.keys, pair, near) for _ in range(given.runs)])
        forward = _Load("10,000/s", 10_000)
        base = _show("pubsub", forward, [_run(pubsub, forward, given.keys, pair, near) for _ in range(given.runs)])
        note(load=both.name, cpu_ratio_to_forward_of_as_many=round(mine.cpu / base.cpu, 2))
        for milliseconds in () if given.quick else (1.0, 5.0):
            with delaying_proxy(milliseconds, [server.port for server in pair]) as proxy:
                far = Ports(pair[0].port, pair[1].port, *proxy.endpoints)
                load = _Load(f"5,000/s +{milliseconds:.0f} ms", 5_000)
                _show("follow", load, [_run(follow, load, given.keys, pair, far) for _ in range(given.runs)])


if __name__ == "__main__":
    main()
