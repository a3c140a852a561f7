"""Machines and schedules in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from uplift.review.finding import Seconds
from uplift.review.templates.template import Resource, StackTemplate
from uplift.review.wording.machine_differences import differences
from uplift.review.wording.schedules import plan_of
from uplift.review.wording.values import shown


def _machine(**states: Any) -> Resource:
    definition = {"StartAt": next(iter(states)), "States": states}
    return Resource("Machine", "AWS::StepFunctions::StateMachine", {"DefinitionString": {"Fn::Join": ["", [json.dumps(definition)]]}})


_WAIT, _END = {"Type": "Wait", "Seconds": 5, "Next": "Done"}, {"Type": "Succeed"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"A": _WAIT, "Done": _END}, {"A": _WAIT, "Done": _END}, []),
        ({"A": _WAIT, "Done": _END}, {"A": _WAIT, "Done": _END, "Alarm": {"Type": "Fail"}}, ["added: Alarm (Fail)"]),
        ({"A": _WAIT, "Done": _END, "B": _END}, {"A": _WAIT, "Done": _END}, ["removed: B"]),
        ({"A": _WAIT, "Done": _END}, {"A": _WAIT | {"Next": "B"}, "Done": _END, "B": _END}, ["added: B (Succeed)", "rewired: A: Done → B"]),
        ({"A": _WAIT, "Done": _END}, {"A": _WAIT | {"Seconds": 9}, "Done": _END}, ["changed: A: Seconds"]),
        (
            {"A": _WAIT | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]}, "Done": _END},
            {"A": _WAIT, "Done": _END},
            ["rewired: A: on States.ALL Done → nothing", "changed: A: Catch"],
        ),
        (
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "B"}], "Default": "Done"},
                "B": _END,
                "Done": _END,
            },
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Done"}], "Default": "B"},
                "B": _END,
                "Done": _END,
            },
            ["rewired: A: otherwise Done, a choice to B → otherwise B, a choice to Done"],
        ),
    ],
)
def test_a_machine_is_told_state_by_state(before: dict[str, Any], after: dict[str, Any], said: list[str]) -> None:
    assert [line.text for line in differences(_machine(**before), _machine(**after))] == said


def test_a_definition_that_is_somewhere_else_is_said_to_be() -> None:
    elsewhere = Resource("Machine", "AWS::StepFunctions::StateMachine", {"DefinitionS3Location": {"Key": "k"}})
    assert [line.text for line in differences(_machine(A=_END), elsewhere)] == [
        "the definition differs, and is not written in the template"
    ]


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"ScheduleExpression": "at(2026-12-05T21:00:00)"}, "the target of S will run Sat 2026-12-05 21:00 UTC"),
        (
            {"ScheduleExpression": "cron(0 3 * * ? *)", "ScheduleExpressionTimezone": "America/New_York"},
            "the target of S will run cron(0 3 * * ? *) America/New_York",
        ),
        ({"ScheduleExpression": "at(2026-13-45T21:00:00)"}, "the target of S will run at(2026-13-45T21:00:00) UTC"),
        (
            {"ScheduleExpression": "rate(1 day)", "State": "DISABLED"},
            "the target of S will not run by itself (switched off; it says rate(1 day) UTC)",
        ),
    ],
)
def test_a_schedule_is_told_as_a_day_and_an_hour(properties: dict[str, Any], said: str) -> None:
    assert str(plan_of(Resource("S", "AWS::Scheduler::Schedule", properties), StackTemplate("Stack", {}))) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (Seconds(2, 10), "2 to 10 s"),
        (Seconds(30, 60), "30 to 60 s"),
        (Seconds(120, 1200), "2 to 20 min"),
        (Seconds(0, None), "until it is taken back"),
        (Seconds(5, 5), "5 s"),
    ],
)
def test_seconds_are_told_in_the_unit_people_plan_with(seconds: Seconds, said: str) -> None:
    assert str(seconds) == said


def test_a_long_value_is_cut_and_a_reference_named() -> None:
    assert shown({"Fn::Join": ["", ["a-", {"Fn::GetAtt": ["Thing", "Arn"]}]]}) == "a-<Thing.Arn>"
    assert len(shown("x" * 500)) == 80
