"""Numbers that a rehearsal of a split tells, and kinds of clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal.split.measured import percentile, phases_of, stale_ms, writes_by_side
from rehearsal.split.processes import AppProcess
from rehearsal.split.report import KindOfClient, kinds_of_clients
from rehearsal.split.sampling import Sample


def sample(at: float, phase: str = "armed", forward: float | None = None) -> Sample:
    return Sample(at, phase, None, {"forward": forward}, {"old": 0, "new": 0}, 0, 1)


def process(role: str, side: str, *, stopped_at: float | None = None, **journal: Any) -> AppProcess:
    found: dict[str, Any] = {"calls": {"SET": 2}, "failures": [], "write_times": [], **journal}
    return AppProcess(role, 1, side, None, Path("journal"), 0.0, stopped_at, found)  # type: ignore[arg-type]


def test_a_phase_lasts_until_another_one_is_told() -> None:
    samples = [sample(1.0, ""), sample(2.0), sample(3.0), sample(4.0, "moving"), sample(6.0, "moving"), sample(7.0)]
    assert phases_of(samples) == [("armed", 2.0, 2.0), ("moving", 4.0, 3.0), ("armed", 7.0, 0.0)]
    assert phases_of([sample(1.0, "")]) == []


def test_percentiles_of_what_arrived() -> None:
    assert stale_ms([sample(1.0, forward=9.0), sample(2.0), sample(3.0, forward=4.0)], "forward") == [4.0, 9.0]
    assert (percentile([], 0.99), percentile([1.0, 2.0, 3.0], 0.5), percentile([1.0, 2.0, 3.0], 1.0)) == (0.0, 2.0, 3.0)


def test_writes_are_counted_on_the_side_that_their_process_used() -> None:
    processes = [process("web", "old", write_times=[5.1, 5.9]), process("web", "new", write_times=[5.5]), process("web", "new")]
    assert writes_by_side(processes) == {"old": {5: 2}, "new": {5: 1}}


def test_a_call_that_failed_after_its_process_was_told_to_end_is_not_counted() -> None:
    found = kinds_of_clients(
        [
            process("web", "old", stopped_at=10.0, failures=[[9.0, "SET", "x"], [10.5, "SET", "x"]]),
            process("web", "new", failures=[[11.0, "SET", "x"]]),
        ]
    )
    assert [(one.kind, one.processes, one.failed) for one in found] == [("web", 2, 2)]


def test_the_longest_gap_is_that_of_one_process_while_it_was_up() -> None:
    found = kinds_of_clients(
        [process("web", "old", stopped_at=10.0, write_times=[1.0, 3.0, 4.0, 20.0]), process("web", "new", write_times=[12.0, 12.5])]
    )
    assert found == [KindOfClient("web", 2, 4, 0, 2.0)]
