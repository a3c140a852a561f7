"""The census of cold keys as the data function does it: a million keys inside 512 MB and 15 minutes.

`.venv/bin/python -m bench.cold_census [KEYS]`. The steps run in a process of their own whose address space is limited to 512 MB,
against a real Redis 3.2.6; pages go to a folder instead of S3. A function of 512 MB has 512/1769 of a core (Lambda developer guide,
"Configure memory"), so the time it would take is the CPU time divided by that, plus what the server itself works.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.app.dataset import fill
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import SOURCE_VERSION, InstalledTools
from tests.inplace.builders import run_settings
from uplift.inplace.records.run_state import Next, NodeAddress, RunState
from uplift.inplace.steps.probe_and_census import DataSteps

_MEMORY_BYTES = 512 * 1024 * 1024
_CORES = 512 / 1769
_LONGEST_SECONDS = 15 * 60


class _Folder:
    """As much of S3's client as the store uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_object(self, **request: Any) -> None:
        path = self._folder / request["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(request["Body"])

    def get_object(self, **request: Any) -> dict[str, Any]:
        return {"Body": (self._folder / request["Key"]).open("rb")}


def _steps(port: int, folder: Path, results: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    store: Any = _Folder(folder)
    (folder / "names" / "run").mkdir(parents=True)
    (folder / "names" / "run" / "label-secret").write_bytes(b"s" * 16)
    steps = DataSteps(run_settings(), store, lambda: None, time.monotonic() + _LONGEST_SECONDS)
    node = NodeAddress(id="legacy-002", host="127.0.0.1", port=port, is_replica=True)
    state = RunState(run_id="run", nodes=[node])
    timed: list[tuple[str, Callable[[RunState], RunState]]] = [
        ("census-before", steps.census_before),
        ("measure", steps.measure),
        ("census-after", steps.census_after),
        ("compare", steps.compare),
    ]
    figures = []
    for name, step in timed:
        began, cpu = time.perf_counter(), time.process_time()
        state = step(state)
        assert state.next is Next.CONTINUE, name
        figures.append((name, time.perf_counter() - began, time.process_time() - cpu))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    results.put((figures, peak, state.census_before.cold_keys, state.compare.keys))


def main(keys: int) -> None:
    """Fill one server, then run the four steps under the function's limits."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(SOURCE_VERSION, InstalledTools().redis_servers[SOURCE_VERSION], Path(folder) / "redis")
        try:
            fill(server.client, keys, seed=random.randrange(10**6), now=time.time(), progress=lambda _done: None)
            began = time.perf_counter()
            for _ in server.client.scan_iter(count=1000):
                pass
            scan = time.perf_counter() - began
            context = multiprocessing.get_context("spawn")
            results = context.Queue()
            process = context.Process(target=_steps, args=(server.port, Path(folder) / "bucket", results))
            process.start()
            figures, peak, cold, compared = results.get(timeout=2 * _LONGEST_SECONDS)
            process.join()
        finally:
            server.stop()
    print(f"{keys:,} keys, {cold:,} of them cold, {compared:,} compared; peak memory {peak} MB of 512")
    print(f"SCAN alone by redis-py   {scan:7.1f} s")
    for name, wall, cpu in figures:
        in_lambda = max(wall, cpu / _CORES + (wall - cpu))
        here = f"{wall:7.1f} s here ({wall / scan:4.1f} times SCAN), {cpu:6.1f} s CPU"
        print(f"{name:<14} {here}, about {in_lambda:6.1f} s at 512 MB: {100 * in_lambda / _LONGEST_SECONDS:.0f} % of 15 min")
    print(json.dumps({name: round(keys / wall) for name, wall, _cpu in figures}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
