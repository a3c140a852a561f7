"""The base of a follow against a plain dict of tuples: microseconds a key, and bytes of memory an entry.

`.venv/bin/python -m bench.base [KEYS] [--runs N]`. Each measurement is in a process of its own, in turn; medians. The dict promises less:
it has no bound, and is gone with its process.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.common import arguments, machine, note
from uplift.keyspace.follow.base import BaseEntry, open_base

_BOUND_BYTES = 1 << 30
_PAGE_BYTES = 4096
_KEY_BYTES = {"40": b"session:%032x", "200": b"session:%0192x"}


@dataclass(frozen=True)
class Cost:
    """Microseconds for a new key, one put again, and one asked for; the longest put in ms; bytes an entry."""

    new: float
    put: float
    get: float
    longest: float
    memory: float


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _tokens(number: int) -> tuple[bytes, bytes]:
    return b"S" + number.to_bytes(8, "big"), b"D" + number.to_bytes(8, "big")


def _each(act: Callable[[bytes, int], object], form: bytes, keys: int) -> tuple[float, float]:
    """Microseconds of one, in the mean and the longest; the keys are made before the clock runs, and are nobody's afterwards."""
    total, longest, batch = 0.0, 0.0, 10_000
    for start in range(0, keys, batch):
        for key, number in [(form % number, number) for number in range(start, min(keys, start + batch))]:
            began = time.perf_counter()
            act(key, number)
            took = time.perf_counter() - began
            total += took
            longest = max(longest, took)
    return total / keys * 1e6, longest * 1e3


def _cost(put: Callable[[bytes, int], object], get: Callable[[bytes, int], object], form: bytes, keys: int) -> Cost:
    clock = _each(lambda _key, _number: None, form, keys)[0]
    before = _resident_bytes()
    new, longest = _each(put, form, keys)
    memory = (_resident_bytes() - before) / keys
    put_again, get_each = _each(put, form, keys)[0], _each(get, form, keys)[0]
    return Cost(new - clock, put_again - clock, get_each - clock, longest, memory)


def of_base(form: bytes, keys: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        base = open_base(Path(folder) / "base", _BOUND_BYTES)
        cost = _cost(lambda key, number: base.put(key, BaseEntry(*_tokens(number), -1, number)), lambda key, _: base.get(key), form, keys)
        assert (base.entries, base.dropped) == (keys, 0)
        base.close()
    return cost


def of_dict(form: bytes, keys: int) -> Cost:
    table: dict[bytes, tuple[bytes, bytes, int, int]] = {}
    return _cost(lambda key, number: table.__setitem__(key, (*_tokens(number), -1, number)), lambda key, _: table.get(key), form, keys)


def main() -> None:
    wanted = arguments(str(__doc__), keys=1_000_000, runs=3)
    print(machine())
    context = multiprocessing.get_context("spawn")
    for length, form in _KEY_BYTES.items():
        seen: dict[str, list[Cost]] = {"base": [], "dict": []}
        for _ in range(wanted.runs):
            for name, measure in (("base", of_base), ("dict", of_dict)):
                with ProcessPoolExecutor(1, mp_context=context) as pool:
                    seen[name].append(pool.submit(measure, form, wanted.keys).result())
        medians = {
            name: {part: statistics.median(getattr(cost, part) for cost in costs) for part in Cost.__dataclass_fields__}
            for name, costs in seen.items()
        }
        for name, cost in medians.items():
            print(
                f"{name}, {wanted.keys:,} keys of {length} bytes: "
                f"new {cost['new']:.2f} µs, put {cost['put']:.2f} µs, get {cost['get']:.2f} µs, "
                f"longest put {cost['longest']:.1f} ms, {cost['memory']:.0f} bytes an entry"
            )
        ratios = {part: round(medians["base"][part] / medians["dict"][part], 2) for part in ("new", "put", "get", "memory")}
        print("base / dict: " + ", ".join(f"{part} {ratio}" for part, ratio in ratios.items()))
        note(bench="base", keys=wanted.keys, key_bytes=int(length), base_bytes=round(medians["base"]["memory"]), **ratios)


if __name__ == "__main__":
    main()
