"""`python -m tests.sidekiq.crash [--seed N] [--kills K]`: rounds of up to 500 kills on new servers, there and back in turn, every second
pair with two movers at once, until so many movers were killed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.sidekiq.crash.lives import Lived, live

_A_ROUND = 500


def rounds(seed: int, kills: int) -> list[Lived]:
    """Each as it ends, said on stdout; a round that does not hold is the last."""
    found: list[Lived] = []
    binaries = InstalledTools().redis_servers
    while sum(lived.kills for lived in found) < kills:
        number = len(found)
        draws = random.Random(f"{seed} {number}")
        versions = ("3.2.6", "5.0.6") if number % 2 == 0 else ("5.0.6", "3.2.6")
        with tempfile.TemporaryDirectory() as folder:
            sides = [RedisServer(version, binaries[version], Path(folder) / version) for version in versions]
            try:
                at_once = 2 if number % 4 >= 2 else 1
                most = min(_A_ROUND, kills - sum(lived.kills for lived in found))
                lived = live((sides[0], sides[1]), draws, most, at_once=at_once, big=2)
            finally:
                for side in sides:
                    side.stop()
        found.append(lived)
        sys.stdout.write(f"{number}: {versions[0]} to {versions[1]}, {at_once} at once: {lived}\n")
        sys.stdout.flush()
        if not lived.holds:
            break
    return found


def main() -> int:
    """Exit 1 where a job was lost or doubled, or a mover stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--kills", type=int, default=10_000)
    wanted = parser.parse_args()
    sys.stdout.write(f"seed {wanted.seed}\n")
    began = time.monotonic()
    found = rounds(wanted.seed, wanted.kills)
    verdicts = [lived.verdict for lived in found if lived.verdict is not None]
    sys.stdout.write(
        f"seed {wanted.seed}: {sum(lived.kills for lived in found):,} kills, {sum(lived.cuts for lived in found):,} cuts, "
        f"{sum(lived.chunks for lived in found):,} chunks, {sum(one.jobs for one in verdicts):,} jobs in {time.monotonic() - began:.0f} s: "
        f"{sum(one.lost for one in verdicts)} lost, {sum(one.doubled for one in verdicts)} doubled\n"
    )
    return 0 if all(lived.holds for lived in found) else 1


if __name__ == "__main__":
    sys.exit(main())
