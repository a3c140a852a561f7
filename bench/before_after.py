"""What a change costs: seconds and CPU seconds of copies and verifications by another revision and by this tree, in turn, same servers.

`.venv/bin/python -m bench.before_after REVISION [KEYS] [--runs N] [--work WORK]`. Every run is a process of its own, in the tree it
measures. A ratio above 1 means that this tree needs more.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.common import RUNS, fill_mixed, machine, note, servers
from bench.verify import ALONE, whole_copy
from rehearsal.cloud.elasticache.redis_server import RedisServer

_GIT = shutil.which("git") or "git"
_HERE = Path(__file__).resolve().parents[1]
_ONE_TARGET = "verify one target"
_WORKS = ("copy", "copy to empty targets, none replaced", "verify", _ONE_TARGET)
# Runs in the tree it measures; both revisions know these names, and a verification takes one listener less now.
_ONE_RUN = """
import inspect, json, sys, tempfile
from pathlib import Path
from types import SimpleNamespace
from bench.common import endpoint, measure
import bench.copy as bench_copy
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.server.target import Existing
from uplift.keyspace.verify.run import VerifyRequest, verify
work, ends = sys.argv[1], [SimpleNamespace(port=port, pid=pid) for port, pid in json.loads(sys.argv[2])]
if work.startswith("verify"):
    if work == "verify":
        copied = bench_copy._request(ends[0], ends[1:])
        request = VerifyRequest(copied.source, copied.targets, bench_copy.KEYMAP)
    else:
        alone = (TargetUrl("target", endpoint(ends[1]), None),)
        request = VerifyRequest(endpoint(ends[0]), alone, one_target_takes_all("target"))
    silent = [lambda *_: None] * (len(inspect.signature(verify).parameters) - 1)
    def run(): assert verify(request, *silent).result.counts == {}
    measured = measure(run, ends)
else:
    if work != "copy":
        request = bench_copy._request
        def failing(*arguments):
            from dataclasses import replace
            return replace(request(*arguments), options=CopyOptions(existing=Existing.FAIL))
        bench_copy._request = failing
    measured = bench_copy.copy(ends[0], ends[1:], ends)
print(json.dumps([measured.wall, measured.client, *measured.servers]))
"""


def _run(tree: Path, work: str, ends: list[RedisServer]) -> list[float]:
    if not work.startswith("verify"):
        for target in ends[1:]:
            target.client.flushall()
    addresses = json.dumps([(server.port, server.pid) for server in ends])
    done = subprocess.run(
        [sys.executable, "-c", _ONE_RUN, work, addresses],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("keys", nargs="?", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--work", action="append", choices=_WORKS, help="only this; may be repeated")
    wanted = parser.parse_args()
    works = wanted.work or _WORKS
    print(machine())
    with tempfile.TemporaryDirectory() as folder, servers("3.2.6", "5.0.6", "5.0.6", "5.0.6") as started:
        *ends, alone = started
        before = Path(folder) / "before"
        subprocess.run([_GIT, "clone", "-q", str(_HERE), str(before)], check=True)
        subprocess.run([_GIT, "-C", str(before), "checkout", "-q", wanted.revision], check=True)
        fill_mixed(ends[0].client, wanted.keys)
        if _ONE_TARGET in works:
            whole_copy(ends[0], ALONE, [alone])
        if "verify" in works and "copy" not in works:
            _run(_HERE, "copy", ends)
        seen: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
        for _ in range(wanted.runs):
            for work in works:
                involved = [ends[0], alone] if work == _ONE_TARGET else ends
                for name, tree in (("before", before), ("after", _HERE)):
                    seen[work, name].append(_run(tree, work, involved))
    for work in works:
        medians = {name: [statistics.median(column) for column in zip(*seen[work, name], strict=True)] for name in ("before", "after")}
        ratios = [round(after / max(before, 0.01), 3) for before, after in zip(medians["before"], medians["after"], strict=True)]
        print(f"{work:<38} {medians['before'][0]:.2f} s, now {medians['after'][0]:.2f} s; ratios wall, client, source, targets: {ratios}")
        note(bench="before_after", work=work, revision=wanted.revision, keys=wanted.keys, ratios=ratios)


if __name__ == "__main__":
    main()
