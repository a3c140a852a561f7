import pytest

from tests.inplace.builders import run_settings
from uplift.inplace.report import final_outcome, mail_subject, mail_text, write_report
from uplift.inplace.run_state import CaughtError, Outcome, RunState
from uplift.keyspace.census_change import CensusChange

FINE = CensusChange(100, 100, (), "")
SUSPECT = CensusChange(100, 10, (), "keys fell from 100 to 10")


@pytest.mark.parametrize(
    ("state", "census", "outcome"),
    [
        (RunState(outcome=Outcome.UPGRADED), FINE, Outcome.UPGRADED),
        (RunState(outcome=Outcome.UPGRADED), SUSPECT, Outcome.LOSS_SUSPECTED),
        (RunState(outcome=Outcome.UPGRADED, failure=CaughtError(Error="SourceUnreachable")), FINE, Outcome.FAILED),
        (RunState(outcome=Outcome.UPGRADED, modify_trouble=CaughtError(Error="Runtime.ExitError")), FINE, Outcome.UPGRADED),
        (RunState(outcome=Outcome.REFUSED), None, Outcome.REFUSED),
        (RunState(outcome=Outcome.DRY_RUN), None, Outcome.DRY_RUN),
    ],
)
def test_how_a_run_ended(state: RunState, census: CensusChange | None, outcome: Outcome) -> None:
    assert final_outcome(state, census) is outcome


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_three_outcomes_let_people_sleep(outcome: Outcome) -> None:
    assert outcome.succeeded is (outcome.value in {"upgraded", "nothing-to-do", "dry-run"})


def test_people_read_the_outcome_first_and_learn_where_the_rest_is() -> None:
    state = RunState(outcome=Outcome.UPGRADED, reason="done", version_before="3.2.4", version_after="5.0.6", findings=["a finding"])
    report = write_report(state, run_settings(), "arn:execution", 90, FINE)
    assert mail_subject(report) == "Uplift test: legacy upgraded"
    lines = mail_text(report, "bucket", "runs/x/report.json").splitlines()
    assert lines[:3] == ["legacy (test): upgraded", "done", "engine: 3.2.4 -> 5.0.6"]
    assert "keys: 100 before, 100 after" in lines
    assert lines[-1] == "report: s3://bucket/runs/x/report.json"
