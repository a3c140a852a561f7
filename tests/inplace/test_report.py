import json

import pytest
from pydantic import TypeAdapter

from tests.inplace.builders import run_settings
from uplift.inplace.records.loss_proof import ColdProof, Proof
from uplift.inplace.records.run_report import RunReport, final_outcome, final_reason, mail_subject, mail_text, report_as_json, write_report
from uplift.inplace.records.run_state import CaughtError, Outcome, RunState
from uplift.keyspace.census.change import CensusChange
from uplift.keyspace.census.cold_check import ColdCount
from uplift.keyspace.census.loss import judge_loss


def _cold(missing: int = 0) -> ColdProof:
    measured, after = ColdCount(compared=90), ColdCount(compared=90, same=90 - missing, missing=missing)
    return ColdProof(measured, after, judge_loss(measured, after, evicted=0), {}, [], 0, 0, "")


FINE = Proof(CensusChange(100, 100, (), ""), {}, {}, _cold())
SUSPECT = Proof(CensusChange(100, 10, (), "keys fell from 100 to 10"), {}, {}, _cold())
LOST = Proof(CensusChange(100, 97, (), ""), {}, {}, _cold(missing=3))
NONE = Proof()
DIED = CaughtError(Error="Runtime.ExitError")


@pytest.mark.parametrize(
    ("state", "proof", "outcome"),
    [
        (RunState(outcome=Outcome.UPGRADED), FINE, Outcome.UPGRADED),
        (RunState(outcome=Outcome.UPGRADED), SUSPECT, Outcome.LOSS_SUSPECTED),
        (RunState(outcome=Outcome.UPGRADED), LOST, Outcome.LOST),
        (RunState(outcome=Outcome.FAILED), LOST, Outcome.LOST),
        (RunState(outcome=Outcome.FAILED), FINE, Outcome.FAILED),
        (RunState(outcome=Outcome.UPGRADED), NONE, Outcome.UNPROVEN),
        (RunState(outcome=Outcome.UPGRADED, proof_trouble=DIED), FINE, Outcome.UNPROVEN),
        (RunState(outcome=Outcome.FAILED, proof_trouble=DIED), NONE, Outcome.FAILED),
        (RunState(failure=CaughtError(Error="SourceUnreachable")), NONE, Outcome.FAILED),
        (RunState(outcome=Outcome.UPGRADED, modify_trouble=DIED), FINE, Outcome.UPGRADED),
        (RunState(outcome=Outcome.REFUSED), NONE, Outcome.REFUSED),
        (RunState(outcome=Outcome.DRY_RUN), NONE, Outcome.DRY_RUN),
    ],
)
def test_how_a_run_ended(state: RunState, proof: Proof, outcome: Outcome) -> None:
    assert final_outcome(state, proof) is outcome


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_four_outcomes_let_people_sleep(outcome: Outcome) -> None:
    assert outcome.succeeded is (outcome.value in {"upgraded", "nothing-to-do", "dry-run", "recovered"})


def test_a_loss_is_told_before_what_else_went_wrong() -> None:
    reason = final_reason(RunState(outcome=Outcome.FAILED, reason="nodes differ"), LOST)
    assert reason == ("3 cold keys are missing: at the rate measured before, the application explains 0, so 3 are lost; and nodes differ")


def test_people_read_the_outcome_first_and_learn_where_the_rest_is() -> None:
    state = RunState(outcome=Outcome.UPGRADED, reason="done", version_before="3.2.4", version_after="5.0.6", findings=["a finding"])
    state.run_id, state.plan = "0123456789", "fedcba9876543210"
    report = write_report(state, run_settings(approved_by="Ada"), "arn:execution", 90, LOST)
    assert mail_subject(report) == "Uplift test: legacy lost"
    lines = mail_text(report, "s3://bucket/runs/x/report.json").splitlines()
    assert lines[0] == "legacy (test): lost"
    assert lines[2:4] == ["run 0123456789, plan fedcba9876543210 approved by Ada", "engine: 3.2.4 -> 5.0.6"]
    assert "keys: 100 before, 97 after" in lines
    assert "cold keys: 90 compared, 87 the same, 0 expired, 3 missing, 0 changed" in lines
    assert lines[-1] == "report: s3://bucket/runs/x/report.json"


@pytest.mark.parametrize(("schema", "field"), [("uplift.inplace.report/2", "life_changed"), ("uplift.inplace.report/3", "ttl_changed")])
def test_reports_of_older_runs_are_read_too(schema: str, field: str) -> None:
    document = json.dumps(report_as_json(write_report(RunState(), run_settings(), "arn:execution", 90, LOST)))
    written = document.replace("uplift.inplace.report/3", schema).replace('"ttl_changed": 0', f'"{field}": 7')
    read = TypeAdapter(RunReport).validate_json(written)
    assert read.schema == schema
    assert read.proof.cold is not None
    assert (read.proof.cold.measured.ttl_changed, read.proof.cold.after.ttl_changed) == (7, 7)
