"""Every draw of the tests: one seed, one random number generator for each test, and Hypothesis.

`make test` draws the same each time, `make fuzz` (tools/fuzz.py) anew each time; docs/testing-draws.md says what a seed fixes.
UPLIFT_SEED is the seed, a whole number; UPLIFT_DRAWS is `fixed` or `fuzz`.
"""

from __future__ import annotations

import os
import random
import shlex
from collections.abc import Generator

import hypothesis
import pytest

from tools.fuzz import command

SEED = int(os.environ.get("UPLIFT_SEED", "20200420"))
DRAWS = os.environ.get("UPLIFT_DRAWS", "fixed")

# Two shared cores: a time limit for one example would fail on a busy machine, and say nothing. No database: a seed alone decides.
hypothesis.settings.register_profile("fixed", deadline=None, print_blob=True, derandomize=True, database=None)
hypothesis.settings.register_profile("fuzz", deadline=None, print_blob=True, derandomize=False, database=None, max_examples=500)
hypothesis.settings.load_profile(DRAWS)


def generator(node_id: str, seed: int = SEED) -> random.Random:
    """What a test draws from, by its node id: the same whichever tests run beside it, and in which order."""
    return random.Random(f"{seed} {node_id}")


@pytest.fixture
def draws(request: pytest.FixtureRequest) -> random.Random:
    """This test's own generator."""
    return generator(request.node.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what draws, before pytest selects by marker: nobody can forget to."""
    for item in items:
        if _is_drawn(item):
            item.add_marker("fuzz")


def _is_drawn(item: pytest.Item) -> bool:
    return "draws" in getattr(item, "fixturenames", ()) or hypothesis.is_hypothesis_test(getattr(item, "obj", None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure how to draw the same again."""
    report = yield
    if report.failed and _is_drawn(item):
        report.sections.append(("draws", f"{DRAWS}, UPLIFT_SEED={SEED}; the same again: {again(item.nodeid)}"))
    return report


def again(node_id: str) -> str:
    """The command that draws the same for one test."""
    return command(SEED, node_id) if DRAWS == "fuzz" else f"UPLIFT_SEED={SEED} .venv/bin/pytest -n0 {shlex.quote(node_id)}"
