"""A pytest plugin that prints the CPU minutes of each layer of the tests: `make test ARGS="-p tools.test_costs"` (docs/testing.md).

Counted is the worker's whole tree of processes, clouds and servers as well. A fixture that several tests share is put on the first of them.
Linux only: it reads /proc.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_TICKS = os.sysconf("SC_CLK_TCK")
_CPU = "cpu seconds"
# The first that fits; docs/testing.md has the same rows.
_LAYERS = (
    ("tests/deploy/test_deploy_command.py", "real cdk deploy"),
    ("tests/deploy/test_first_deploy.py", "real cdk deploy"),
    ("tests/deploy/test_review_against_deploys.py", "real cdk deploy"),
    ("tests/deploy/test_pipeline_page.py", "real cdk deploy"),
    ("tests/rehearsal/test_deployed.py", "deployed machine"),
    ("tests/rehearsal/test_faults.py", "deployed machine"),
    ("tests/rehearsal/test_operators.py", "deployed machine"),
    ("tests/rehearsal/test_roles.py", "deployed machine"),
    ("tests/rehearsal/test_rehearse_command.py", "the whole rehearsal"),
    ("tests/inplace/test_interleavings.py", "steps in one process"),
    ("tests/inplace/test_killed_steps.py", "steps in one process"),
    ("tests/rehearsal/test_cloudformation.py", "pure decisions"),
    ("tests/rehearsal/test_permissions.py", "pure decisions"),
    ("tests/rehearsal/split/", "split"),
    ("tests/rehearsal/", "real servers"),
    ("tests/keyspace/follow/", "follow"),
    ("tests/sidekiq/", "handover"),
    ("tests/split/", "split"),
    ("tests/cli/test_follow_command.py", "follow"),
    ("tests/keyspace/", "real servers"),
    ("tests/cli/test_keyspace_commands.py", "real servers"),
    ("tests/report/", "browser"),
    ("tests/stacks/", "templates and review"),
    ("tests/review/", "templates and review"),
    ("tests/", "pure decisions"),
)


def tree_seconds(root: int) -> float:
    """CPU seconds of a process, of those it started and of those they waited for."""
    ticks, children = dict[int, int](), defaultdict[int, list[int]](list)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        ticks[int(folder.name)] = sum(int(field) for field in fields[11:15])
        children[int(fields[1])].append(int(folder.name))
    total, found = 0, [root]
    while found:
        one = found.pop()
        total += ticks.get(one, 0)
        found += children[one]
    return total / _TICKS


def layer_of(node_id: str) -> str:
    """The row of docs/testing.md that a test belongs to."""
    return next(layer for prefix, layer in _LAYERS if node_id.startswith(prefix))


class _Costs:
    def __init__(self) -> None:
        self.before = tree_seconds(os.getpid())
        self.by_layer: dict[str, float] = defaultdict(float)
        self.tests: dict[str, int] = defaultdict(int)


_costs = _Costs()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In the worker: what this phase of the test used."""
    report = yield
    now = tree_seconds(os.getpid())
    report.user_properties = [(_CPU, now - _costs.before)]
    _costs.before = now
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where the reports come together: add them up."""
    _costs.by_layer[layer_of(report.nodeid)] += sum(float(str(value)) for name, value in report.user_properties if name == _CPU)
    _costs.tests[layer_of(report.nodeid)] += report.when == "call"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each layer, what costs most first."""
    for layer, seconds in sorted(_costs.by_layer.items(), key=lambda row: -row[1]):
        terminalreporter.write_line(f"{layer}: {seconds / 60:.1f} CPU minutes, {_costs.tests[layer]} tests")
