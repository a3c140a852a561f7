"""How long `uplift follow run` takes from its start to *in sync*, while an application writes, and where that time goes.

`.venv/bin/python -m bench.follow_start [KEYS] [--runs N]`. Source 3.2.6, target 5.0.6; 2,000 writes a second on the source to keys of the
same data. Beside it `uplift copy` of the same data with nobody writing: a follow copies, then compares everything once.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from bench.common import arguments, fill_mixed, machine, note, servers
from bench.follow_processes import client
from rehearsal.cloud.elasticache.redis_server import RedisServer

_UPLIFT = str(Path(sys.executable).parent / "uplift")
_WRITES_A_SECOND = 2_000
_KEY_MAP = (
    "version: 1\ndestinations: [cache]\nrules:\n  - {name: everything, match: {prefix: ''}, to: cache, source: bench, reason: bench}\n"
)


def _write_until(port: int, ending: Event) -> None:
    there, rng, count, began = client(port), random.Random(1), 0, time.monotonic()
    while not ending.is_set():
        pipeline = there.pipeline(transaction=False)
        for _ in range(10):
            pipeline.set(f"written:{rng.randrange(50_000)}", b"%d" % count + b"x" * 300, ex=1_800)
            count += 1
        pipeline.execute()
        time.sleep(max(0.0, began + count / _WRITES_A_SECOND - time.monotonic()))


def _command(pair: list[RedisServer], folder: Path, *more: str) -> list[str]:
    (folder / "keymap.yaml").write_text(_KEY_MAP)
    source, target = (f"redis://127.0.0.1:{server.port}" for server in pair)
    return [*more, "--from", source, "--to", f"cache={target}", "--keymap", str(folder / "keymap.yaml")]


def _start(pair: list[RedisServer], folder: Path) -> dict[str, float]:
    """Seconds since the start at which each phase was first told, and the end."""
    given = _command(pair, folder, "follow", "run", "--state", str(folder / "state"), "--until", "in-sync", "--json")
    began = time.perf_counter()
    phases: dict[str, float] = {}
    with subprocess.Popen([_UPLIFT, *given], stdout=subprocess.PIPE, text=True) as follow:
        assert follow.stdout is not None
        for line in follow.stdout:
            phases.setdefault(json.loads(line).get("phase") or "", time.perf_counter() - began)
    assert follow.returncode == 0, follow.returncode
    return phases | {"end": time.perf_counter() - began}


def _copy(pair: list[RedisServer], folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run([_UPLIFT, *_command(pair, folder, "copy")], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    given = arguments(__doc__ or "", keys=1_000_000, runs=1)
    print(machine())
    with servers("3.2.6", "5.0.6") as pair:
        for server in pair:
            server.set_config("notify-keyspace-events", "EA")
        fill_mixed(pair[0].client, given.keys)
        for _ in range(given.runs):
            with tempfile.TemporaryDirectory() as name:
                pair[1].client.flushall()
                copied = _copy(pair, Path(name))
            with tempfile.TemporaryDirectory() as name:
                pair[1].client.flushall()
                ending = multiprocessing.get_context("spawn").Event()
                writer = multiprocessing.get_context("spawn").Process(target=_write_until, args=(pair[0].port, ending))
                writer.start()
                phases = _start(pair, Path(name))
                ending.set()
                writer.join()
            print(f"copy alone {copied:.0f} s; follow: " + ", ".join(f"{phase} at {at:.0f} s" for phase, at in phases.items()))
            note(bench="follow start", keys=given.keys, seconds=round(phases["end"], 1), times_copy=round(phases["end"] / copied, 2))


if __name__ == "__main__":
    main()
