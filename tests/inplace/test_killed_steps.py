"""A function that dies at any step: the same steps in this process, so that all 26 deaths are cheap.

The walker stands in for Step Functions and Lambda; tests/rehearsal/test_faults.py kills some of the deployed functions.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rehearsal.run.in_place import Address
from tests.inplace.bench import Bench, Clock, Hooks, Killed, run_once, versions
from tests.killed_steps import DEATHS, UPGRADE_STEPS, Death, how_it_ends
from uplift.inplace.records.run_state import Step
from uplift.settings.legacy import LegacyKind

KEYS = 100


@pytest.fixture
def group(bench: Bench, request: pytest.FixtureRequest) -> Iterator[tuple[Bench, str, Address]]:
    """A legacy of two nodes with data."""
    identifier = f"killed-{zlib.crc32(request.node.name.encode())}"
    made = bench.cloud.command("create-legacy", id=identifier, version="3.2.6", nodes=2, node_type="cache.r5.large", standalone=False)
    address = Address(**made)
    pipeline = address.connect().pipeline(transaction=False)
    for number in range(KEYS):
        pipeline.set(f"vets-api-session:{number:08}", f"value {number}", ex=1800)
    pipeline.execute()
    yield replace(bench, kind=LegacyKind.REPLICATION_GROUP), identifier, address
    bench.cloud.command("delete-legacy", id=identifier)


class Strike:
    """Kills one step once, before its work or after it."""

    def __init__(self, step: Step, death: Death) -> None:
        self._step, self._death, self._struck = step, death, False

    def before(self, step: Step) -> None:
        self._at(step, "die-before")

    def after(self, step: Step) -> None:
        self._at(step, "die-in")

    def _at(self, step: Step, death: Death) -> None:
        if (step, death) == (self._step, self._death) and not self._struck:
            self._struck = True
            raise Killed


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("step", UPGRADE_STEPS)
def test_a_function_killed_at_any_step(group: tuple[Bench, str, Address], step: Step, death: Death) -> None:
    """The run ends in a known state, the next start brings the upgrade to its end, and there is one modify in all."""
    bench, legacy, address = group
    clock, strike, names = Clock(), Strike(step, death), [f"{legacy}-first", f"{legacy}-second"]
    first = run_once(bench, legacy, names[0], clock, Hooks(before_step=strike.before, after_step=strike.after))
    ends = how_it_ends(step, death)
    assert (first.last, first.data["outcome"] if ends.outcome != "Unreported" else "Unreported") == (ends.last_state, ends.outcome), first
    assert ends.says in first.data["reason"], first
    if ends.before_modify:
        assert bench.counts(names)["ModifyReplicationGroup"] == 0
    # A lock whose holder nobody can ask about is free when its lease has run out.
    clock.pass_by(1000)
    second = run_once(bench, legacy, names[1], clock, Hooks())
    assert second.succeeded, (first, second)
    assert second.data["outcome"] in {"upgraded", "nothing-to-do"}
    assert bench.counts(names) == {"CreateSnapshot": 1, "ModifyReplicationGroup": 1}
    assert versions(bench, legacy) == {"5.0.6"}
    assert address.connect().dbsize() == KEYS
