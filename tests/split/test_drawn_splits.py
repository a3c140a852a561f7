"""Whole splits with drawn faults, against what the application was acknowledged: no silent loss, no job lost or run twice, no dead end,
no answer that is not so.

A failure prints its seed: `python -m tests.split.drawn --seed SEED --runs 1 --verbose` makes that plan again.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.draws import DRAWS
from tests.split.drawn.run import DrawnSplit

RUNS = 20 if DRAWS == "fuzz" else 1
BACK_AND_GO_WITH_A_DEATH = 6
"""Go, back, go again, finish; an engine dies right before it answers, another stands still while the run is ended."""


def _make(seed: int, path: Path) -> None:
    sys.stdout.write(f"python -m tests.split.drawn --seed {seed} --runs 1 --verbose\n")
    drawn = DrawnSplit(seed, path / "run")
    wrong = drawn.run()
    assert not wrong, "\n".join([*wrong, *sorted(drawn.told)])


@pytest.mark.long
def test_there_back_and_there_again(tmp_path: Path) -> None:
    _make(BACK_AND_GO_WITH_A_DEATH, tmp_path)


@pytest.mark.nightly
@pytest.mark.long
@pytest.mark.parametrize("number", range(RUNS))
def test_nothing_is_lost_unnoticed_and_every_run_ends(number: int, draws: random.Random, tmp_path: Path) -> None:
    del number
    _make(draws.randrange(10**6), tmp_path)
