"""The table of a rehearsed split's faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rehearsal.split.faults import FAULTS, chosen_faults
from rehearsal.split.scene import Moment
from uplift.cli.commands.rehearse import commands
from uplift.errors import BadInput

DOCUMENT = Path(__file__).parents[3] / "docs" / "split.md"


def test_a_fault_that_is_not_known_is_refused_with_all_that_are() -> None:
    said = CliRunner().invoke(commands, ["split", "--local", "--fault", "sunspots"])
    assert said.exit_code != 0
    assert all(name in str(said.exception) for name in FAULTS)


def test_every_fault_says_what_is_expected_and_is_in_the_document() -> None:
    text = DOCUMENT.read_text()
    rows = "".join(line for line in text.splitlines() if line.startswith("| `"))
    missing = [name for name, fault in FAULTS.items() if not fault.expected or not _is_in(rows, name)]
    assert missing == []


@pytest.mark.parametrize("names", [["two-operators", "on-go-fails"], ["back-at-moving", "back-at-moved"]])
def test_two_that_cannot_be_in_one_run_are_refused(names: list[str]) -> None:
    with pytest.raises(BadInput, match="allowed: one of them"):
        chosen_faults(names)


def test_one_that_is_given_twice_comes_once() -> None:
    assert [fault.name for fault in chosen_faults(["flushed", "two-operators", "flushed"])] == ["flushed", "two-operators"]


def test_who_has_a_command_of_its_own_for_go_says_go_itself() -> None:
    assert all(fault.moment is Moment.GO for fault in FAULTS.values() if "--on-go" in fault.engine_options)


def _is_in(rows: str, name: str) -> bool:
    """Whole, or as the tail of a row that several share, such as `-moving` behind `engine-killed-copying`."""
    head, _, tail = name.rpartition("-")
    return f"`{name}`" in rows or (f"`-{tail}`" in rows and f"`{head}-" in rows)
