"""`python -m tests.split.drawn --seed S --runs N`: whole splits with drawn faults; exit 1 if one failed. Logs of those that did are
kept, in a folder that is printed. `--break NAME` breaks the product on purpose, to see that it is found.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.split.drawn.broken import BREAKS
from tests.split.drawn.run import DrawnSplit


def main() -> int:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="tell what happened in runs that are clean as well")
    parser.add_argument("--break", dest="breaks", choices=sorted(BREAKS))
    arguments = parser.parse_args()
    failed = [
        seed
        for seed in range(arguments.seed, arguments.seed + arguments.runs)
        if not _is_clean(seed, arguments.breaks, is_verbose=arguments.verbose)
    ]
    sys.stdout.write(f"{arguments.runs} runs, {len(failed)} failed{': seeds ' if failed else ''}{', '.join(map(str, failed))}\n")
    return int(bool(failed))


def _is_clean(seed: int, breaks: str | None, *, is_verbose: bool) -> bool:
    folder, began = Path(tempfile.mkdtemp(prefix=f"split-{seed}-")), time.monotonic()
    drawn = DrawnSplit(seed, folder / "run", breaks)
    wrong = drawn.run()
    plan = "; ".join(line.removeprefix("plan: ") for line in drawn.told if line.startswith("plan: "))
    sys.stdout.write(f"seed {seed}: {'FAILED' if wrong else 'clean'}, {time.monotonic() - began:.0f} s, {drawn.counts}, {plan}\n")
    if wrong or is_verbose:
        shown = (*wrong[:20], *([f"and {len(wrong) - 20} more"] if len(wrong) > 20 else []), *sorted(drawn.told))
        sys.stdout.write("".join(f"  {line}\n" for line in shown))
    if wrong:
        (folder / "told").write_text("\n".join((*wrong, *sorted(drawn.told))))
        sys.stdout.write(f"  logs: {folder}; again: python -m tests.split.drawn --seed {seed} --runs 1 --verbose\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
