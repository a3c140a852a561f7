"""After the modify: wait, done or failed, as a table."""

import pytest

from tests.inplace.builders import member, observation
from uplift.engines.catalogue import Engine, find_version
from uplift.inplace.decisions.engine_progress import Expected, Progress, ProgressDecision, decide_progress
from uplift.inplace.records.observation import Observation

GRACE_SECONDS = 600
NEW = {"engine_version": "5.0.6", "parameter_group": "new"}
DONE = observation(member(1, **NEW), member(2, **NEW))
OLD = observation()
MIXED = observation(member(1), member(2, **NEW))
LONGEST = 14_400


def _decide(seen: Observation, *, reads: int = 0, age: int = 60, watched: int | None = None) -> ProgressDecision:
    expected = Expected(find_version(Engine.REDIS, "5.0.6"), "new", "3.2.4", automatic_failover=True, grace_seconds=GRACE_SECONDS)
    return decide_progress(
        seen,
        expected,
        agreeing_reads=reads,
        seconds_since_modify=age,
        seconds_watched=age if watched is None else watched,
        longest_seconds=LONGEST,
    )


def test_done_needs_two_agreeing_reads() -> None:
    first = _decide(DONE)
    assert (first.progress, first.agreeing_reads) == (Progress.WAIT, 1)
    assert _decide(DONE, reads=first.agreeing_reads).progress is Progress.DONE


def test_a_read_that_disagrees_starts_the_count_again() -> None:
    assert _decide(OLD, reads=1).agreeing_reads == 0


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (OLD, "node legacy-001 runs 3.2.4"),
        (MIXED, "node legacy-001 runs 3.2.4"),
        (observation(member(1, **NEW), member(2, **NEW), status="modifying"), "legacy is modifying"),
        (observation(member(1, **NEW), member(2, **NEW, status="modifying")), "node legacy-002 is modifying"),
        (observation(member(1, **NEW), member(2, engine_version="5.0.6", parameter_group="old")), "uses parameter group old"),
        (observation(member(1, **NEW), member(2, **NEW, parameter_status="applying")), "parameters of node legacy-002 are applying"),
        (observation(member(1, **NEW), member(2, **NEW, pending=("EngineVersion",))), "pending: legacy-002:EngineVersion"),
        (observation(member(1, **NEW), member(2, **NEW), automatic_failover=False), "automatic failover is False, was True"),
    ],
)
def test_waits_and_says_for_what(seen: Observation, reason: str) -> None:
    decision = _decide(seen)
    assert decision.progress is Progress.WAIT
    assert reason in decision.reason


@pytest.mark.parametrize(
    ("seen", "age", "reason"),
    [
        (OLD, GRACE_SECONDS, "the request changed nothing"),
        (MIXED, GRACE_SECONDS, "nodes were left at different versions, 3.2.4, 5.0.6"),
        (observation(member(1, **NEW), member(2, engine_version="5.0.6", parameter_group="old")), GRACE_SECONDS, "not as asked for"),
        (observation(status="modifying"), LONGEST, "not done after 14400 s"),
        (observation(member(1, status="restore-failed"), member(2)), 1, "is restore-failed"),
    ],
)
def test_gives_up_and_says_why(seen: Observation, age: int, reason: str) -> None:
    decision = _decide(seen, age=age)
    assert decision.progress is Progress.FAILED
    assert reason in decision.reason


def test_a_stale_answer_right_after_the_modify_is_waited_out() -> None:
    assert _decide(OLD, age=GRACE_SECONDS - 1).progress is Progress.WAIT


def test_from_6_0_the_reported_patch_is_the_asked_for_minor() -> None:
    expected = Expected(find_version(Engine.REDIS, "6.2"), "new", "3.2.4", automatic_failover=True, grace_seconds=GRACE_SECONDS)
    seen = observation(member(1, engine_version="6.2.6", parameter_group="new"))
    decision = decide_progress(seen, expected, agreeing_reads=1, seconds_since_modify=60, seconds_watched=60, longest_seconds=LONGEST)
    assert decision.progress is Progress.DONE


def test_an_execution_that_goes_on_watches_as_long_as_the_first_did() -> None:
    """Or nobody could observe a change that lasts longer than longest_minutes."""
    changing = observation(status="modifying")
    assert _decide(changing, age=5 * LONGEST, watched=LONGEST - 1).progress is Progress.WAIT
    assert _decide(changing, age=5 * LONGEST, watched=LONGEST).progress is Progress.FAILED
