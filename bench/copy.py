"""How fast a copy is, what it costs everybody, and how long others wait meanwhile.

`.venv/bin/python -m bench.copy [KEYS] [--runs N]`. Source 3.2.6, two targets 5.0.6, all on this machine; compare the ratios.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import redis

from bench.baselines import drained_script, pipelined_copy
from bench.common import Measured, arguments, endpoint, fill_mixed, interleaved, machine, measure, note, peak_memory_mb, servers, show
from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest, prepared_copy
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.server.target import Existing

KEYMAP = KeyMap.model_validate(
    {
        "version": 1,
        "destinations": ["app-cache", "sidekiq"],
        "rules": [
            {"name": "cache", "match": {"prefix": "cache:"}, "to": "app-cache", "source": "bench", "reason": "bench"},
            {
                "name": "rest",
                "match": {"prefix": ["users_b:", "stat:", "set:", "ints:", "list:", "zset:"]},
                "to": "sidekiq",
                "source": "bench",
                "reason": "bench",
            },
        ],
    }
)


def urls(keymap: KeyMap, targets: Sequence[Endpoint]) -> tuple[TargetUrl, ...]:
    """The targets by the names the map gives them."""
    return tuple(TargetUrl(name, target, None) for name, target in zip(keymap.destinations, targets, strict=True))


def copy_request(source: Endpoint, targets: Sequence[Endpoint]) -> CopyRequest:
    return CopyRequest(source, urls(KEYMAP, targets), KEYMAP, options=CopyOptions(existing=Existing.REPLACE))


def _request(source: RedisServer, targets: list[RedisServer]) -> CopyRequest:
    return copy_request(endpoint(source), [endpoint(target) for target in targets])


def copy(source: RedisServer, targets: list[RedisServer], involved: list[RedisServer]) -> Measured:
    """One copy; what is measured comes after the look at every name, which `look` measures."""
    with tempfile.TemporaryDirectory() as folder:
        request = _request(source, targets)
        with prepared_copy(request, Path(folder) / "state", lambda _event: None) as prepared:
            return measure(lambda: prepared.run(lambda _event: None), involved)


def _client(server: RedisServer) -> redis.Redis:
    return redis.Redis(port=server.port, protocol=2)


def _flushed(targets: list[RedisServer], work: Callable[[], Measured]) -> Measured:
    for target in targets:
        target.client.flushall()
    return work()


def look(source: RedisServer, targets: list[RedisServer], involved: list[RedisServer]) -> Measured:
    """Everything before the first write: the servers, every key's name and rule, sizes of one in fifty."""
    with tempfile.TemporaryDirectory() as folder:
        request = _request(source, targets)

        def prepare() -> None:
            with prepared_copy(request, Path(folder) / "state", lambda _event: None):
                pass

        return measure(prepare, involved)


def _ask(port: int, asking: Event, stop: Event, answers: Any) -> None:
    """GET at about 1 kHz from another process; sends back the waits in ms."""
    client = redis.Redis(port=port, protocol=2)
    client.ping()
    asking.set()
    waits = []
    while not stop.is_set():
        began = time.perf_counter()
        client.get("cache:one-that-is-not-there")
        waits.append((time.perf_counter() - began) * 1000)
        time.sleep(0.001)
    answers.put(sorted(waits))


def waits_during(work: Callable[[], object], source: RedisServer, prefer: Callable[[int], object] = lambda _pid: None) -> list[float]:
    """What a GET waited while the work went on and no longer: in ms, the shortest first. `prefer` gets the process that asks."""
    context = multiprocessing.get_context("spawn")
    asking, stop, answers = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=_ask, args=(source.port, asking, stop, answers))
    process.start()
    prefer(process.pid or 0)
    asking.wait()
    work()
    stop.set()
    waits: list[float] = answers.get(timeout=30)
    process.join()
    return waits


def _copy_alone(ports: tuple[int, int, int], answers: Any) -> None:
    """The copy in a process that has done nothing else; sends back its peak memory in MB."""
    source, one, other = (_At(port) for port in ports)
    copy(source, [one, other], [])  # type: ignore[arg-type, list-item]
    answers.put(peak_memory_mb())


class _At:
    """Just enough of a server for `endpoint`."""

    def __init__(self, port: int) -> None:
        self.port = port


def peak_memory_of_a_copy(source: RedisServer, targets: list[RedisServer]) -> float:
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=_copy_alone, args=((source.port, targets[0].port, targets[1].port), answers))
    process.start()
    peak: float = answers.get(timeout=600)
    process.join()
    return peak


def show_waits(name: str, waits: list[float]) -> None:
    at = {share: waits[min(len(waits) - 1, int(len(waits) * share))] for share in (0.5, 0.99, 0.999)}
    print(f"{name:<34} a GET beside it waits p50 {at[0.5]:.2f}  p99 {at[0.99]:.2f}  p99.9 {at[0.999]:.2f}  max {waits[-1]:.1f} ms")


def main() -> None:
    wanted = arguments(str(__doc__))
    print(machine())
    with servers("3.2.6", "5.0.6", "5.0.6") as (source, one, other):
        fill_mixed(source.client, wanted.keys)
        keys, involved, targets = source.client.dbsize(), [source, one, other], [one, other]
        size = source.client.info("memory")["used_memory"]
        print(f"{keys:,} keys, {size / 1e6:,.0f} MB in the source")
        clients = [_client(one), _client(other)]
        works = {
            "uplift copy": lambda: _flushed(targets, lambda: copy(source, targets, involved)),
            "redis-py, pipelines of 500": lambda: _flushed(
                targets,
                lambda: measure(
                    lambda: pipelined_copy(_client(source), clients, lambda key: 0 if key.startswith(b"cache:") else 1), involved
                ),
            ),
            "the reading script, drained": lambda: measure(lambda: drained_script(source), involved),
            "uplift's look at every name": lambda: look(source, targets, involved),
        }
        medians = interleaved(works, wanted.runs)
        for name, measured in medians.items():
            show(name, measured, keys, ("client", "source", "one", "other"))
        ours, theirs, drained, _ = medians.values()
        source.set_config("slowlog-log-slower-than", "500")
        source.client.slowlog_reset()
        show_waits("nothing else", waits_during(lambda: time.sleep(3), source))
        show_waits("script drained to nowhere", waits_during(lambda: drained_script(source), source))
        show_waits("uplift copy, all on this machine", waits_during(lambda: copy(source, targets, involved), source))
        slow = max((entry["duration"] for entry in source.client.slowlog_get(128)), default=0) / 1000
        memory = peak_memory_of_a_copy(source, targets)
        print(f"SLOWLOG's longest on the source: {slow:.1f} ms; peak memory of the client {memory:.0f} MB")
        note(
            bench="copy",
            keys=keys,
            wall_ratio=round(theirs.wall / ours.wall, 2),
            client_cpu_s_per_million=round(ours.client * 1e6 / keys, 2),
            source_ratio=round(ours.servers[0] / drained.servers[0], 2),
            client_megabytes=round(memory),
            megabytes_a_second=round(size / ours.wall / 1e6, 1),
        )


if __name__ == "__main__":
    main()
