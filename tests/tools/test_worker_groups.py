"""A test of a cloud goes to the worker that has it, carries `cloud`, and runs at night only where it is told to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.worker_groups import arrange, group_of


class Item:
    """As much of a collected test as is asked for."""

    def __init__(self, nodeid: str, *fixtures: str, marks: tuple[pytest.MarkDecorator, ...] = ()) -> None:
        self.nodeid, self.fixturenames = nodeid, fixtures
        self.marks = {mark.name: mark.mark for mark in marks}

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        self.marks[mark.name] = mark.mark

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self.marks.get(name)


def _arranged(*items: Item, markexpr: str = "") -> list[str]:
    deselected: list[Any] = []

    def pytest_deselected(items: list[Any]) -> None:
        deselected.extend(items)

    hook = SimpleNamespace(pytest_deselected=pytest_deselected)
    config: Any = SimpleNamespace(option=SimpleNamespace(markexpr=markexpr), hook=hook)
    arranged: list[Any] = list(items)
    arrange(config, arranged)
    assert len(arranged) + len(deselected) == len(items)
    return [one.nodeid for one in arranged]


def test_a_test_of_a_cloud_carries_cloud_by_itself() -> None:
    deployed, plain = Item("tests/rehearsal/test_faults.py::test_a", "deployed"), Item("tests/engines/test_catalogue.py::test_b")
    _arranged(deployed, plain)
    assert ("cloud" in deployed.marks, "cloud" in plain.marks) == (True, False)


def test_a_file_that_uses_a_cloud_and_is_not_named_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="test_new.py::test_a uses deployed: its file belongs into"):
        _arranged(Item("tests/rehearsal/test_new.py::test_a", "deployed"))


def test_what_changes_the_stacks_runs_after_their_other_tests() -> None:
    changes = Item("tests/rehearsal/test_deployed.py::test_destroys", "deployed", marks=(pytest.mark.changes_stacks(1),))
    reads = Item("tests/rehearsal/test_operators.py::test_reads", "deployed")
    plain = Item("tests/engines/test_catalogue.py::test_b")
    assert _arranged(plain, changes, reads) == [reads.nodeid, changes.nodeid, plain.nodeid]


def test_what_is_nightly_runs_only_where_it_is_asked_for() -> None:
    nightly, plain = Item("tests/x.py::test_a", marks=(pytest.mark.nightly,)), Item("tests/x.py::test_b")
    assert _arranged(nightly, plain) == [plain.nodeid]
    assert _arranged(nightly, plain, markexpr="nightly or fuzz") == [nightly.nodeid, plain.nodeid]


def test_every_named_file_exists_and_every_other_is_its_own_group() -> None:
    from tests import worker_groups

    assert [file for file in worker_groups._FILES if not Path(file).exists()] == []
    assert group_of("tests/engines/test_catalogue.py::test_b[x::y]") == "tests/engines/test_catalogue.py"


def test_the_drawn_runs_of_the_commands_are_each_alone() -> None:
    one, other = (f"tests/keyspace/test_commands_drawn.py::test_{name}" for name in "ab")
    assert group_of(one) != group_of(other)
