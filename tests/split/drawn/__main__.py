"""`python -m tests.split.drawn --seed S --runs N`: whole splits with drawn faults; exit 1 if one failed. Logs of those that did are
kept.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.split.drawn.run import DrawnSplit


def main() -> int:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        folder, began = Path(tempfile.mkdtemp(prefix=f"split-{seed}-")), time.monotonic()
        drawn = DrawnSplit(seed, folder / "run")
        wrong = drawn.run()
        faults = ", ".join(line.partition("fault: ")[2] for line in drawn.told if "fault: " in line) or "no fault"
        sys.stdout.write(f"seed {seed}: {'FAILED' if wrong else 'clean'}, {time.monotonic() - began:.0f} s, {faults}\n")
        sys.stdout.flush()
        if wrong:
            failed += 1
            sys.stdout.write("".join(f"  {line}\n" for line in (*wrong[:20], f"logs: {folder}", *drawn.told)))
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(f"{arguments.runs} runs, {failed} failed\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
