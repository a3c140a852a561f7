"""How fast an RDB file is read into an inventory, beside rdbtools on the same file.

`.venv/bin/python -m bench.rdb [KEYS] [--runs N]`.
rdbtools 0.1.15 with python-lzf 0.2.6 is installed into .cache/bench-rdbtools when missing.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.common import Measured, arguments, fill_mixed, interleaved, machine, measure, note, peak_memory_mb, servers, show
from bench.copy import KEYMAP
from uplift.keyspace.inventory.inventory import RDB_BYTES, Inventory, InventoryBuilder, rdb_inventory
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.rdb.file import RdbFile

RDBTOOLS = Path(".cache/bench-rdbtools")
_BASELINE = """
import sys
from rdbtools import RdbParser, MemoryCallback, PrintAllKeys
with open("/dev/null", "wb") as out:
    RdbParser(MemoryCallback(PrintAllKeys(out, None, None), 64)).parse(sys.argv[1])
"""


def _rdbtools() -> Path:
    if not RDBTOOLS.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(RDBTOOLS)]
        subprocess.run([*command, "rdbtools==0.1.15", "python-lzf==0.2.6", "redis==7.1.0"], check=True)
    return RDBTOOLS


def _inventory(path: Path, router: Router | None) -> Measured:
    def work() -> None:
        rdb_inventory(RdbFile(path), InventoryBuilder(Inventory("bench", RDB_BYTES, router is not None), router), 0, lambda _done: None)

    return measure(work, [])


def _peak_alone(path: str, answers: Any) -> None:
    """The inventory in a process that has done nothing else; sends back its peak memory in MB."""
    _inventory(Path(path), build_router(KEYMAP, ("app-cache", "sidekiq")))
    answers.put(peak_memory_mb())


def _peak_memory(path: Path) -> float:
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=_peak_alone, args=(str(path), answers))
    process.start()
    peak: float = answers.get(timeout=600)
    process.join()
    return peak


def _walk(path: Path) -> Measured:
    def work() -> None:
        for _ in RdbFile(path).entries():
            pass

    return measure(work, [])


def _baseline(path: Path) -> Measured:
    def work() -> None:
        subprocess.run([sys.executable, "-c", _BASELINE, str(path)], check=True, env={"PYTHONPATH": str(_rdbtools())})

    return measure(work, [])


def main() -> None:
    wanted = arguments(str(__doc__))
    print(machine())
    router = build_router(KEYMAP, ("app-cache", "sidekiq"))
    with servers("3.2.6") as (source,), tempfile.TemporaryDirectory() as folder:
        fill_mixed(source.client, wanted.keys)
        keys = source.client.dbsize()
        path = Path(folder) / "dump.rdb"
        size = source.save_to(path)
        source.stop()
        _rdbtools()
        medians = interleaved(
            {
                "inventory with patterns and rules": lambda: _inventory(path, router),
                "inventory with patterns": lambda: _inventory(path, None),
                "keys alone": lambda: _walk(path),
                "rdbtools, memory report": lambda: _baseline(path),
            },
            wanted.runs,
        )
        print(f"{keys:,} keys, file of {size / 1e6:,.0f} MB")
        for name, measured in medians.items():
            show(name, measured, keys, ("client",))
        whole, folded, alone, baseline = medians.values()
        note(
            bench="rdb",
            keys=keys,
            wall_ratio=round(baseline.wall / whole.wall, 1),
            microseconds_of_folding=round((folded.wall - alone.wall) * 1e6 / keys, 2),
            megabytes_a_second=round(size / whole.wall / 1e6),
            peak_megabytes=round(_peak_memory(path)),
        )


if __name__ == "__main__":
    main()
