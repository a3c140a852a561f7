"""Two servers kept equal while applications write to both, and everything dies that can: drawn, against the applications' own record.

A failure prints its seed: `UPLIFT_RUN=SEED pytest -n0 tests/keyspace/follow/test_drawn_follow.py` makes only that run. What each fault makes
ambiguous is written down in drawn/record.py.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.deployed_cloud import later_server
from tests.draws import DRAWS
from tests.keyspace.follow.drawn import skewed
from tests.keyspace.follow.drawn.ablations import SHOWN_BY
from tests.keyspace.follow.drawn.faults import NIGHTLY_FAULTS
from tests.keyspace.follow.drawn.run import run
from tests.keyspace.follow.drawn.versions import drawn_skews, drawn_versions

pytestmark = pytest.mark.long
_MOST_RUNS = 12
RUNS = 60 if DRAWS == "fuzz" else 4

StartSkewed = Callable[[str, int], RedisServer]


@pytest.fixture
def start_skewed(installed_tools: InstalledTools, tmp_path: Path) -> Iterator[StartSkewed]:
    """Start a real server of one version, its clock so many seconds ahead; all are stopped after the test."""
    servers: list[RedisServer] = []

    def start(version: str, seconds: int) -> RedisServer:
        binary = installed_tools.redis_servers.get(version) or later_server(installed_tools, version)
        if seconds:
            binary = skewed.skewed(binary, seconds, tmp_path)
        server = RedisServer(version, binary, tmp_path / f"redis-{len(servers)}")
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
        skewed.forget(server.pid)


@pytest.mark.parametrize("number", range(RUNS))
def test_both_sides_are_equal_and_nothing_is_lost_or_named_without_reason(
    number: int, draws: random.Random, start_skewed: StartSkewed
) -> None:
    seed = int(os.environ.get("UPLIFT_RUN", draws.randrange(10**6)))
    versions = drawn_versions(seed)
    skews = drawn_skews(seed) if skewed.is_installed() and DRAWS == "fuzz" else (0, 0)
    verdict = run(start_skewed, seed, versions=versions, skews=skews)
    sys.stdout.write(
        f"seed {seed}: {versions}, clocks {skews}; {verdict.writes} writes, {verdict.keys} keys, {verdict.ambiguous} ambiguous, {verdict.named} named\n"
    )
    assert not verdict.faults, "\n".join([f"UPLIFT_RUN={seed}", *verdict.faults[:20], *verdict.story])


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(NIGHTLY_FAULTS))
def test_what_takes_long(name: str, draws: random.Random, start_skewed: StartSkewed) -> None:
    seed = int(os.environ.get("UPLIFT_RUN", draws.randrange(10**6)))
    verdict = run(start_skewed, seed, versions=drawn_versions(seed), names=[name], most_faults=1)
    assert not verdict.faults, "\n".join([f"UPLIFT_RUN={seed}", *verdict.faults[:20], *verdict.story])


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(SHOWN_BY))
def test_without_a_part_of_the_protocol_a_run_breaks(name: str, draws: random.Random, start_skewed: StartSkewed) -> None:
    for _ in range(_MOST_RUNS):
        seed = draws.randrange(10**6)
        if run(start_skewed, seed, versions=drawn_versions(seed), names=list(SHOWN_BY[name]), without=name).faults:
            return
    pytest.fail(f"{name}: none of {_MOST_RUNS} runs broke")
