"""What the benches share: servers, a dataset of mixed keys, CPU seconds, and medians of interleaved runs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from uplift.keyspace.server.endpoint import Endpoint

RUNS = 5
_BATCH = 500


@dataclass(frozen=True)
class Measured:
    """One run: seconds, and CPU seconds of this process and of each server."""

    wall: float
    client: float
    servers: tuple[float, ...]


def endpoint(server: RedisServer) -> Endpoint:
    return Endpoint("127.0.0.1", server.port)


@contextmanager
def servers(*versions: str) -> Iterator[list[RedisServer]]:
    """Real servers, stopped at the end."""
    started: list[RedisServer] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number, version in enumerate(versions):
                started.append(RedisServer(version, InstalledTools().redis_servers[version], Path(folder) / str(number)))
            yield started
        finally:
            for server in started:
                server.stop()


def fill_mixed(client: redis.Redis, keys: int, seed: int = 7) -> None:
    """70 % strings of 200 to 2,000 bytes with TTLs, 20 % hashes, 5 % counters, 5 % small collections; from 100 k on 8 big keys."""
    rng = random.Random(seed)
    pool = rng.randbytes(1 << 20)
    pipeline = client.pipeline(transaction=False)
    for number in range(keys):
        draw = number % 20
        start = rng.randrange(len(pool) - 2_000)
        if draw < 14:
            pipeline.set(f"cache:{rng.getrandbits(64):016x}", pool[start : start + rng.randint(200, 2_000)], ex=rng.randint(10_000, 90_000))
        elif draw < 18:
            # HMSET: HSET takes one field in 3.2.
            pipeline.execute_command("HMSET", f"users_b:{number}", "a", pool[start : start + 30], "b", number, "c", "x" * 20)
        elif draw < 19:
            pipeline.set(f"stat:{number}", number)
        else:
            _collection(pipeline, number, rng)
        if number % _BATCH == 0:
            pipeline.execute()
    if keys >= 100_000:
        _big(pipeline, pool, rng)
    pipeline.execute()


def _collection(pipeline: redis.client.Pipeline, number: int, rng: random.Random) -> None:
    match number // 20 % 4:
        case 0:
            pipeline.sadd(f"set:{number}", *(f"m{i}" for i in range(20)))
        case 1:
            pipeline.sadd(f"ints:{number}", *range(20))
        case 2:
            pipeline.rpush(f"list:{number}", *(f"e{i}" for i in range(20)))
        case _:
            pipeline.zadd(f"zset:{number}", {f"m{i}": rng.random() for i in range(rng.choice([20, 150]))})


def _big(pipeline: redis.client.Pipeline, pool: bytes, rng: random.Random) -> None:
    for name in ("one", "two", "three"):
        pipeline.rpush(f"list:{name}", *(pool[i * 7 : i * 7 + 290] for i in range(50_000)))
    for name in ("one", "two"):
        pipeline.zadd(f"zset:{name}", {pool[i * 11 : i * 11 + 290]: rng.random() for i in range(25_000)})
    pipeline.sadd("set:one", *(pool[i * 5 : i * 5 + 16] for i in range(100_000)))
    pipeline.execute_command("HMSET", "users_b:one", *(part for i in range(50_000) for part in (f"f{i}", "value")))
    pipeline.set("cache:one", pool * 8)


class HasPid(Protocol):
    """A process that runs: a server, a proxy."""

    @property
    def pid(self) -> int: ...


def cpu_of(process: HasPid) -> float:
    """User and system CPU seconds of a process so far."""
    text = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")


def cpu_here() -> float:
    usage, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime + children.ru_utime + children.ru_stime


def measure(work: Callable[[], object], involved: list[RedisServer]) -> Measured:
    """Run it once."""
    here, there, began = cpu_here(), [cpu_of(server) for server in involved], time.perf_counter()
    work()
    wall = time.perf_counter() - began
    return Measured(wall, cpu_here() - here, tuple(cpu_of(server) - before for server, before in zip(involved, there, strict=True)))


def interleaved(works: dict[str, Callable[[], Measured]], runs: int) -> dict[str, Measured]:
    """Each work once a round, in turn, so that noise of the machine meets all of them; medians of each figure."""
    seen: dict[str, list[Measured]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            seen[name].append(work())
    return {name: _median(all_runs) for name, all_runs in seen.items()}


def _median(runs: list[Measured]) -> Measured:
    return Measured(
        statistics.median(run.wall for run in runs),
        statistics.median(run.client for run in runs),
        tuple(statistics.median(column) for column in zip(*(run.servers for run in runs), strict=True)),
    )


def peak_memory_mb() -> float:
    # Not ru_maxrss: a child starts with its parent's.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def machine() -> str:
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, Linux {platform.release()}"


def arguments(description: str, keys: int = 100_000, runs: int = RUNS, flags: tuple[str, ...] = ()) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("keys", nargs="?", type=int, default=keys)
    parser.add_argument("--runs", type=int, default=runs)
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def show(name: str, measured: Measured, keys: int, columns: tuple[str, ...]) -> None:
    million = 1e6 / keys
    cpu = "  ".join(
        f"{column} {seconds * million:5.1f}" for column, seconds in zip(columns, (measured.client, *measured.servers), strict=True)
    )
    print(f"{name:<34} {keys / measured.wall:>9,.0f} keys/s   CPU s per million keys: {cpu}")


def note(**figures: object) -> None:
    """One line for machines."""
    print(json.dumps(figures))
