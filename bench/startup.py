"""`uplift --help` beside a two-command Typer application: time and memory of whole processes, taken in turns, medians of nine.

And what `uplift copy` takes before it has anything to do: its help, and a copy of an empty server to an empty one.

python -m bench.startup        exit 1 where `--help` takes more than twice of either
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.common import servers

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
_UPLIFT = [sys.executable, "-c", "from uplift.cli.start import run; run()"]


@dataclass(frozen=True)
class _Process:
    """One whole process: CPU seconds, and its peak resident memory in megabytes."""

    cpu: float
    megabytes: float


def measured(command: list[str]) -> _Process:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return _Process(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> int:
    with servers("3.2.6", "5.0.6") as (source, target), tempfile.TemporaryDirectory() as folder:
        copy = ["copy", "--from", f"redis://127.0.0.1:{source.port}", "--to", f"redis://127.0.0.1:{target.port}", "--state"]
        seen: dict[str, list[_Process]] = {}
        for number in range(_RUNS):
            commands = {
                "two commands of Typer --help": [sys.executable, "-c", _TWO_COMMANDS, "--help"],
                "uplift --help": [*_UPLIFT, "--help"],
                "uplift copy --help": [*_UPLIFT, "copy", "--help"],
                "uplift copy, nothing to copy": [*_UPLIFT, *copy, str(Path(folder) / str(number))],
            }
            for name, command in commands.items():
                seen.setdefault(name, []).append(measured(command))
    medians = {name: _Process(median(run.cpu for run in runs), median(run.megabytes for run in runs)) for name, runs in seen.items()}
    for name, process in medians.items():
        print(f"{name:<30} {process.cpu:.2f} s of CPU, {process.megabytes:.0f} MB")
    baseline, ours, *_ = medians.values()
    times, sizes = ours.cpu / baseline.cpu, ours.megabytes / baseline.megabytes
    print(f"uplift --help: {times:.2f} times the CPU, {sizes:.2f} times the memory (allowed {_MOST:g})")
    return int(max(times, sizes) > _MOST)


if __name__ == "__main__":
    sys.exit(main())
