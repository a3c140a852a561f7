"""What a gate decides, as a table: by what was seen, what is done next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uplift.sidekiq.gate.decision import Act, GateState, decide
from uplift.sidekiq.gate.record import GateRecord, Phase
from uplift.sidekiq.gate.times import next_instant
from uplift.sidekiq.gate.transitions import held_as_wanted

X = 30 + 60 * 1_000_000
LACK = "no Sidekiq process lives there"


def at(phase: Phase, seconds: float, **seen: object) -> GateState:
    """A state so many seconds after the instant."""
    return replace(GateState(phase, X + seconds, X, giving_marked_until=X + 3_600), **seen)  # type: ignore[arg-type]


CASES = [
    # Before marks are written.
    (at(Phase.HOLDING, -300, taking_switched_on=3), Act.SWITCH_TAKING_OFF, None),
    (at(Phase.HOLDING, -300, no_taking_scheduler=LACK), Act.WAIT, None),
    (at(Phase.HOLDING, -2_000), Act.WAIT, None),
    (at(Phase.HOLDING, -300), Act.ENTER, Phase.ARMING),
    (at(Phase.HOLDING, -30), Act.ENTER, Phase.ARMING),
    (at(Phase.HOLDING, -29), Act.ENTER, Phase.HOLDING),
    (at(Phase.HOLDING, -29, no_taking_scheduler=LACK), Act.ENTER, Phase.HOLDING),
    (at(Phase.HOLDING, 500, no_taking_scheduler=LACK), Act.ENTER, Phase.HOLDING),
    (at(Phase.HOLDING, -2_000, giving_lives=False), Act.ENTER, Phase.ARMING),
    (at(Phase.HOLDING, -2_000, giving_lives=False, no_taking_scheduler=LACK), Act.WAIT, None),
    (at(Phase.HOLDING, -300, is_abandon_wanted=True, taking_switched_on=3), Act.ENTER, Phase.ABANDONING),
    (at(Phase.HOLDING, -300, is_other_way_wanted=True), Act.ENTER, Phase.ABANDONING),
    # Held until go: silenced, and nothing more, whoever lives where.
    (at(Phase.HOLDING, -300, is_held=True, taking_switched_on=3), Act.SWITCH_TAKING_OFF, None),
    (at(Phase.HOLDING, -300, is_held=True), Act.WAIT, None),
    (at(Phase.HOLDING, -29, is_held=True), Act.WAIT, None),
    (at(Phase.HOLDING, 5_000, is_held=True, no_taking_scheduler=LACK), Act.WAIT, None),
    (at(Phase.HOLDING, -2_000, is_held=True, giving_lives=False), Act.WAIT, None),
    (at(Phase.HOLDING, -300, is_held=True, is_abandon_wanted=True), Act.ENTER, Phase.ABANDONING),
    (at(Phase.HOLDING, -300, is_held=True, is_other_way_wanted=True), Act.ENTER, Phase.ABANDONING),
    # While they are.
    (at(Phase.ARMING, -40, marks_to_remove=1, marks_to_write=9, taking_unequal=2), Act.REMOVE_MARKS, None),
    (at(Phase.ARMING, -40, marks_to_write=9, taking_unequal=2), Act.WRITE_MARKS, None),
    (at(Phase.ARMING, -40, taking_unequal=2), Act.SWITCH_TAKING_ON, None),
    (at(Phase.ARMING, -40), Act.ENTER, Phase.ARMED),
    (at(Phase.ARMING, -10, marks_to_write=9), Act.WRITE_MARKS, None),
    (at(Phase.ARMING, -9, marks_to_write=9), Act.ENTER, Phase.POSTPONING),
    (at(Phase.ARMING, -40, no_taking_scheduler=LACK), Act.ENTER, Phase.POSTPONING),
    (at(Phase.ARMING, 200), Act.ENTER, Phase.POSTPONING),
    (at(Phase.ARMING, 1, giving_lives=False, taking_unequal=2), Act.SWITCH_TAKING_ON, None),
    # Once the marks alone decide.
    (at(Phase.ARMED, -10, no_taking_scheduler=LACK), Act.ENTER, Phase.POSTPONING),
    (at(Phase.ARMED, -9, no_taking_scheduler=LACK), Act.WAIT, None),
    (at(Phase.ARMED, -200, giving_lives=False), Act.ENTER, Phase.ARMING),
    (at(Phase.ARMED, -40, marks_to_write=1), Act.WRITE_MARKS, None),
    (at(Phase.ARMED, -40, taking_unequal=1), Act.SWITCH_TAKING_ON, None),
    (at(Phase.ARMED, 40, taking_unequal=1), Act.WAIT, None),
    (at(Phase.ARMED, -1), Act.WAIT, None),
    (at(Phase.ARMED, 119), Act.WAIT, None),
    (at(Phase.ARMED, 120), Act.ENTER, Phase.CLOSING),
    (at(Phase.ARMED, 5_000, no_taking_scheduler=LACK), Act.ENTER, Phase.CLOSING),
    (at(Phase.ARMED, -40, is_other_way_wanted=True), Act.ENTER, Phase.ABANDONING),
    (at(Phase.ARMED, 40, is_other_way_wanted=True), Act.WAIT, None),
    (at(Phase.ARMED, 40, is_abandon_wanted=True), Act.WAIT, None),
    # After the instant.
    (at(Phase.CLOSING, 120, giving_switched_on=2, marks_to_remove=1), Act.SWITCH_GIVING_OFF, None),
    (at(Phase.CLOSING, 120, marks_to_remove=1), Act.REMOVE_MARKS, None),
    (at(Phase.CLOSING, 120), Act.ENTER, Phase.TURNED),
    (at(Phase.TURNED, 200), Act.WAIT, None),
    (at(Phase.TURNED, 200, giving_switched_on=1), Act.SWITCH_GIVING_OFF, None),
    (at(Phase.TURNED, 1_900), Act.EXTEND_MARKS, None),
    (at(Phase.TURNED, 200, marks_to_write=1), Act.WRITE_MARKS, None),
    (at(Phase.TURNED, 200, giving_processes=0), Act.ENTER, Phase.RETURNING),
    (at(Phase.TURNED, 200, is_other_way_wanted=True), Act.TURN_ROUND, Phase.HOLDING),
    (at(Phase.RETURNING, 300, marks_to_remove=4, giving_changed=2), Act.REMOVE_MARKS, None),
    (at(Phase.RETURNING, 300, giving_changed=2), Act.RESTORE_GIVING, None),
    (at(Phase.RETURNING, 300), Act.ENTER, Phase.DONE),
    (at(Phase.DONE, 400), Act.END, None),
    (at(Phase.DONE, 400, is_other_way_wanted=True), Act.TURN_ROUND, Phase.HOLDING),
    # A later instant: the taking side is off before the giving side's marks go.
    (at(Phase.POSTPONING, -8, taking_switched_on=1, marks_to_remove=5), Act.SWITCH_TAKING_OFF, None),
    (at(Phase.POSTPONING, -8, marks_to_remove=5), Act.REMOVE_MARKS, None),
    (at(Phase.POSTPONING, -8), Act.ENTER, Phase.HOLDING),
    # Abandoned.
    (at(Phase.ABANDONING, -8, taking_switched_on=1, marks_to_remove=5), Act.SWITCH_TAKING_OFF, None),
    (at(Phase.ABANDONING, -8, marks_to_remove=5), Act.REMOVE_MARKS, None),
    (at(Phase.ABANDONING, -8, taking_changed=1), Act.WAIT, None),
    (at(Phase.ABANDONING, -8, taking_changed=1, taking_processes=0), Act.RESTORE_TAKING, None),
    (at(Phase.ABANDONING, -8, taking_changed=1, giving_lives=False, taking_switched_on=1), Act.RESTORE_TAKING, None),
    (at(Phase.ABANDONING, -8, taking_processes=0), Act.ENTER, Phase.ABANDONED),
    (at(Phase.ABANDONED, 50, is_abandon_wanted=True), Act.END, None),
    (at(Phase.ABANDONED, 50), Act.ENTER, Phase.HOLDING),
]


@pytest.mark.parametrize(
    ("state", "act", "phase"), CASES, ids=[f"{state.phase.value}-{number}" for number, (state, *_) in enumerate(CASES)]
)
def test_decision(state: GateState, act: Act, phase: Phase | None) -> None:
    found = decide(state)
    assert (found.act, found.phase) == (act, phase), found.reason


@pytest.mark.parametrize(
    "state", [at(Phase.HOLDING, -5, no_taking_scheduler=LACK), at(Phase.ARMING, -5), at(Phase.ARMED, -15, no_taking_scheduler=LACK)]
)
def test_a_later_instant_is_told_with_its_reason(state: GateState) -> None:
    found = decide(state)
    assert found.is_postponed
    assert found.instant is not None
    assert found.instant - state.now >= 120
    assert found.instant % 60 == 30
    assert found.reason in {LACK, "less than 30 s were left", "not ready 10 s before"}


@pytest.mark.parametrize(("moment", "instant"), [(60.0, 90), (90.0, 90), (90.5, 150), (91, 150), (119.9, 150), (120, 150)])
def test_instants_are_at_half_a_minute(moment: float, instant: int) -> None:
    assert next_instant(moment) == instant


@pytest.mark.parametrize("state", [state for state, *_ in CASES if state.phase is not Phase.HOLDING])
def test_only_a_gate_that_holds_is_held(state: GateState) -> None:
    assert decide(replace(state, is_held=True)) == decide(state)


def test_held_it_waits_until_go() -> None:
    assert decide(at(Phase.HOLDING, -2_000, is_held=True, giving_lives=False)).reason == "held until go"


@pytest.mark.parametrize("old", [-7_000, -90, 7_000])
def test_held_no_longer_the_old_instant_does_not_delay_it(old: int) -> None:
    record = GateRecord(Phase.HOLDING, X + old, X - 9_000, X, is_held=True)
    released = held_as_wanted(record, X + 5, is_held=False, not_before=X + 5)
    assert (released.instant, released.is_held) == (X + 60, False)
    assert decide(GateState(released.phase, X + 5, released.instant)).phase is Phase.ARMING
    assert held_as_wanted(record, X + 5, is_held=False, not_before=X + 500).instant == X + 540
    assert held_as_wanted(record, X + 5, is_held=True, not_before=X + 5) == record
    armed = replace(record, phase=Phase.ARMED)
    assert held_as_wanted(armed, X + 5, is_held=False, not_before=X + 5) == armed


def test_every_phase_is_decided_for() -> None:
    assert {state.phase for state, *_ in CASES} == set(Phase)
