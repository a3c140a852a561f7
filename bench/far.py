"""Copy and verify over a longer path: 0.25, 1 and 5 ms each way to all three servers, beside the same proxy without delay.

`.venv/bin/python -m bench.far [KEYS] [--runs N] [--own-core]`. Source 3.2.6, two targets 5.0.6, all behind one C proxy. A GET beside them
asks the source directly. Compare the ratios to no delay.

Source, proxy and the process that asks run before all others (nice -15, which root may set): else a GET waits mostly for the scheduler of
this machine, whose cores all of them share, and what came over the path meanwhile has to be worked off first. With `--own-core` the source
and who asks it have a core to themselves, as a Redis has elsewhere: then what a GET waits counts, and the rates do not.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.common import Measured, arguments, cpu_of, fill_mixed, machine, measure, note, servers
from bench.copy import KEYMAP, copy_request, urls, waits_during
from bench.delaying_proxy import DelayingProxy, delaying_proxy
from rehearsal.cloud.elasticache.redis_server import RedisServer
from uplift.keyspace.copy.prepare import prepared_copy
from uplift.keyspace.verify.run import VerifyRequest, verify

_FIRST = -15
_OWN_CORE = "--own-core"
_DELAYS = (0.0, 0.25, 1.0, 5.0)
"""ms each way; the first is what the others are compared with."""


@dataclass(frozen=True)
class _Run:
    """One work at one delay: seconds, CPU seconds, and what a GET beside it waited, in ms."""

    measured: Measured
    proxy_cpu: float
    p50: float
    p99: float


class _Path:
    """The three servers, so many ms away."""

    def __init__(self, servers: list[RedisServer], proxy: DelayingProxy) -> None:
        self._servers, self._proxy = servers, proxy
        self._source, *self._targets = proxy.endpoints

    def copy(self) -> tuple[_Run, float]:
        """A copy to empty targets, measured after the look at every name; and the seconds with that look."""
        for server in self._servers[1:]:
            server.client.flushall()
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            with prepared_copy(copy_request(self._source, self._targets), Path(folder) / "state", lambda _event: None) as prepared:
                looked = time.perf_counter() - began
                run = self._measured(lambda: prepared.run(lambda _event: None))
        return run, looked + run.measured.wall

    def verify(self) -> _Run:
        """Both ways; it finds nothing."""
        request = VerifyRequest(self._source, urls(KEYMAP, self._targets), KEYMAP)

        def work() -> None:
            assert verify(request, lambda _event: None, lambda _found: None).result.counts == {}

        return self._measured(work)

    def _measured(self, work: Callable[[], object]) -> _Run:
        found: list[Measured] = []
        before = cpu_of(self._proxy)
        waits = waits_during(lambda: found.append(measure(work, self._servers)), self._servers[0], _prefer)
        return _Run(found[0], cpu_of(self._proxy) - before, waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


@dataclass(frozen=True)
class _Figures:
    """Medians over all rounds: seconds, CPU seconds, and ms that a GET beside it waited."""

    wall: float
    client: float
    source: float
    targets: float
    proxy: float
    p50: float
    p99: float

    @classmethod
    def of(cls, runs: list[_Run]) -> _Figures:
        """The medians, each figure for itself."""
        rows = [
            (
                run.measured.wall,
                run.measured.client,
                run.measured.servers[0],
                sum(run.measured.servers[1:]),
                run.proxy_cpu,
                run.p50,
                run.p99,
            )
            for run in runs
        ]
        return cls(*(median(column) for column in zip(*rows, strict=True)))


def _show(work: str, delay: float, figures: _Figures, near: _Figures, keys: int) -> None:
    million = 1e6 / keys
    print(
        f"{work:<7} {delay:>4g} ms each way {keys / figures.wall:>8,.0f} keys/s, {near.wall / figures.wall:4.2f} of near's   "
        f"GET p50 {figures.p50:.2f} p99 {figures.p99:.2f} ms, {figures.p99 / near.p99:4.2f} of near's   CPU s per million keys: "
        f"client {figures.client * million:.1f} source {figures.source * million:.1f} targets {figures.targets * million:.1f} "
        f"proxy {figures.proxy * million:.1f}"
    )


def _prefer(pid: int) -> None:
    """Let the source, or who asks it, run before all others, or on a core where nobody else runs."""
    if _OWN_CORE in sys.argv:
        os.sched_setaffinity(pid, {0})
    else:
        os.setpriority(os.PRIO_PROCESS, pid, _FIRST)


def main() -> None:
    wanted = arguments(str(__doc__), keys=200_000, runs=3, flags=(_OWN_CORE,))
    if wanted.own_core:
        # What is started from here on inherits it.
        os.sched_setaffinity(0, os.sched_getaffinity(0) - {0})
    print(machine())
    with ExitStack() as stack:
        started = stack.enter_context(servers("3.2.6", "5.0.6", "5.0.6"))
        fill_mixed(started[0].client, wanted.keys)
        keys = started[0].client.dbsize()
        ports = [server.port for server in started]
        proxies = {delay: stack.enter_context(delaying_proxy(delay, ports)) for delay in _DELAYS}
        _prefer(started[0].pid)
        for proxy in proxies.values():
            os.setpriority(os.PRIO_PROCESS, proxy.pid, _FIRST)
        paths = {delay: _Path(started, proxy) for delay, proxy in proxies.items()}
        copies: dict[float, list[_Run]] = {delay: [] for delay in _DELAYS}
        whole: dict[float, list[float]] = {delay: [] for delay in _DELAYS}
        verifies: dict[float, list[_Run]] = {delay: [] for delay in _DELAYS}
        for _ in range(wanted.runs):
            for delay, path in paths.items():
                run, seconds = path.copy()
                copies[delay].append(run)
                whole[delay].append(seconds)
                verifies[delay].append(path.verify())
    _report(copies, whole, verifies, keys)


def _report(copies: dict[float, list[_Run]], whole: dict[float, list[float]], verifies: dict[float, list[_Run]], keys: int) -> None:
    ratios: dict[str, float] = {}
    for work, runs in (("copy", copies), ("verify", verifies)):
        near = _Figures.of(runs[_DELAYS[0]])
        for delay in _DELAYS:
            figures = _Figures.of(runs[delay])
            _show(work, delay, figures, near, keys)
            ratios[f"{work}_rate_{delay:g}"] = round(near.wall / figures.wall, 2)
            ratios[f"{work}_get_p99_{delay:g}"] = round(figures.p99 / near.p99, 2)
    whole_near = median(whole[_DELAYS[0]])
    for delay in _DELAYS:
        seconds = median(whole[delay])
        print(
            f"copy with the look at every name, {delay:g} ms each way: {keys / seconds:,.0f} keys/s, {whole_near / seconds:.2f} of near's"
        )
        ratios[f"whole_copy_rate_{delay:g}"] = round(whole_near / seconds, 2)
    note(bench="far", keys=keys, **ratios)


if __name__ == "__main__":
    main()
