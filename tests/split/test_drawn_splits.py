"""Whole splits with drawn faults, against what the application was acknowledged: no silent loss, no job lost or run twice, no dead end.

A failure prints its seed: `python -m tests.split.drawn --seed SEED --runs 1` makes that run again.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.draws import DRAWS
from tests.split.drawn.run import DrawnSplit

RUNS = 20 if DRAWS == "fuzz" else 1


@pytest.mark.nightly
@pytest.mark.long
@pytest.mark.parametrize("number", range(RUNS))
def test_nothing_is_lost_unnoticed_and_every_run_ends(number: int, draws: random.Random, tmp_path: Path) -> None:
    seed = draws.randrange(10**6)
    sys.stdout.write(f"run {number}: python -m tests.split.drawn --seed {seed} --runs 1\n")
    drawn = DrawnSplit(seed, tmp_path / "run")
    wrong = drawn.run()
    assert not wrong, [*wrong, *drawn.told]
