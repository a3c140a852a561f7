"""Runs the steps of `make check` and `make test`, and says at the end what they took: `python -m tools.timed NAME -- STEP [-- STEP]...`.

Steps whose first word is `&` run beside each other, and their output is shown step by step; the others run one after another, with their
output passed through. The first step that fails ends the run with its exit code.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import groupby

_BESIDE = "&"
Step = list[str]


def steps_in(arguments: Sequence[str]) -> list[Step]:
    """What stands between two `--`."""
    grouped = groupby(arguments, lambda word: word == "--")
    return [list(words) for is_separator, words in grouped if not is_separator]


def run_beside(steps: Iterable[Step]) -> int:
    """Start all, show what each printed, and return the first exit code that is not 0."""
    started = [subprocess.Popen(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for step in steps]  # noqa: S603
    exit_codes = []
    for process in started:
        printed, _ = process.communicate()
        sys.stdout.buffer.write(printed)
        sys.stdout.buffer.flush()
        exit_codes.append(process.returncode)
    return next((code for code in exit_codes if code), 0)


def run(steps: Sequence[Step]) -> int:
    """All steps in their order; returns the exit code of the first that fails, else 0."""
    for is_beside, group in groupby(steps, lambda step: step[0] == _BESIDE):
        if is_beside:
            code = run_beside(step[1:] for step in group)
        else:
            codes = (subprocess.run(step, check=False).returncode for step in group)  # noqa: S603
            code = next((code for code in codes if code), 0)
        if code:
            return code
    return 0


def took(name: str, wall: float, user: float, system: float) -> str:
    """Such as `make test: 9 min 41 s, CPU 15 min 12 s (user 13:10, system 2:02)`."""
    return f"{name}: {_words(wall)}, CPU {_words(user + system)} (user {_clock(user)}, system {_clock(system)})"


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def main(arguments: Sequence[str]) -> int:
    """Run, say what it took, and pass the exit code on; a child that a signal ended counts as 1."""
    name, *rest = arguments
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = run(steps_in(rest))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, user, system = time.monotonic() - began, used.ru_utime - before.ru_utime, used.ru_stime - before.ru_stime
    sys.stdout.write(took(name, wall, user, system) + "\n")
    return code if code >= 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
