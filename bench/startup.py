"""`uplift --help` beside a two-command Typer application: time and memory of whole processes, taken in turns, medians of nine.

python -m bench.startup        exit 1 where it takes more than twice of either
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median

_RUNS = 9
_MOST = 2.0
_TWO_COMMANDS = """
import typer
application = typer.Typer(add_completion=False)
@application.command()
def one() -> None: "One."
@application.command()
def two() -> None: "Two."
application()
"""
_BASELINE = [sys.executable, "-c", _TWO_COMMANDS, "--help"]
_OURS = [sys.executable, "-c", "from uplift.cli.main import run; run()", "--help"]


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and megabytes (peak resident) of one process."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.monotonic() - began, usage.ru_maxrss / 1024


def main() -> int:
    pairs = [(measured(_BASELINE), measured(_OURS)) for _ in range(_RUNS)]
    baseline_seconds, ours_seconds = (median(pair[side][0] for pair in pairs) for side in (0, 1))
    baseline_megabytes, ours_megabytes = (median(pair[side][1] for pair in pairs) for side in (0, 1))
    print(f"two commands of Typer: {baseline_seconds:.2f} s, {baseline_megabytes:.0f} MB")
    print(f"uplift --help:         {ours_seconds:.2f} s, {ours_megabytes:.0f} MB")
    times, sizes = ours_seconds / baseline_seconds, ours_megabytes / baseline_megabytes
    print(f"{times:.2f} times the time, {sizes:.2f} times the memory (allowed {_MOST:g})")
    return int(max(times, sizes) > _MOST)


if __name__ == "__main__":
    sys.exit(main())
