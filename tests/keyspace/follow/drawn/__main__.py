"""Many drawn runs, one after the other, or with a part of the protocol taken away, which must break some of them.

python -m tests.keyspace.follow.drawn [--seed N] [--runs N] [--without ABLATION] [--names FAULT,...] [--until-broken]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.deployed_cloud import later_server
from tests.keyspace.follow.drawn import ablations
from tests.keyspace.follow.drawn.run import Verdict, run
from tests.keyspace.follow.drawn.versions import drawn_versions


def one(seed: int, names: list[str] | None, without: str | None) -> Verdict:
    """One run with servers of its own."""
    tools = InstalledTools()
    servers: list[RedisServer] = []
    with tempfile.TemporaryDirectory() as folder:

        def start(version: str, _seconds: int) -> RedisServer:
            binary = tools.redis_servers.get(version) or later_server(tools, version)
            servers.append(RedisServer(version, binary, Path(folder) / f"redis-{len(servers)}"))
            return servers[-1]

        try:
            return run(start, seed, versions=drawn_versions(seed), names=names, without=without)
        finally:
            for server in servers:
                server.stop()


def main() -> int:
    """The number of runs that broke is the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--without", choices=sorted(ablations.ABLATIONS))
    parser.add_argument("--names")
    parser.add_argument("--until-broken", action="store_true")
    wanted = parser.parse_args()
    names = wanted.names.split(",") if wanted.names else None
    broken = 0
    for seed in range(wanted.seed, wanted.seed + wanted.runs):
        began = time.monotonic()
        verdict = one(seed, names, wanted.without)
        sys.stdout.write(
            f"seed {seed}: {verdict.writes} writes, {verdict.keys} keys, {verdict.ambiguous} ambiguous, {verdict.named} named, "
            f"{len(verdict.faults)} faults, {time.monotonic() - began:.1f} s\n"
        )
        if verdict.faults:
            broken += 1
            sys.stdout.write("\n".join(["FAILED", *verdict.faults[:20], *verdict.story, ""]))
        sys.stdout.flush()
        if broken and wanted.until_broken:
            break
    sys.stdout.write(f"{broken} broken\n")
    return broken


if __name__ == "__main__":
    sys.exit(main())
