"""The state machine's shape: what no later change may undo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.inplace.asl_walker import TaskFailed, definition_of, walk
from uplift.inplace.records.run_state import Next, Outcome, RunState, Step

Definition = dict[str, Any]
AFTER_MODIFY = {
    *("WasTaken", "WaitForEngine", "Observe", "IsDone", "CensusAfter", "CensusAfterDone", "Compare", "CompareDone"),
    *("Report", "Unlock", "HowDidItEnd"),
}


@pytest.fixture(scope="module")
def definition(upgrade_template: dict[str, Any]) -> Definition:
    return definition_of(upgrade_template)


def _ways_out(state: dict[str, Any]) -> Iterator[str]:
    yield from (rule["Next"] for rule in state.get("Choices", []))
    yield from (catcher["Next"] for catcher in state.get("Catch", []))
    yield from (state[name] for name in ("Next", "Default") if name in state)


def _reachable(definition: Definition, *begin: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(begin)
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += _ways_out(definition["States"][name])
    return seen


def test_nothing_leads_from_after_modify_back_to_modify(definition: Definition) -> None:
    behind = _reachable(definition, *_ways_out(definition["States"]["Modify"]))
    assert behind == AFTER_MODIFY | {"Succeeded", "Failed", "Unreported"}


def test_whatever_fails_in_modify_is_observed(definition: Definition) -> None:
    assert [catcher["Next"] for catcher in definition["States"]["Modify"]["Catch"]] == ["WaitForEngine"]
    catches = [(catcher["ErrorEquals"], catcher["Next"]) for catcher in definition["States"]["Observe"]["Catch"]]
    assert catches == [(["LockLost"], "Report"), (["States.ALL"], "WaitForEngine")]


def test_only_what_changed_nothing_is_retried(definition: Definition) -> None:
    """Throttling and Lambda's own errors everywhere; after the modify also a read that Redis did not answer."""
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            (retrier,) = state["Retry"]
            assert retrier["ErrorEquals"] == [
                "Lambda.ServiceException",
                "Lambda.AWSLambdaException",
                "Lambda.SdkClientException",
                "Lambda.TooManyRequestsException",
                "Throttled",
                *(["NotTaken"] if name == "Modify" else []),
                *(["SourceUnreachable", "TargetRefused"] if name in {"CensusAfter", "Compare"} else []),
            ], name


def test_every_task_catches_everything(definition: Definition) -> None:
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_the_machine_has_a_time_limit(definition: Definition) -> None:
    assert definition["TimeoutSeconds"] == (240 + 240) * 60


def _walk(definition: Definition, **answers: dict[str, Any] | Exception) -> tuple[str, list[str]]:
    """Walk with every step answering `continue`, but those named here."""
    visited: list[str] = []

    def task(step: str, state: dict[str, Any]) -> dict[str, Any]:
        visited.append(step)
        answer = answers.get(step.replace("-", "_"), {})
        if isinstance(answer, Exception):
            raise answer
        merged = {**state, "next": Next.CONTINUE.value, **answer}
        if step == Step.REPORT and "failure" in merged and merged["failure"]:
            merged["outcome"] = Outcome.FAILED.value
        if step == Step.REPORT and "proof_trouble" in merged and merged["proof_trouble"]:
            merged["outcome"] = Outcome.UNPROVEN.value
        return RunState.model_validate(merged).model_dump(mode="json")

    return walk(definition, {"trigger": "schedule"}, task, wait=lambda _seconds: None).last, visited


@pytest.mark.parametrize(
    ("answers", "end", "last_step"),
    [
        ({"observe": {"outcome": "upgraded"}}, "Succeeded", "unlock"),
        ({"lock": {"next": "busy"}}, "AlreadyRunning", "lock"),
        ({"lock": {"next": "observe"}, "observe": {"outcome": "upgraded"}}, "Succeeded", "unlock"),
        ({"preflight": {"next": "finish", "outcome": "refused"}}, "Failed", "unlock"),
        ({"preflight": {"next": "finish", "outcome": "nothing-to-do"}}, "Succeeded", "unlock"),
        ({"preflight": {"next": "finish", "outcome": "dry-run"}}, "Succeeded", "unlock"),
        ({"snapshot": {"next": "finish", "outcome": "refused"}}, "Failed", "unlock"),
        ({"modify": {"next": "finish", "outcome": "failed"}}, "Failed", "unlock"),
        ({"observe": {"next": "finish", "outcome": "failed"}}, "Failed", "unlock"),
        ({"lock": TaskFailed("LockLost")}, "Failed", "unlock"),
        ({"census_before": TaskFailed("SourceUnreachable")}, "Failed", "unlock"),
        ({"census_after": TaskFailed("SourceUnreachable"), "observe": {"outcome": "upgraded"}}, "Failed", "unlock"),
        ({"compare": TaskFailed("Runtime.ExitError"), "observe": {"outcome": "upgraded"}}, "Failed", "unlock"),
        ({"observe": TaskFailed("LockLost")}, "Failed", "unlock"),
        ({"modify": TaskFailed("Runtime.ExitError"), "observe": {"outcome": "upgraded"}}, "Succeeded", "unlock"),
        ({"report": TaskFailed("ClientError"), "observe": {"outcome": "upgraded"}}, "Unreported", "unlock"),
        ({"unlock": TaskFailed("ClientError"), "observe": {"outcome": "upgraded"}}, "Unreported", "unlock"),
    ],
)
def test_every_way_ends_in_a_known_state(definition: Definition, answers: dict[str, Any], end: str, last_step: str) -> None:
    last, visited = _walk(definition, **answers)
    assert last == end
    assert visited[-1] == last_step


def test_a_killed_modify_is_not_sent_again(definition: Definition) -> None:
    _last, visited = _walk(definition, modify=TaskFailed("Runtime.ExitError"), observe={"outcome": "upgraded"})
    assert visited.count("modify") == 1
