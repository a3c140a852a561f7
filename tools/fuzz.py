"""Runs the tests that draw, again and again with new seeds, until a time is over or one fails.

`python -m tools.fuzz [PYTEST_ARGUMENTS]`, with SECONDS (600) and SEED (a new one) from the environment; `make fuzz` sets all up first.
A round that has begun is ended, so that each seed is tried with every test: 0 seconds are one round. The first round also runs the tests
marked `nightly`, which draw nothing and cost too much for every `make test` (docs/testing.md).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from random import SystemRandom

_FAILED = re.compile(r"(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$")
_PLAIN = re.compile(r"[\w@%+=:,./\[\]-]*")
_NOTHING_SELECTED = 5


def fuzz(arguments: list[str], seconds: float, seed: int, say: Callable[[str], None]) -> int:
    """Run rounds with `seed`, `seed` + 1 and so on; returns 0, or 1 after the first round in which a test fails."""
    say(f"fuzz: seed {seed}, {seconds:g} seconds")
    began, rounds = time.monotonic(), 0
    while rounds == 0 or time.monotonic() - began < seconds:
        code, failed = one_round(arguments, seed + rounds, "fuzz or nightly" if rounds == 0 else "fuzz", say)
        if code != 0:
            say(f"fuzz: seed {seed + rounds} failed (pytest ended with {code}). The same draws again:")
            for node_id in failed or arguments or [""]:
                say(f"  {command(seed + rounds, node_id)}")
            return 1
        rounds += 1
    say(f"fuzz: {rounds} rounds in {time.monotonic() - began:.0f} seconds, seeds {seed} to {seed + rounds - 1}: nothing failed")
    return 0


def one_round(arguments: list[str], seed: int, marked: str, say: Callable[[str], None]) -> tuple[int, list[str]]:
    """One run of pytest over the tests that are `marked` so, shown as it comes; its exit code, and the node ids it names as failed."""
    pytest = [sys.executable, "-m", "pytest", "-m", marked, "--exitfirst", "--color=no", f"--hypothesis-seed={seed}", *arguments]
    environment = {**os.environ, "UPLIFT_DRAWS": "fuzz", "UPLIFT_SEED": str(seed)}
    say(f"fuzz: round with seed {seed}")
    failed = []
    with subprocess.Popen(  # noqa: S603
        pytest, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            say(line.rstrip("\n"))
            if found := _FAILED.match(line):
                failed.append(found[1])
    if process.returncode == _NOTHING_SELECTED:
        say("fuzz: no test that draws was selected")
    return process.returncode, failed


def command(seed: int, node_id: str) -> str:
    """The command that runs one test, or every one, with the same draws."""
    # Quoted once more for make's own shell, where a name has more in it than brackets.
    inner = node_id if _PLAIN.fullmatch(node_id) else shlex.quote(node_id)
    return f"make fuzz SECONDS=0 SEED={seed}" + (f" ARGS={shlex.quote(inner)}" if node_id else "")


def _number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", text):
        sys.exit(f"{name} is {text!r}, allowed: a whole number of at most nine digits")
    return int(text)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        code = fuzz(sys.argv[1:], _number("SECONDS", 600), _number("SEED", SystemRandom().randrange(10**9)), _say)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
