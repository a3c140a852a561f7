"""`make fuzz`: new draws each round, and a failure that can be drawn again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.draws import generator
from tools.fuzz import command, fuzz

_DRAWING = """
import hypothesis
from hypothesis import strategies as st

def test_drawn(draws):
    number = draws.randrange(10**9)
    assert number % 2, f"drew {number}"

@hypothesis.given(st.integers())
def test_hypothesis(number):
    assert number != DRAWN

def test_without_a_draw():
    assert False, "not selected"
"""


def _run(folder: Path, seconds: float, seed: int, test: str = "") -> tuple[int, list[str]]:
    said: list[str] = []
    alone = ["-p", "tests.draws", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(folder)]
    return fuzz([*alone, f"{folder / 'test_it.py'}{test}"], seconds, seed, said.append), said


@pytest.mark.long
def test_seeds_are_new_until_one_fails_and_that_one_fails_again(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(_DRAWING.replace("DRAWN", "None"))
    failing = next(seed for seed in range(1, 99) if generator("test_it.py::test_drawn", seed).randrange(10**9) % 2 == 0)
    first = max(0, failing - 1)
    code, said = _run(tmp_path, 600, first)
    assert code == 1
    assert said[0] == f"fuzz: seed {first}, 600 seconds"
    assert said[-2] == f"fuzz: seed {failing} failed (pytest ended with 1). The same draws again:"
    assert re.fullmatch(rf"  make fuzz SECONDS=0 SEED={failing} ARGS=\S+/test_it\.py::test_drawn", said[-1])
    drew = re.findall(r"drew \d+", "\n".join(said))
    assert f"fuzz, UPLIFT_SEED={failing}; the same again: make fuzz SECONDS=0 SEED={failing} ARGS=test_it.py::test_drawn" in said
    again, said = _run(tmp_path, 0, failing, "::test_drawn")
    assert (again, re.findall(r"drew \d+", "\n".join(said))) == (1, drew)


def test_a_round_is_ended_and_hypothesis_draws_by_the_seed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(_DRAWING.replace("assert number % 2", "assert True").replace("DRAWN", "None"))
    code, said = _run(tmp_path, 0, 5)
    assert code == 0
    assert re.fullmatch(r"fuzz: 1 rounds in \d+ seconds, seeds 5 to 5: nothing failed", said[-1])


def test_what_is_selected_but_draws_nothing_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    code, said = _run(tmp_path, 0, 5)
    assert code == 1
    assert "fuzz: no test that draws was selected" in said


def test_a_node_id_reaches_pytest_in_one_piece() -> None:
    """Through make's shell: a parametrized name can hold spaces, brackets and quotes."""
    assert command(7, "t.py::test[1-b]") == "make fuzz SECONDS=0 SEED=7 ARGS='t.py::test[1-b]'"
    words = shlex.split(command(7, "t.py::test[a b]"))
    assert words[:-1] == ["make", "fuzz", "SECONDS=0", "SEED=7"]
    assert shlex.split(words[-1].removeprefix("ARGS=")) == ["t.py::test[a b]"]
    assert command(7, "") == "make fuzz SECONDS=0 SEED=7"


@pytest.mark.parametrize("node_id", ["t.py::one", "t.py::other"])
def test_a_generator_is_the_tests_own(node_id: str) -> None:
    assert generator(node_id, 1).random() == generator(node_id, 1).random()
    assert generator(node_id, 1).random() != generator(node_id, 2).random()
    assert generator("t.py::one", 1).random() != generator("t.py::other", 1).random()
